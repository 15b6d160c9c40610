"""A kind of corpus, one file each: what a recipe says about it, what its options are, and how it is opened."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict

from tandem.corpora.pairs import Corpus
from tandem.errors import CorpusError
from tandem.files.paths import expand_user, is_there, portable_path

Columns: TypeAlias = tuple[int | str, ...]
"""The source column, the target column and, where there are features, theirs: each by its number, from 1, or name."""
_MOST_DIGITS = 18  # Digits of a column's number. Python itself refuses to read a number of thousands.


class Option(NamedTuple):
    """An option of the command line that names a corpus."""

    name: str
    metavar: str
    help: str
    short: str | None = None  # the short form, which only the main corpus of a command has
    optional: bool = False  # whether the kind can do without it


class GivenOptions(NamedTuple):
    """What the command line says about one corpus."""

    values: Mapping[str, str]  # the value of each option that is given, by the option's name
    columns: tuple[str, ...] | None  # the columns, if they are given: two, or three with features
    split: str  # the split that is read unless the name of the corpus says another
    prefix: str  # what the options begin with, such as `--` or `--validation-`
    before: "CorpusKind | None"  # the corpus whose columns are taken where none are given, if of the same style

    def columns_like(self, style: str) -> Columns | None:
        """Return the columns that are given, or those of `before` if they are of this style."""
        if self.columns is None and self.before is not None and self.before.column_style == style:
            return self.before.columns if self.before.names_columns else None
        return self.columns


class CorpusKind(BaseModel, ABC):
    """The settings of a corpus, as a recipe has them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str
    options: ClassVar[tuple[Option, ...]] = ()  # options of the command line that name a corpus of this kind
    endings: ClassVar[tuple[str, ...]] = ()  # a file with such a name is of this kind where no option says
    path_settings: ClassVar[tuple[str, ...]] = ()  # the settings that are paths
    column_settings: ClassVar[tuple[str, ...]] = ()  # the settings of the source, target and features column
    column_style: ClassVar[str] = ""  # kinds of the same style call their columns alike

    @abstractmethod
    def open(self, folder: str | None) -> Corpus:
        """Open the corpus, whose files lie in `folder`, the recipe's data.folder. Raise CorpusError if it cannot be."""

    @property
    def names(self) -> tuple[str, ...]:
        """The file names or other names after which a run on this corpus is called."""
        return tuple(path for name in self.path_settings if (path := getattr(self, name)) is not None)

    @classmethod
    @abstractmethod
    def from_options(cls, given: GivenOptions) -> Self:
        """Return the corpus that the options name. Raise CorpusError where they do not fit together."""

    @classmethod
    def option_names(cls, prefix: str) -> str:
        """Return the options of this kind as messages name them."""
        return " and ".join(f"{prefix}{option.name}" for option in cls.options if not option.optional)

    @classmethod
    def kind_name(cls) -> str:
        """Return the value of `kind` that stands for this class."""
        return str(get_args(cls.model_fields["kind"].annotation)[0])

    @property
    def columns(self) -> Columns | None:
        """The columns that are read; None for a kind that has none."""
        if not self.column_settings:
            return None
        return tuple(column for name in self.column_settings if (column := getattr(self, name)) is not None)

    @property
    def names_columns(self) -> bool:
        """Whether any column was named, even the usual one."""
        return not self.model_fields_set.isdisjoint(self.column_settings)

    @property
    def has_default_columns(self) -> bool:
        """Whether the columns are those that are read unless others are named."""
        fields = type(self).model_fields
        return all(getattr(self, name) == fields[name].default for name in self.column_settings)

    def portable(self) -> Self:
        """Return the corpus with the last part alone of each path that begins at a root, a drive or a home."""
        paths = {name: getattr(self, name) for name in self.path_settings}
        return self.model_copy(update={name: portable_path(path) for name, path in paths.items() if path is not None})

    def settled(self, folder: str | None, notify: Callable[[str], object]) -> Self:  # noqa: ARG002 - CSV needs them
        """Return the corpus with every setting that is still to be detected; `notify` is told the result."""
        return self

    def with_features(self, folder: str | None) -> Self:  # noqa: ARG002 - tables need it
        """Return the corpus with the columns that its first rows show, if one of them has features."""
        return self


class PathCorpus(CorpusKind):
    """A corpus in one file that has columns or keys."""

    path: str
    path_settings: ClassVar[tuple[str, ...]] = ("path",)
    column_settings: ClassVar[tuple[str, ...]] = ("source_column", "target_column", "features_column")

    @classmethod
    def from_options(cls, given: GivenOptions) -> Self:
        """Return the file that the option of this kind names, with the columns that are given."""
        settings: dict[str, Any] = {"kind": cls.kind_name(), "path": given.values[cls.options[0].name]}
        if columns := given.columns_like(cls.column_style):
            settings |= zip(cls.column_settings, map(cls.column, columns), strict=False)  # features are optional
        return cls.model_validate(settings)

    @classmethod
    def column(cls, given: int | str) -> int | str:
        """Return a column as the settings have it. Only tables have numbers; elsewhere it is a name."""
        return given


class TableCorpus(PathCorpus):
    """A text file with columns that are known by their numbers, counted from 1, or by the names in the first line."""

    source_column: int | str = 1
    target_column: int | str = 2
    features_column: int | str | None = None
    column_style: ClassVar[str] = "table"

    @classmethod
    def column(cls, given: int | str) -> int | str:
        """Return the number that the text is, or the text as a name."""
        if isinstance(given, str) and given.isdecimal() and len(given) <= _MOST_DIGITS:
            return int(given)
        return given


def locate(path: str, folder: str | None) -> Path:
    """Find the file or folder that a recipe calls `path`, with `folder` as the recipe's data.folder.

    A relative path starts in the folder. A file that was moved is looked for in the folder under shorter and shorter
    ends of its path: "old/de/train.txt" may have become FOLDER/de/train.txt or FOLDER/train.txt. Raise CorpusError if
    it is in none of these places.
    """
    first, *others = places(path, folder)
    if folder is None or is_there(first):
        return first
    if existing := next((place for place in others if is_there(place)), None):
        return existing
    end = Path(path).name
    if len(others) <= 2:
        return first  # Opening it raises an error that says it is missing.
    raise CorpusError(
        f"{path}: there is no such file, and no {end} in data.folder ({expand_user(folder)}). Check the path, or name "
        "the folder that it lies in now with --set data.folder=..."
    )


def places(path: str, folder: str | None) -> list[Path]:
    """Return where a recipe's file or pattern may be, the likeliest first (see `locate`)."""
    base = expand_user(folder or "")
    if folder is None:
        return [base / path]
    parts = Path(path).parts[1:] if Path(path).is_absolute() else Path(path).parts
    ends = [Path(*parts[start:]) for start in range(len(parts))]
    return [base / path, *(base / end for end in ends), base / portable_path(path)]
