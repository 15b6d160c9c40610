"""The table of the kinds of corpora. Recipes and the command line read it, so a new kind needs only a line here."""

from typing import Annotated, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from tandem.corpora.hub import HubCorpus
from tandem.corpora.json_lines import JsonLinesCorpus
from tandem.corpora.memory import MemoryCorpus
from tandem.corpora.named import NamedCorpus
from tandem.corpora.parallel_files import FilesCorpus
from tandem.corpora.parquet import ParquetCorpus
from tandem.corpora.spreadsheets import CsvCorpus
from tandem.corpora.tab_separated import TabSeparatedCorpus

AnyCorpus: TypeAlias = (
    FilesCorpus
    | CsvCorpus
    | TabSeparatedCorpus
    | JsonLinesCorpus
    | ParquetCorpus
    | NamedCorpus
    | HubCorpus
    | MemoryCorpus
)
"""Every kind of corpus, in the order of `--help`."""

KINDS: tuple[type[AnyCorpus], ...] = get_args(AnyCorpus)

CorpusChoice = Annotated[
    AnyCorpus,
    Field(discriminator="kind"),
    BeforeValidator(lambda choice: {"kind": "files", **choice} if isinstance(choice, dict) else choice),
]
"""A corpus in a recipe: a table whose `kind` says which one it is, or two files where it has none."""
