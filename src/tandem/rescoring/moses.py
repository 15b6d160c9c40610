"""n-best lists as Moses writes them: a line for each hypothesis, with fields separated by `|||`.

    NUMBER ||| HYPOTHESIS ||| NAME= VALUE VALUE OTHER= VALUE ||| SCORE

Features, score and further fields (such as an alignment) may be missing. Sentences are counted from 0.
"""

import re
from collections.abc import Iterable, Iterator

from tandem.rescoring.lists import Candidate, Features, Line, NBestList
from tandem.translation.forms import moses_line

_NUMBER = re.compile(r"[0-9]{1,12}")


def moses_lists(lines: Iterable[Line]) -> Iterator[NBestList]:
    """Read the lists of the sentences. CorpusError where a line has no number, or where sentences are out of order."""
    number, path = 0, ""
    candidates: list[Candidate] = []
    for line in lines:
        here, candidate = _candidate(line)
        if candidates and here != number:
            yield NBestList(number, tuple(candidates), path=path)
            number, candidates = number + 1, []
        if here < number:
            raise line.error(f"sentence {here} came before: its lines must stand together, and sentences in order")
        if here > number:
            raise line.error(
                f"it is of sentence {here}, but there is no hypothesis of sentence {number} (counted from 0): "
                "each needs at least one"
            )
        path = str(line.path)
        candidates.append(candidate)
    if candidates:
        yield NBestList(number, tuple(candidates), path=path)


def moses_record(nbest: NBestList) -> bytes:
    """Return a line for each hypothesis of a sentence, in their order."""
    lines = []
    for candidate in nbest.candidates:
        features = {name: [_shortest(value) for value in values] for name, values in candidate.features.items()}
        score = None if candidate.score is None else _shortest(candidate.score)
        lines.append(moses_line(nbest.number, candidate.text, features, score, candidate.further))
    return "".join(lines).encode("utf-8", "replace")


def _shortest(value: float) -> str:
    """Return a number with as many digits as it takes to read the same number again, and no trailing zeros."""
    return f"{value:.17g}" if value.is_integer() else repr(value)


def _candidate(line: Line) -> tuple[int, Candidate]:
    number, *fields = (part.strip(" \t") for part in line.text.split("|||"))
    if not _NUMBER.fullmatch(number):
        raise line.error(
            f"begins with {number[:40]!r}, but must begin with the number of its sentence (counted from 0) and |||"
        )
    if not fields:
        raise line.error("there is no hypothesis behind the number: fields are separated by |||")
    text, *fields = fields
    features: Features = {}
    if fields and ("=" in fields[0] or not fields[0]):
        features, fields = _features(line, fields[0]), fields[1:]
    elif len(fields) > 1:
        raise line.error(f"{fields[0][:40]!r} are no features: each needs a name that ends in =, such as LM0= -3.5")
    score = _number(line, fields[0], "score") if fields else None
    return int(number), Candidate(text.replace("&#124;", "|"), score, features, tuple(fields[1:]), line=line.number)


def _features(line: Line, text: str) -> Features:
    features: dict[str, list[float]] = {}
    values: list[float] | None = None
    for word in text.split():
        if word.endswith("="):
            values = features.setdefault(word[:-1], [])
        elif values is None:
            raise line.error(f"the features begin with {word[:40]!r}, but must begin with a name that ends in =")
        else:
            values.append(_number(line, word, f"feature {list(features)[-1]}"))
    return {name: tuple(values) for name, values in features.items()}


def _number(line: Line, text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise line.error(f"the {what} is {text[:40]!r}, but must be a number") from None
    return line.finite(value, what)
