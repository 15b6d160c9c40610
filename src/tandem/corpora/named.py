"""`kind = "named"`: a corpus that Tandem knows by name."""

from typing import ClassVar, Literal, Self, cast, get_args

from tandem.corpora.corpus_kind import CorpusKind, GivenOptions, Option
from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Corpus
from tandem.corpora.public import PUBLIC, named_corpus
from tandem.errors import CorpusError
from tandem.files.paths import expand_user
from tandem.names import Split


class NamedCorpus(CorpusKind):
    """A corpus that Tandem knows by name: `captions` is built in, `multi30k` comes by `tandem data get multi30k`."""

    kind: Literal["named"]
    name: str
    split: Split = "train"

    options: ClassVar[tuple[Option, ...]] = (Option("corpus", "NAME[:SPLIT]", "A known corpus: captions, multi30k."),)
    path_settings: ClassVar[tuple[str, ...]] = ("name",)

    @classmethod
    def from_options(cls, given: GivenOptions) -> Self:
        """Return the corpus of that name. Raise CorpusError for a split that no corpus has."""
        name, _, split = given.values["corpus"].partition(":")
        split = split or given.split
        if split not in get_args(Split):
            raise CorpusError(
                f"{given.prefix}corpus {given.values['corpus']}: there is no split {split!r}; the splits are train, "
                "validation and test"
            )
        return cls(kind="named", name=name, split=cast(Split, split))

    def open(self, folder: str | None) -> Corpus:
        """Open the corpus: its files, or for `captions` the pairs that a grammar makes."""
        if self.name == "captions":
            from tandem.corpora.captions import captions  # the grammar takes as long to import as all other kinds

            built_in = captions()
            parts = {"train": built_in.train, "validation": built_in.validation, "test": built_in.test}
            return InMemory(parts[self.split], f"captions ({self.split})")
        if self.name not in PUBLIC:
            raise CorpusError(
                f"There is no corpus called {self.name!r}; the known ones are: captions, {', '.join(PUBLIC)}"
            )
        return named_corpus(self.name, self.split, expand_user(folder) if folder else None)
