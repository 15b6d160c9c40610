"""How n-best lists are written: as they were read, in Moses' form or as JSON lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from tandem.cli.streams import json_line, one_line
from tandem.rescoring import Candidate, Form, NBestList


def nbest_lines(nbest: NBestList, form: Form) -> bytes:
    """The lines of a sentence's hypotheses, in their order."""
    if form is Form.MOSES:
        return "".join(_moses_line(nbest.number, one) for one in nbest.candidates).encode("utf-8", "replace")
    source: dict[str, Any] = {} if nbest.source is None else {"source": nbest.source}
    objects = [_object(one) for one in nbest.candidates]
    return json_line({**source, **objects[0], **nbest.others, "alternatives": objects})


def moses_line(
    number: int, text: str, features: Mapping[str, Sequence[str]], score: str | None, further: Sequence[str] = ()
) -> str:
    """A line of Moses: `NUMBER ||| TEXT ||| NAME= VALUE ||| SCORE`; a `|` of the text is escaped, as Moses does."""
    named = " ".join(f"{name}= {' '.join(values)}" for name, values in features.items())
    fields = [str(number), one_line(text).replace("|", "&#124;"), named]
    return " ||| ".join([*fields, *([] if score is None else [score]), *further]) + "\n"


def _moses_line(number: int, one: Candidate) -> str:
    features = {name: [_figure(value) for value in values] for name, values in one.features.items()}
    return moses_line(number, one.text, features, None if one.score is None else _figure(one.score), one.further)


def _figure(value: float) -> str:
    """In as many digits as it takes to read the same number again, but none behind a point that are 0."""
    return f"{value:.17g}" if value.is_integer() else repr(value)


def _object(one: Candidate) -> dict[str, Any]:
    score: dict[str, Any] = {} if one.score is None else {"score": one.score}
    features = {name: values[0] if len(values) == 1 else values for name, values in one.features.items()}
    return {"text": one.text, **score, **features, **one.others}
