"""The formats of the lines that translations and n-best lists are written as: plain text, Moses and JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tandem.files.json_values import without_infinities
from tandem.translation.messages import Translation, translation_object

_LINE_ENDS = str.maketrans("\r\n", "  ")
_UNESCAPED = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that `json.dumps` does not escape, and that some readers of text take for line ends."""


class Form(NamedTuple):
    """A format in which translations are written."""

    name: str
    record: Callable[[int, str, Translation], bytes]
    """Returns the lines for the number of a source, counted from 0, its text and its translation."""


def one_line(text: str) -> str:
    r"""Return the text with a space for each `\n` and `\r`, which a vocabulary that was made elsewhere may contain."""
    return text.translate(_LINE_ENDS)


def json_line(content: Mapping[str, Any]) -> bytes:
    """Return an object as one line of JSON in UTF-8: one line to every reader, whatever characters it contains."""
    line = json.dumps(without_infinities(content), ensure_ascii=False, allow_nan=False)
    for character, escape in _UNESCAPED.items():  # several times as fast as `str.translate`
        line = line.replace(character, escape)
    return (line + "\n").encode("utf-8", "backslashreplace")  # a lone surrogate becomes its escape in JSON


def moses_line(
    number: int, text: str, features: Mapping[str, Sequence[str]], score: str | None, further: Sequence[str] = ()
) -> str:
    """Return a line in Moses' format: `NUMBER ||| TEXT ||| NAME= VALUE ||| SCORE`. Each `|` of the text is escaped."""
    named = " ".join(f"{name}= {' '.join(values)}" for name, values in features.items())
    fields = [str(number), one_line(text).replace("|", "&#124;"), named]
    return " ||| ".join([*fields, *([] if score is None else [score]), *further]) + "\n"


def _plain_record(_: int, __: str, translation: Translation) -> bytes:
    return (one_line(translation.text) + "\n").encode("utf-8", "replace")


def _moses_record(number: int, _: str, translation: Translation) -> bytes:
    lines = (
        moses_line(number, one.text, {"LogProbability": [f"{one.log_probability:.6f}"]}, f"{one.score:.6f}")
        for one in translation.alternatives
    )
    return "".join(lines).encode("utf-8", "replace")


def _json_record(_: int, source: str, translation: Translation) -> bytes:
    return json_line(translation_object(source, translation))


PLAIN = Form("plain", _plain_record)
"""The best translation of each source, one on a line."""
MOSES = Form("n-best", _moses_record)
"""A line in Moses' format for each of the n best translations of a source."""
JSON = Form("json", _json_record)
"""One JSON object for each source, on a line of its own."""
FORMS = {form.name: form for form in (PLAIN, MOSES, JSON)}
"""The forms by their names."""
