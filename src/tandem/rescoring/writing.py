"""How n-best lists are written: in the form in which they were read, Moses' or JSON lines."""

from typing import Any

from tandem.rescoring.lists import Candidate, NBestList
from tandem.rescoring.reading import Form
from tandem.translation.forms import json_line, moses_line, one_line


def best_line(nbest: NBestList) -> bytes:
    """Return the text of a sentence's first hypothesis, on one line."""
    return (one_line(nbest.candidates[0].text) + "\n").encode("utf-8", "replace")


def nbest_lines(nbest: NBestList, form: Form) -> bytes:
    """Return the lines for the hypotheses of a sentence, in their order."""
    if form is Form.MOSES:
        lines = (_moses_line(nbest.number, candidate) for candidate in nbest.candidates)
        return "".join(lines).encode("utf-8", "replace")
    source: dict[str, Any] = {} if nbest.source is None else {"source": nbest.source}
    objects = [_object(candidate) for candidate in nbest.candidates]
    return json_line({**source, **objects[0], **nbest.others, "alternatives": objects})


def _moses_line(number: int, candidate: Candidate) -> str:
    features = {name: [_figure(value) for value in values] for name, values in candidate.features.items()}
    score = None if candidate.score is None else _figure(candidate.score)
    return moses_line(number, candidate.text, features, score, candidate.further)


def _figure(value: float) -> str:
    """Return a number with as many digits as it takes to read the same number again, and no trailing zeros."""
    return f"{value:.17g}" if value.is_integer() else repr(value)


def _object(candidate: Candidate) -> dict[str, Any]:
    score: dict[str, Any] = {} if candidate.score is None else {"score": candidate.score}
    features = {name: _number(values[0]) if len(values) == 1 else values for name, values in candidate.features.items()}
    return {"text": candidate.text, **score, **features, **candidate.others}


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value
