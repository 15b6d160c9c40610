"""Corpora: where pairs of texts come from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tandem.corpora.headers import column_index
from tandem.corpora.pairs import Corpus, Fault, Pair, Places, checked, load_pairs, strictly
from tandem.corpora.records import Unreadable, json_object, pair_of, short_line, text_at
from tandem.errors import CorpusError
from tandem.files.lines import line_limit, read_lines, why_not_utf8
from tandem.names import MAX_CHARACTERS

__all__ = [
    "MAX_CHARACTERS",
    "Corpus",
    "HubDataset",
    "InMemory",
    "JsonLines",
    "Pair",
    "ParallelFiles",
    "TabSeparated",
    "load_pairs",
]


class _End:
    """Stands where a file has no more lines."""


_END = _End()


@dataclass(frozen=True)
class ParallelFiles:
    """Two text files, plain or compressed: line n of one belongs to line n of the other."""

    source: Path
    target: Path

    @property
    def name(self) -> str:
        """The names of the two files."""
        return f"{self.source.name} and {self.target.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        """Both files."""
        return (self.source, self.target)

    @property
    def layout(self) -> str:
        """A line a pair."""
        return "parallel lines"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line; raise CorpusError when one file has more lines than the other."""
        limit = line_limit(max_characters)
        sources, targets = read_lines(self.source, limit), read_lines(self.target, limit)
        places = Places(f"{self.source} line", f"{self.target} line")
        for number, (source, target) in enumerate(zip_longest(sources, targets, fillvalue=_END), start=1):
            if isinstance(source, _End) or isinstance(target, _End):
                source_count = number - isinstance(source, _End) + sum(1 for _ in sources)
                target_count = number - isinstance(target, _End) + sum(1 for _ in targets)
                raise CorpusError(
                    f"{self.source} has {source_count:,} lines and {self.target} has {target_count:,}, but "
                    "line n of one must belong to line n of the other. Check that both are whole."
                )
            yield checked(source, target, places, number, max_characters)


@dataclass(frozen=True)
class TabSeparated:
    """A file, plain or compressed, with the fields of a line separated by tabs; there is no quoting.

    Columns are numbers, counted from 1, or names; when a name is given, the first line is the header.
    """

    path: Path
    source_column: int | str = 1
    target_column: int | str = 2

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def layout(self) -> str:
        """The columns."""
        return f"tab-separated columns {self.source_column!r}, {self.target_column!r}"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line; raise CorpusError when the header lacks a column."""
        lines = read_lines(self.path, line_limit(max_characters))
        wanted = (self.source_column, self.target_column)
        named = any(isinstance(column, str) for column in wanted)
        header = self._header(next(lines)) if named else []
        source, target = (column_index(column, header, self.path) for column in wanted)
        places = Places(f"{self.path} line", f"{self.path} line")
        number = int(named)
        for number, text in enumerate(lines, start=1 + named):
            if not isinstance(text, str) or not text.strip():
                yield checked(text, text, places, number, max_characters)
                continue
            fields = text.split("\t")
            if max(source, target) < len(fields):
                yield checked(fields[source], fields[target], places, number, max_characters)
            else:
                yield Fault(
                    f"{places.source} {number}",
                    "unreadable",
                    short_line(max(source, target) + 1, fields, header, "tab"),
                )
        if number == named:
            raise CorpusError(f"{self.path}: there is a header but no line after it. Check the path.")

    def _header(self, line: str | bytes | None) -> list[str]:
        if isinstance(line, str):
            return line.split("\t")
        what = "is too long" if line is None else why_not_utf8(line)
        raise CorpusError(f"{self.path} line 1: the header {what}")


@dataclass(frozen=True)
class JsonLines:
    """A file, plain or compressed, with one JSON object a line; a dotted key reaches into nested objects."""

    path: Path
    source_key: str = "source"
    target_key: str = "target"

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def layout(self) -> str:
        """The keys."""
        return f"JSON lines {self.source_key!r}, {self.target_key!r}"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line."""
        places = Places(f"{self.path} line", f"{self.path} line")
        for number, text in enumerate(read_lines(self.path, line_limit(max_characters)), start=1):
            if not isinstance(text, str) or not text.strip():
                yield checked(text, text, places, number, max_characters)
                continue
            try:
                record = json_object(text)
                source, target = (text_at(record, key) for key in (self.source_key, self.target_key))
            except Unreadable as error:
                yield Fault(f"{places.source} {number}", "unreadable", str(error))
                continue
            yield checked(source, target, places, number, max_characters)


@dataclass(frozen=True)
class InMemory:
    """Pairs that are already there, such as those a program made."""

    pairs: Sequence[tuple[str, str]]
    name: str = "pairs in memory"

    @property
    def files(self) -> tuple[Path, ...]:
        """None: the pairs are in memory."""
        return ()

    @property
    def layout(self) -> str:
        """They are read as they are."""
        return "pairs"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield the pairs."""
        places = Places(f"{self.name}, pair", f"{self.name}, pair")
        for number, row in enumerate(self.pairs, start=1):
            try:
                texts = pair_of(row)
            except Unreadable as error:
                yield Fault(f"{places.source} {number}", "unreadable", str(error))
                continue
            yield checked(*texts, places, number, max_characters)


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

    @property
    def files(self) -> tuple[Path, ...]:
        """None that are known here: the library keeps them."""
        return ()

    @property
    def layout(self) -> str:
        """They are read as they are."""
        return "pairs"

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs; raise CorpusError at the first faulty one."""
        return strictly(self)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a record; raise CorpusError when the data set cannot be had."""
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
        places = Places(f"{self.name} record", f"{self.name} record")
        for number, record in enumerate(records, start=1):
            try:
                source, target = (text_at(record, key) for key in (self.source_column, self.target_column))
            except Unreadable as error:
                yield Fault(f"{places.source} {number}", "unreadable", str(error))
                continue
            yield checked(source, target, places, number, max_characters)
