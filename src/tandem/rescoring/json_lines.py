"""n-best lists as JSON lines: an object for each sentence, as `tandem translate --n-best N --json` writes them.

`alternatives` holds an object for each hypothesis: its `text`, and perhaps its `score`; every other number in it is a
feature. An object without `alternatives` is itself the only hypothesis. `source` is the sentence.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tandem.corpora.records import Unreadable, json_object, text_at
from tandem.rescoring.lists import Candidate, Line, NBestList
from tandem.translation.forms import json_line

_ALTERNATIVES, _TEXT, _SCORE, _SOURCE = "alternatives", "text", "score", "source"


def json_lists(lines: Iterable[Line]) -> Iterator[NBestList]:
    """Read the list of a sentence from each line. CorpusError where a line holds none."""
    for number, line in enumerate(lines):
        try:
            yield _list(number, line)
        except Unreadable as error:
            raise line.error(str(error)) from None


def json_record(nbest: NBestList) -> bytes:
    """Return the line of a sentence, with its hypotheses in their order."""
    source: dict[str, Any] = {} if nbest.source is None else {_SOURCE: nbest.source}
    objects = [_object(candidate) for candidate in nbest.candidates]
    return json_line({**source, **objects[0], **nbest.others, _ALTERNATIVES: objects})


def _object(candidate: Candidate) -> dict[str, Any]:
    score: dict[str, Any] = {} if candidate.score is None else {_SCORE: candidate.score}
    features = {name: _number(values[0]) if len(values) == 1 else values for name, values in candidate.features.items()}
    return {_TEXT: candidate.text, **score, **features, **candidate.others}


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _list(number: int, line: Line) -> NBestList:
    """Read the list in a line. Unreadable or CorpusError where there is none."""
    record = json_object(line.text)
    source = text_at(record, _SOURCE) if _SOURCE in record else None
    own = {key: value for key, value in record.items() if key not in {_ALTERNATIVES, _SOURCE}}
    if _ALTERNATIVES not in record:
        return NBestList(number, (_candidate(own, line),), source, path=str(line.path))
    objects = record[_ALTERNATIVES]
    if not isinstance(objects, list) or not objects:
        raise Unreadable(f"{_ALTERNATIVES!r} must be a list of one hypothesis or more.")
    faulty = [place for place, entry in enumerate(objects, start=1) if not isinstance(entry, dict)]
    if faulty:
        raise Unreadable(f"hypothesis {faulty[0]} of {_ALTERNATIVES!r} must be an object with a {_TEXT!r}.")
    # The object of the sentence repeats what its best hypothesis has; everything else belongs to the sentence.
    others = {key: value for key, value in own.items() if key not in objects[0]}
    return NBestList(number, tuple(_candidate(entry, line) for entry in objects), source, others, str(line.path))


def _candidate(entry: Mapping[str, object], line: Line) -> Candidate:
    numbers: dict[str, float] = {}
    others: dict[str, object] = {}
    for key, value in entry.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers[key] = line.finite(_float(value), repr(key))
        elif key == _SCORE:
            raise Unreadable(f"{_SCORE!r} is {str(value)[:40]!r}, but must be a number.")
        elif key != _TEXT:
            others[key] = value
    score = numbers.pop(_SCORE, None)
    features = {name: (value,) for name, value in numbers.items()}
    return Candidate(text_at(entry, _TEXT), score, features, others=others, line=line.number)


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:  # JSON does not bound whole numbers
        return math.inf
