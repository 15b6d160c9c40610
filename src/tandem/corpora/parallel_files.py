"""`kind = "files"`: parallel files, a sentence a line: the sources, the targets and perhaps the features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar, Literal, Self, cast

from tandem.corpora.corpus_kind import CorpusKind, GivenOptions, Option, locate
from tandem.corpora.headers import first_pairs, header_warning
from tandem.corpora.pairs import Corpus, Fault, Pair, checked_pair, with_features
from tandem.corpora.patterns import find_shards, is_literal
from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, unpacked
from tandem.files.lines import check_read_again, line_limit, opened, read_lines

_LOOKED_AT = 1 << 25  # bytes of text from which the number of all pairs is estimated
_BLOCK = 1 << 20


class FilesCorpus(CorpusKind):
    """Two parallel files, a sentence a line, and perhaps a third one of features."""

    kind: Literal["files"] = "files"
    source: str
    target: str
    features: str | None = None

    options: ClassVar[tuple[Option, ...]] = (
        Option("source", "FILE", "Source texts, one per line; may be compressed, and in shards: 'train.*.de'.", "-s"),
        Option("target", "FILE", "Target texts; each line belongs to the same line of the source.", "-t"),
        Option("features", "FILE", "Features of the sources, such as tags, line by line.", optional=True),
    )
    path_settings: ClassVar[tuple[str, ...]] = ("source", "target", "features")

    @classmethod
    def from_options(cls, given: GivenOptions) -> Self:
        """Return the files. Raise CorpusError where the source or the target is not given."""
        if any(option.name not in given.values for option in cls.options if not option.optional):
            raise CorpusError(
                f"give both {given.prefix}source FILE and {given.prefix}target FILE: line n of one belongs to line n "
                "of the other"
            )
        return cls.model_validate(dict(given.values))

    def open(self, folder: str | None) -> "ParallelFiles | ShardedFiles":
        """Open the files, or the shards that patterns name.

        Raise CorpusError where the folder has one file alone for both, and where patterns do not fit the files.
        """
        names = [self.source, self.target, *([] if self.features is None else [self.features])]
        if not all(is_literal(name, folder) for name in names):
            shards = [ParallelFiles(*paths) for paths in find_shards(names, folder)]
            title = " and ".join(Path(name).name for name in names[:2])
            return shards[0] if len(shards) == 1 else ShardedFiles(title, shards)
        source, target = locate(self.source, folder), locate(self.target, folder)
        if source == target and self.source != self.target:  # "de/train" and "en/train", one of which was moved
            raise CorpusError(
                f"{source}: this is the only file in data.folder for both {self.source} and {self.target}. Put "
                "each into a folder of its own there, with the names that the folders had before"
            )
        return ParallelFiles(source, target, None if self.features is None else locate(self.features, folder))


class _End:
    """Stands for a line that a file no longer has."""


@dataclass(frozen=True)
class ParallelFiles(Corpus):
    """Two text files, plain or compressed: line n of one belongs to line n of the other."""

    source: Path
    target: Path
    features: Path | None = None  # line n has the features of source n; an empty line has none

    @property
    def has_features(self) -> bool:
        """Whether there is a file of features."""
        return self.features is not None

    @property
    def layout(self) -> str:
        """Whether there are features."""
        return "parallel lines" if self.features is None else "parallel lines with features"

    @property
    def name(self) -> str:
        """The names of the source and target files."""
        return f"{self.source.name} and {self.target.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        """All files."""
        return (self.source, self.target, *([] if self.features is None else [self.features]))

    def warnings(self) -> list[str]:
        """Warn where the first lines look like a header."""
        return header_warning(self.name, first_pairs(self), "remove it from both files")

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line; raise CorpusError when one file has more lines than another."""
        limit = line_limit(max_characters)
        files = [read_lines(path, limit) for path in self.files]
        places = f"{self.source} line", f"{self.target} line"
        end = _End()
        for number, lines in enumerate(zip_longest(*files, fillvalue=end), start=1):
            if end in lines:
                counts = [
                    number - (line is end) + sum(1 for _ in file) for line, file in zip(lines, files, strict=True)
                ]
                other = next(index for index, count in enumerate(counts) if count != counts[0])
                raise CorpusError(
                    f"{self.source} has {counts[0]:,} lines and {self.files[other]} has {counts[other]:,}, but "
                    "line n of one must belong to line n of the other. Check that both are whole."
                )
            source, target, *features = cast("tuple[str | bytes | None, ...]", lines)
            read = with_features(source, features[0]) if features else source
            yield checked_pair(read, target, places, number, max_characters)


@dataclass(frozen=True)
class ShardedFiles(Corpus):
    """Parallel files in shards: the corpus of the files one after the other."""

    title: str  # the patterns of the files' names
    shards: Sequence[ParallelFiles]

    @property
    def name(self) -> str:
        """The patterns."""
        return self.title

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of all shards: the sources, then the targets, then the features."""
        return tuple(path for paths in zip(*(shard.files for shard in self.shards), strict=True) for path in paths)

    @property
    def source_files(self) -> tuple[Path, ...]:
        """The files of the sources."""
        return tuple(shard.source for shard in self.shards)

    @property
    def has_features(self) -> bool:
        """Whether there are files of features."""
        return self.shards[0].has_features

    @property
    def layout(self) -> str:
        """The number of shards, and whether there are features."""
        return f"{self.shards[0].layout} in {len(self.shards)} shards"

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield the pairs of each shard; raise CorpusError where a shard has more lines on one side."""
        for shard in self.shards:
            yield from shard.rows(max_characters)

    def warnings(self) -> list[str]:
        """Warn where the first lines of a shard look like a header."""
        return [warning for shard in self.shards[:1] for warning in shard.warnings()]

    def estimated_pairs(self) -> int:
        """Return about how many pairs there are, from the beginning of the first shard and the sizes of all.

        Raise CorpusError where a file cannot be read.
        """
        read = lines = done = 0
        first = self.shards[0].source
        with opened(first) as file:
            content = unpacked(file)
            try:
                while read < _LOOKED_AT and (block := content.read(_BLOCK)):
                    read, lines = read + len(block), lines + block.count(b"\n")
                done = file.tell()
            except DamagedFile:  # reading the pairs says so
                done = first.stat().st_size
        return round(lines * sum(path.stat().st_size for path in self.source_files) / max(done, 1))


@dataclass
class SeveralTargets(Corpus):
    """A source file and several target files: line n of each of them is a reference of line n of the source."""

    corpora: Sequence[ParallelFiles | ShardedFiles]
    """The sources with each of their targets."""
    references: list[tuple[str, ...]] = field(default_factory=list)  # filled by `rows`, for each good line
    layout = "parallel lines"

    @property
    def name(self) -> str:
        """The names of the source files and of all target files."""
        first, *others = (corpus.name for corpus in self.corpora)
        return " and ".join([first, *(name.rpartition(" and ")[2] for name in others)])

    @property
    def files(self) -> tuple[Path, ...]:
        """The source files, the target files and those of the features."""
        return tuple(dict.fromkeys(path for corpus in self.corpora for path in corpus.files))

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield each source with its first target, or what is wrong with any of its targets."""
        self.references = []
        for path in self.corpora[0].source_files:  # with each of the targets
            check_read_again(path)
        for rows in zip(*(corpus.rows(max_characters) for corpus in self.corpora), strict=True):
            pairs = [row for row in rows if isinstance(row, Pair)]
            if len(pairs) == len(rows):
                self.references.append(tuple(pair.target for pair in pairs))
                yield pairs[0]
            else:
                yield next(row for row in rows if isinstance(row, Fault))
