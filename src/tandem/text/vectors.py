"""Reads the vectors of a vocabulary's tokens from the text files of word2vec, fastText and GloVe."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tandem.errors import CorpusError, RecipeError
from tandem.files.lines import check_read_again, read_lines, why_not_utf8
from tandem.terminal import OnProgress, counted
from tandem.text.normalisation import normalise
from tandem.text.pipeline import MARK, SPECIAL_TOKENS
from tandem.text.tokenizer import Tokenizer

_MOST_BYTES = 1 << 20  # the most bytes of a line, besides its numbers
_NUMBER_BYTES = 64
_LARGEST = float(np.finfo(np.float32).max)
_TOLD_EVERY = 10_000  # lines between two reports of the progress

_AS_IT_STANDS, _AS_A_WORD, _NORMALISED, _NOT_YET = range(4)
"""The ways to find a token in the file; a lower number is better."""


class Vectors(NamedTuple):
    """The tokens of a vocabulary that have a vector in a file."""

    ids: npt.NDArray[np.int64]
    """Their ids, `[N]`, ascending."""
    values: npt.NDArray[np.float32]
    """Their vectors, `[N, E]`."""


def check_vectors(path: Path, size: int) -> None:
    """Read the first line of a file of vectors.

    Raise RecipeError if its vectors do not have `size` numbers, and CorpusError if it is not a file of vectors.
    """
    check_read_again(path)
    first = next(_lines(path, size))
    header = _header(first)
    found = header[1] if header else _numbers_at_the_end(first)
    if found == 0:
        raise CorpusError(
            f"{path} line 1: this is not a vector, which is a token and its numbers, separated by single spaces. Check "
            "the path."
        )
    if found != size:
        raise RecipeError(
            f"{path}: its vectors have {found:,} numbers, but model.embedding is {size:,}: set model.embedding to "
            f"{found}, or give vectors of {size:,} numbers"
        )


def read_vectors(path: Path, tokenizer: Tokenizer, size: int, on_progress: OnProgress = lambda *_: None) -> Vectors:
    """Return the vectors of `size` numbers that a file, which may be compressed, has for a vocabulary.

    A line is a token and its numbers, separated by single spaces; the first line may be "count size". A token of the
    vocabulary is looked up as it is, then without the mark of the space before it, and then among the file's tokens
    after `normalise`, in lower case if the tokenizer lower-cases. The first match in the file counts. Special tokens
    have no vector. Raise RecipeError for vectors of another size, and CorpusError for a line that is not a vector,
    which it names, and for a file that is cut short.
    """
    check_vectors(path, size)
    wanted = _Wanted(tokenizer, size)
    count: int | None = None
    number = 0
    for number, line in enumerate(_lines(path, size), 1):
        if number == 1 and (header := _header(line)):
            count = header[0]
        else:
            wanted.take(line, f"{path} line {number}")
        if number % _TOLD_EVERY == 0:
            on_progress(f"reading {path.name}", number, count)
    if count is not None and number <= count:
        raise CorpusError(
            f"{path}: it has {number - 1:,} vectors, but its first line says {count:,}: it may be cut short. Download "
            "it again, or correct the line."
        )
    return wanted.vectors()


class _Wanted:
    """The tokens of a vocabulary, and the vectors found for them so far."""

    def __init__(self, tokenizer: Tokenizer, size: int) -> None:
        self._size = size
        self._lowercase = tokenizer.lowercase
        tokens = tokenizer.tokens(range(len(tokenizer)))
        self._how = [_NOT_YET] * len(tokens)
        self._values = np.zeros((len(tokens), size), np.float32)
        self._words: dict[str, list[int]] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}
        """For a token of the file: the ids that it is a match for, and the way in which each is found."""
        for index, token in list(enumerate(tokens))[len(SPECIAL_TOKENS) :]:
            word = token if tokenizer.kind == "whitespace" else token.removeprefix(MARK) or token
            self._words.setdefault(word, []).append(index)
            self._places.setdefault(token, []).append((index, _AS_IT_STANDS))
            if word != token:
                self._places.setdefault(word, []).append((index, _AS_A_WORD))

    def take(self, line: str, where: str) -> None:
        """Keep the vector in a line if it is wanted. Raise CorpusError, beginning with `where`, for an invalid line."""
        spaces = line.count(" ")
        if spaces < self._size:
            raise CorpusError(
                f"{where}: the token has {counted(spaces, 'number')}, but a vector has {self._size:,}. Download the "
                "file again, or correct the line."
            )
        if spaces > self._size:  # a token that contains spaces, as no token of a vocabulary does
            _numbers(line.rsplit(" ", self._size)[1:], where)
            return
        token = line[: line.index(" ")]
        places = self._places.get(token, [])
        if self._lowercase or not token.isascii():
            normalised = normalise(token, lowercase=self._lowercase)
            if normalised != token:
                places = places + [(index, _NORMALISED) for index in self._words.get(normalised, ())]
        better = [(index, how) for index, how in places if how < self._how[index]]
        if better:
            values = _numbers(line.split(" ")[1:], where)
            for index, how in better:
                self._how[index], self._values[index] = how, values

    def vectors(self) -> Vectors:
        """Return the vectors that were found."""
        ids = np.flatnonzero(np.array(self._how) < _NOT_YET)
        return Vectors(ids, self._values[ids])


def _lines(path: Path, size: int) -> Iterator[str]:
    """Yield the lines of a file, without the space at their ends that fastText writes."""
    limit = _MOST_BYTES + _NUMBER_BYTES * size
    for number, line in enumerate(read_lines(path, limit), 1):
        if line is None:
            raise CorpusError(
                f"{path} line {number}: it has more than {limit:,} bytes, too many for a vector of {size:,} numbers. "
                "Check the path."
            )
        if isinstance(line, bytes):
            raise CorpusError(f"{path} line {number}: {why_not_utf8(line)}")
        yield line.rstrip(" ")


def _header(line: str) -> tuple[int, int] | None:
    """Return the number of vectors and their size if a first line states them."""
    match line.split(" "):
        case [count, size] if (count + size).isascii() and count.isdecimal() and size.isdecimal():
            return int(count), int(size)
    return None


def _numbers_at_the_end(line: str) -> int:
    """Return how many fields at the end of a line are numbers; its first field is the token, even if it is a number."""
    fields = line.split(" ")[1:]
    for count, field in enumerate(reversed(fields)):
        try:
            float(field)
        except ValueError:
            return count
    return len(fields)


def _numbers(fields: Sequence[str], where: str) -> npt.NDArray[np.float32]:
    """Return the numbers in the fields of a line. Raise CorpusError for a field that is not a finite float32."""
    try:
        values = np.array([*map(float, fields)])
        if (np.abs(values) <= _LARGEST).all():  # not so with NaN
            return values.astype(np.float32)
    except ValueError:
        pass
    wrong = next(field for field in fields if not _is_number(field))
    raise CorpusError(
        f"{where}: {wrong[:40]!r} is not a finite number, as a vector needs. Download the file again, or correct it."
    )


def _is_number(field: str) -> bool:
    try:
        return abs(float(field)) <= _LARGEST
    except ValueError:
        return False
