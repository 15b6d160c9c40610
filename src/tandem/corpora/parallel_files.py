"""`kind = "files"`: two parallel files, a sentence a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar, Literal, Self

from tandem.corpora.corpus_kind import CorpusKind, GivenOptions, Option, locate
from tandem.corpora.headers import first_pairs, header_warning
from tandem.corpora.pairs import Corpus, Fault, Pair, checked_pair
from tandem.errors import CorpusError
from tandem.files.lines import check_read_again, line_limit, read_lines


class FilesCorpus(CorpusKind):
    """Two parallel files, a sentence a line."""

    kind: Literal["files"] = "files"
    source: str
    target: str

    options: ClassVar[tuple[Option, ...]] = (
        Option("source", "FILE", "Source texts, one a line; may be compressed.", "-s"),
        Option("target", "FILE", "Target texts, line by line those of the source.", "-t"),
    )
    path_settings: ClassVar[tuple[str, ...]] = ("source", "target")

    @classmethod
    def from_options(cls, given: GivenOptions) -> Self:
        """Return the two files. Raise CorpusError where only one is given."""
        if len(given.values) < len(cls.options):
            raise CorpusError(
                f"give both {given.prefix}source FILE and {given.prefix}target FILE: line n of one belongs to line n "
                "of the other"
            )
        return cls(source=given.values["source"], target=given.values["target"])

    def open(self, folder: str | None) -> "ParallelFiles":
        """Open both files. Raise CorpusError where the folder has one file alone for both."""
        source, target = locate(self.source, folder), locate(self.target, folder)
        if source == target and self.source != self.target:  # "de/train" and "en/train", one of which was moved
            raise CorpusError(
                f"{source}: this is the only file in data.folder for both {self.source} and {self.target}. Put "
                "each into a folder of its own there, with the names that the folders had before"
            )
        return ParallelFiles(source, target)


class _End:
    """Stands for a line that a file no longer has."""


@dataclass(frozen=True)
class ParallelFiles(Corpus):
    """Two text files, plain or compressed: line n of one belongs to line n of the other."""

    source: Path
    target: Path
    layout = "parallel lines"

    @property
    def name(self) -> str:
        """The names of the two files."""
        return f"{self.source.name} and {self.target.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        """Both files."""
        return (self.source, self.target)

    def warnings(self) -> list[str]:
        """Warn where the first lines look like a header."""
        return header_warning(self.name, first_pairs(self), "remove it from both files")

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line; raise CorpusError when one file has more lines than the other."""
        limit = line_limit(max_characters)
        sources, targets = read_lines(self.source, limit), read_lines(self.target, limit)
        places = f"{self.source} line", f"{self.target} line"
        for number, (source, target) in enumerate(zip_longest(sources, targets, fillvalue=_End()), start=1):
            if isinstance(source, _End) or isinstance(target, _End):
                source_count = number - isinstance(source, _End) + sum(1 for _ in sources)
                target_count = number - isinstance(target, _End) + sum(1 for _ in targets)
                raise CorpusError(
                    f"{self.source} has {source_count:,} lines and {self.target} has {target_count:,}, but "
                    "line n of one must belong to line n of the other. Check that both are whole."
                )
            yield checked_pair(source, target, places, number, max_characters)


@dataclass
class SeveralTargets(Corpus):
    """A source file and several target files: line n of each of them is a reference of line n of the source."""

    source: Path
    targets: Sequence[Path]
    references: list[tuple[str, ...]] = field(default_factory=list)  # filled by `rows`, for each good line
    layout = "parallel lines"

    @property
    def name(self) -> str:
        """The names of the files."""
        return " and ".join(path.name for path in self.files)

    @property
    def files(self) -> tuple[Path, ...]:
        """The source file and the target files."""
        return (self.source, *self.targets)

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield each source with its first target, or what is wrong with any of its targets."""
        self.references = []
        check_read_again(self.source)  # with each of the targets
        files = [ParallelFiles(self.source, target).rows(max_characters) for target in self.targets]
        for rows in zip(*files, strict=True):
            pairs = [row for row in rows if isinstance(row, Pair)]
            if len(pairs) == len(rows):
                self.references.append(tuple(pair.target for pair in pairs))
                yield pairs[0]
            else:
                yield next(row for row in rows if isinstance(row, Fault))
