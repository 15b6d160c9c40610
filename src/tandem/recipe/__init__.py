"""The whole description of a run: TOML in, TOML out."""

from tandem.corpora.hub import HubCorpus
from tandem.corpora.json_lines import JsonLinesCorpus
from tandem.corpora.kinds import CorpusChoice
from tandem.corpora.memory import MemoryCorpus
from tandem.corpora.named import NamedCorpus
from tandem.corpora.parallel_files import FilesCorpus
from tandem.corpora.parquet import ParquetCorpus
from tandem.corpora.spreadsheets import CsvCorpus
from tandem.corpora.tab_separated import TabSeparatedCorpus
from tandem.names import Device, Precision
from tandem.recipe.reading import load_recipe, make_recipe, override, parse_recipe
from tandem.recipe.settings import (
    Data,
    Features,
    Forcing,
    LearningRate,
    Model,
    Optimizer,
    Recipe,
    Search,
    Section,
    Text,
    Texts,
    Training,
)
from tandem.recipe.writing import dump_recipe, portable, setting_lines

__all__ = [
    "CorpusChoice",
    "CsvCorpus",
    "Data",
    "Device",
    "Features",
    "FilesCorpus",
    "Forcing",
    "HubCorpus",
    "JsonLinesCorpus",
    "LearningRate",
    "MemoryCorpus",
    "Model",
    "NamedCorpus",
    "Optimizer",
    "ParquetCorpus",
    "Precision",
    "Recipe",
    "Search",
    "Section",
    "TabSeparatedCorpus",
    "Text",
    "Texts",
    "Training",
    "dump_recipe",
    "load_recipe",
    "make_recipe",
    "override",
    "parse_recipe",
    "portable",
    "setting_lines",
]
