"""Words for people: text that is safe in a terminal, counted nouns, commands that can be pasted into a shell."""

import os
import shlex
import sys
import unicodedata
from collections.abc import Callable
from typing import TypeAlias

Notify: TypeAlias = Callable[[str], object]
"""Tells the user a sentence. This is what a parameter named `notify` is."""
OnProgress: TypeAlias = Callable[[str, int, int | None], object]
"""Takes the name of a task, how much of it is done, and the total or None: what a parameter named `on_progress` is."""

_REPLACED = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories: controls, lone surrogates (bytes that are not UTF-8), line and paragraph separators."""
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order in which others are shown. No script needs them."""


def printable(text: str) -> str:
    """Return the text with each character replaced that could steer a terminal or hide what the text says."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_printable(character) else "�" for character in text)


def printable_lines(text: str) -> str:
    r"""Return the text as `printable` does, but keep `\n` and `\t`."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, such as `1 pair` and `2,000 pairs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shell_command(*words: str | os.PathLike[str]) -> str:
    """Return these words as a command line that can be pasted into a POSIX shell such as bash."""
    return " ".join(_quoted(os.fspath(word)) for word in words)


def opening_command(file: str | os.PathLike[str]) -> str:
    """Return the command that opens a file in the usual program of this system, such as a browser."""
    if sys.platform == "win32":
        return f'start "" "{file}"'
    return shell_command("open" if sys.platform == "darwin" else "xdg-open", file)


def _quoted(word: str) -> str:
    if word == printable(word):
        return shlex.quote(word)
    # In the form $'...' bytes are octal numbers; every shell reads three digits of them.
    parts = []
    for character in word:
        if _is_printable(character):
            parts.append(f"\\{character}" if character in "\\'" else character)
        else:
            parts += [f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape")]
    return f"$'{''.join(parts)}'"


def _is_printable(character: str) -> bool:
    return unicodedata.category(character) not in _REPLACED and character not in _BIDI_CONTROLS
