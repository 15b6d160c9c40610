"""Corpora: where pairs of texts come from."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tandem.data.lines import read_lines, text_of
from tandem.data.pairs import (
    MAX_CHARACTERS,
    Corpus,
    Dropped,
    LoadedPairs,
    Pair,
    Row,
    group_references,
    load_pairs,
    strictly,
)
from tandem.errors import CorpusError

__all__ = [
    "MAX_CHARACTERS",
    "Corpus",
    "Dropped",
    "HubDataset",
    "InMemory",
    "JsonLines",
    "LoadedPairs",
    "Pair",
    "ParallelFiles",
    "Row",
    "TabSeparated",
    "group_references",
    "load_pairs",
]


@dataclass(frozen=True)
class ParallelFiles:
    """Two text files, plain or gzipped: line n of one belongs to line n of the other."""

    source: Path
    target: Path

    @property
    def name(self) -> str:
        """The names of the two files."""
        return f"{self.source.name} and {self.target.name}"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Row]:
        """Yield a row a line; raise CorpusError when one file has more lines than the other."""
        limit = _line_limit(max_characters)
        sources, targets = read_lines(self.source, limit), read_lines(self.target, limit)
        for number, (source, target) in enumerate(zip_longest(sources, targets), start=1):
            if source is None or target is None:
                source_count = number - (source is None) + sum(1 for _ in sources)
                target_count = number - (target is None) + sum(1 for _ in targets)
                raise CorpusError(
                    f"{self.source} has {source_count:,} lines and {self.target} has {target_count:,}, but "
                    "line n of one must belong to line n of the other. Check that both are whole."
                )
            yield Row(
                text_of(source, self.source),
                text_of(target, self.target),
                f"{self.source} line {number}",
                f"{self.target} line {number}",
            )


@dataclass(frozen=True)
class TabSeparated:
    """A file, plain or gzipped, with the fields of a line separated by tabs; there is no quoting.

    Columns are numbers, counted from 1, or names; when a name is given, the first line is the header.
    """

    path: Path
    source_column: int | str = 1
    target_column: int | str = 2

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Row]:
        """Yield a row a line; raise CorpusError when a line lacks a column."""
        lines = read_lines(self.path, _line_limit(max_characters))
        wanted = (self.source_column, self.target_column)
        named = any(isinstance(column, str) for column in wanted)
        header = (text_of(next(lines), self.path) or "").split("\t") if named else []
        source, target = (self._index(column, header) for column in wanted)
        count = 0
        for count, line in enumerate(lines, start=1):  # noqa: B007 - the last count is wanted
            place = f"{self.path} line {line.number}"
            text = text_of(line, self.path)
            if text is None:
                yield Row(None, None, place, place)
            elif not text.strip():
                yield Row("", "", place, place)
            else:
                fields = text.split("\t")
                if max(source, target) >= len(fields):
                    raise CorpusError(_short_line(place, max(source, target) + 1, fields, header))
                yield Row(fields[source], fields[target], place, place)
        if count == 0:
            raise CorpusError(f"{self.path}: there is a header but no line after it. Check the path.")

    def _index(self, column: int | str, header: Sequence[str]) -> int:
        if isinstance(column, str):
            if header.count(column) == 1:
                return header.index(column)
            found = "more than one column" if column in header else "no column"
            raise CorpusError(
                f"{self.path} line 1: the header has {found} called {column!r}; its columns are "
                f"{_listed(header)}. Name one of these, or give the column's number."
            )
        if column < 1:
            raise CorpusError(f"{self.path}: column {column} is asked for, but columns are counted from 1.")
        return column - 1


@dataclass(frozen=True)
class JsonLines:
    """A file, plain or gzipped, with one JSON object a line; a dotted key reaches into nested objects."""

    path: Path
    source_key: str = "source"
    target_key: str = "target"

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Row]:
        """Yield a row a line; raise CorpusError for what is no JSON object or lacks a key."""
        for line in read_lines(self.path, _line_limit(max_characters)):
            place = f"{self.path} line {line.number}"
            text = text_of(line, self.path)
            if text is None:
                yield Row(None, None, place, place)
            elif not text.strip():
                yield Row("", "", place, place)
            else:
                record = _json_object(text, place)
                yield Row(
                    _field(record, self.source_key, place),
                    _field(record, self.target_key, place),
                    place,
                    place,
                )


@dataclass(frozen=True)
class InMemory:
    """Pairs that are already there, such as those a program made."""

    pairs: Sequence[tuple[str, str]]
    name: str = "pairs in memory"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Row]:
        """Yield a row a pair; raise CorpusError for a side that is not a string."""
        del max_characters  # they are in memory already, however long
        for number, (source, target) in enumerate(self.pairs, start=1):
            place = f"{self.name}, pair {number}"
            yield Row(_text(source, "the source", place), _text(target, "the target", place), place, place)


@dataclass(frozen=True)
class HubDataset:
    """A data set of the Hugging Face Hub, or a folder that the `datasets` library reads.

    A dotted column reaches into a column of dictionaries: "translation.de". Needs the extra `hub`.
    """

    dataset: str
    split: str
    source_column: str
    target_column: str
    config: str | None = None

    @property
    def name(self) -> str:
        """The data set with its configuration and split."""
        return f"{self.dataset} ({self.config}, {self.split})" if self.config else f"{self.dataset} ({self.split})"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Row]:
        """Yield a row a record; raise CorpusError when the data set cannot be had or lacks a column."""
        del max_characters  # the library holds a record whole
        try:
            from datasets import load_dataset
            from datasets.exceptions import DatasetsError
        except ImportError as error:
            raise CorpusError(
                f"{self.name}: the package `datasets`, which reads the Hub's data sets, is not installed. "
                'Install it with: pip install "tandem-seq2seq[hub]"'
            ) from error
        try:
            records = load_dataset(self.dataset, name=self.config, split=self.split)
        except (OSError, ValueError, DatasetsError) as error:
            raise CorpusError(
                f"{self.name}: cannot be loaded ({error}). Check its name, configuration and split, and the network."
            ) from error
        for number, record in enumerate(records, start=1):
            place = f"{self.name} record {number}"
            source, target = (_field(record, key, place) for key in (self.source_column, self.target_column))
            yield Row(source, target, place, place)


def _line_limit(max_characters: int) -> int:
    """Bytes of a line that are held: room for two sides written in JSON escapes and some columns more."""
    return max(1 << 20, 64 * max_characters)


def _short_line(place: str, column: int, fields: Sequence[str], header: Sequence[str]) -> str:
    return (
        f"{place}: there is no column {column}; the line has {len(fields)} ({_listed(fields)})"
        + (f", the header {len(header)} ({_listed(header)})" if header else "")
        + ". Columns are separated by a tab. Mend the line, or give other columns."
    )


def _listed(names: Iterable[object]) -> str:
    return ", ".join(text if len(text) <= 40 else text[:36] + "...'" for text in map(repr, names))


def _json_object(text: str, place: str) -> Mapping[str, object]:
    try:
        record: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{place}: this is not JSON ({error}). Each line must be one whole JSON object.") from error
    if not isinstance(record, dict):
        raise CorpusError(f"{place}: this is a JSON {type(record).__name__}, but each line must be one JSON object.")
    return record


def _field(record: Mapping[str, object], key: str, place: str) -> str:
    """The text under a key, which may itself hold dots or reach into nested mappings with them."""
    level: object = record
    names = [key] if key in record else key.split(".")
    for depth, name in enumerate(names):
        if not isinstance(level, Mapping) or name not in level:
            there = list(level) if isinstance(level, Mapping) else []
            full_names = _listed(".".join([*names[:depth], str(column)]) for column in there) or "none there"
            raise CorpusError(f"{place}: there is no {key!r}; the columns are: {full_names}. Name one of these.")
        level = level[name]
    return _text(level, repr(key), place)


def _text(value: object, what: str, place: str) -> str:
    if not isinstance(value, str):
        raise CorpusError(f"{place}: {what} is of type {type(value).__name__}, but must be a string.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise CorpusError(f"{place}: {what} holds half of a surrogate pair, which is no text. Mend the escape.")
    return value
