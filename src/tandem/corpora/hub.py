"""`kind = "hub"`: a data set of the Hugging Face Hub. Needs the extra `hub`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

from tandem.corpora.corpus_kind import CorpusKind, GivenOptions, Option, locate
from tandem.corpora.pairs import Corpus, Fault, Pair
from tandem.corpora.records import checked_record, texts_at
from tandem.errors import CorpusError


class HubCorpus(CorpusKind):
    """A dataset of the Hugging Face Hub (needs the extra `hub`)."""

    kind: Literal["hub"]
    name: str
    split: str = "train"
    source_column: str
    target_column: str
    features_column: str | None = None
    config: str | None = None

    options: ClassVar[tuple[Option, ...]] = (
        Option("hub", "NAME[:SPLIT]", "A dataset of the Hugging Face Hub (extra: hub)."),
    )
    path_settings: ClassVar[tuple[str, ...]] = ("name",)
    column_settings: ClassVar[tuple[str, ...]] = ("source_column", "target_column", "features_column")
    column_style: ClassVar[str] = "hub"

    @property
    def names(self) -> tuple[str, ...]:
        """The last part of the name."""
        return (Path(self.name).name,)

    @classmethod
    def from_options(cls, given: GivenOptions) -> Self:
        """Return the data set. Raise CorpusError where its columns are not known."""
        name, _, split = given.values["hub"].partition(":")
        if (columns := given.columns_like(cls.column_style)) is None:
            raise CorpusError(
                f"{given.prefix}hub {given.values['hub']}: say which columns hold the texts, such as "
                f"{given.prefix}columns translation.de,translation.en"
            )
        settings = dict(zip(cls.column_settings, map(str, columns), strict=False))  # features are optional
        return cls.model_validate({"kind": "hub", "name": name, "split": split or given.split, **settings})

    def open(self, folder: str | None) -> "HubDataset":
        """Return the data set, which is loaded when it is read. An absolute path is looked for in `folder`."""
        name = str(locate(self.name, folder)) if Path(self.name).is_absolute() else self.name
        return HubDataset(name, self.split, self.source_column, self.target_column, self.config, self.features_column)


@dataclass(frozen=True)
class HubDataset(Corpus):
    """A data set of the Hugging Face Hub, or a folder that the `datasets` library reads.

    A dotted column reaches into a column of dictionaries: "translation.de".
    """

    dataset: str
    split: str
    source_column: str
    target_column: str
    config: str | None = None
    features_column: str | None = None

    @property
    def has_features(self) -> bool:
        """Whether a column has features."""
        return self.features_column is not None

    @property
    def name(self) -> str:
        """The data set with its configuration and split."""
        return f"{self.dataset} ({self.config}, {self.split})" if self.config else f"{self.dataset} ({self.split})"

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a record; raise CorpusError when the data set cannot be loaded."""
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
        columns = self.source_column, self.target_column
        for number, record in enumerate(records, start=1):
            place = f"{self.name} record"
            yield checked_record(
                record, lambda row: texts_at(row, columns, self.features_column), place, number, max_characters
            )
