"""The corpora that a Python program passes, as a recipe names them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tandem.corpora.given import read_once
from tandem.corpora.kinds import CorpusChoice
from tandem.corpora.memory import MemoryCorpus
from tandem.corpora.parallel_files import FilesCorpus
from tandem.errors import RecipeError
from tandem.recipe import Data, make_recipe


class GivenCorpus(NamedTuple):
    """One of a run's corpora as `tandem.train` takes it: pairs in memory, or two parallel files."""

    prefix: str
    """The beginning of the names of its parameters, such as "validation_"."""
    pairs: Sequence[tuple[str, str]] | None
    source: str | Path | None
    target: str | Path | None

    @property
    def in_files(self) -> bool:
        """Whether at least one of its files is given."""
        return self.source is not None or self.target is not None

    def choice(self) -> CorpusChoice | None:
        """Return the corpus as a recipe names it; None where nothing is given. RecipeError where a part is missing."""
        prefix = self.prefix
        if self.pairs is not None and self.in_files:
            raise RecipeError(f"give {prefix}pairs, or {prefix}source and {prefix}target files, not both")
        if self.pairs is not None:
            return MemoryCorpus(kind="memory")
        if self.source is not None and self.target is not None:
            return FilesCorpus(source=str(self.source), target=str(self.target))
        if self.in_files:
            raise RecipeError(
                f"give both {prefix}source and {prefix}target: line n of one file belongs to line n of the other"
            )
        return None


GivenCorpora: TypeAlias = tuple[GivenCorpus, GivenCorpus, GivenCorpus]
"""The corpora to train on, to validate on and to test on."""


def given_corpus(
    prefix: str,
    pairs: Iterable[tuple[str, str]] | None,
    source: str | Path | None,
    target: str | Path | None,
) -> GivenCorpus:
    """Return one of the corpora of a run, with its pairs read. Raise ArgumentError where they cannot be pairs."""
    return GivenCorpus(prefix, None if pairs is None else read_once(pairs, f"{prefix}pairs"), source, target)


def given_data(corpora: GivenCorpora) -> Data:
    """Return the corpora whose pairs or files are given. Raise RecipeError where there are none to train on."""
    train, validation, test = (corpus.choice() for corpus in corpora)
    if train is None:
        raise RecipeError(
            "there is nothing to train on: give a recipe, or pairs, or both a source and a target file, or data"
        )
    return Data(train=train, validation=validation, test=test)


def named_data(data: Data | Mapping[str, Any], corpora: GivenCorpora) -> Data:
    """Return the section [data] that a program gives as such. Raise RecipeError, naming everything that is wrong."""
    section = data if isinstance(data, Data) else make_recipe({"data": dict(data)}, "tandem.train(data=...)").data
    check_given(section, corpora)
    return section


def check_given(data: Data, corpora: GivenCorpora) -> None:
    """Raise RecipeError where the section [data] of a recipe names corpora and others are given as well."""
    choices = {"train": data.train, "validation": data.validation, "test": data.test}
    for corpus, (name, choice) in zip(corpora, choices.items(), strict=True):
        if corpus.in_files or (corpus.pairs is not None and not isinstance(choice, MemoryCorpus)):
            raise RecipeError(
                "a recipe names its corpus: give a recipe, or pairs, or source and target files, not two of them. "
                f'A recipe whose data.{name} is {{ kind = "memory" }} takes {corpus.prefix}pairs'
            )
