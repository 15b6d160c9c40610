"""The standard streams, which may be closed or have lost who read them, and how results are put on lines."""

import io
import json
import os
import sys
from typing import Any, BinaryIO

from tandem.errors import OutputError
from tandem.files.json_values import without_infinities
from tandem.terminal import printable_lines

_LINE_ENDS = str.maketrans("\r\n", "  ")
_UNESCAPED = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Line ends to some readers of text, which `json.dumps` leaves as they are."""


def stand_in_for_closed() -> None:
    """Put the null device where a standard stream was closed before the start, as `>&-` does.

    Otherwise the next file that is opened gets its number, and with it what libraries write to standard error; and
    `print(file=sys.stderr)` without a standard error goes to standard output.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115 - open until the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115


def tolerate_encoding() -> None:
    """Have characters replaced that the encoding of standard output cannot hold; Python does so for standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def standard_output() -> BinaryIO:
    """Where results go. OutputError where it was closed before the start."""
    if sys.stdout is None:
        raise OutputError(
            "standard output is closed: leave it open, or send it to a file, so that the results are kept"
        )
    return sys.stdout.buffer


def say(message: str) -> None:
    """Tell the user on standard error; a reader that has left it is no reason to stop."""
    try:
        print(f"tandem: {printable_lines(message)}", file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def print_json(content: object) -> None:
    """Print an object as JSON for people and programs: in ASCII, so that nothing in it can steer a terminal."""
    print(json.dumps(without_infinities(content), indent=2, allow_nan=False), flush=True)


def one_line(text: str) -> str:
    r"""The text with a space for each `\n` and `\r`, which a vocabulary that was made elsewhere may hold."""
    return text.translate(_LINE_ENDS)


def json_line(content: dict[str, Any]) -> bytes:
    """An object as one line of JSON in UTF-8, whatever characters it holds and whatever a reader takes for a line."""
    line = json.dumps(without_infinities(content), ensure_ascii=False, allow_nan=False).translate(_UNESCAPED) + "\n"
    return line.encode("utf-8", "backslashreplace")  # of a lone surrogate: its escape in JSON
