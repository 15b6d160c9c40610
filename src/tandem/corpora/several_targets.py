"""A corpus to be measured on with several references of each source, each in a file of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tandem.corpora.pairs import Corpus, Fault, Pair
from tandem.corpora.parallel_files import ParallelFiles
from tandem.files.lines import check_read_again


@dataclass
class SeveralTargets(Corpus):
    """A source file and several target files: line n of each of them is a reference of line n of the source."""

    source: Path
    targets: Sequence[Path]
    references: list[tuple[str, ...]] = field(default_factory=list)
    """Filled by `rows`: the targets of each good line."""

    @property
    def name(self) -> str:
        """The names of the files."""
        return " and ".join(path.name for path in self.files)

    @property
    def files(self) -> tuple[Path, ...]:
        """The source file and the target files."""
        return (self.source, *self.targets)

    @property
    def layout(self) -> str:
        """A line a pair."""
        return "parallel lines"

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
