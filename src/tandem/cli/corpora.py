"""The options that name a corpus, once for every command that reads one and for each corpus that it reads."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import typer

from tandem.cli.groups import OptionGroup, option_parameter
from tandem.cli.streams import notify
from tandem.corpora.corpus_kind import CorpusKind, GivenOptions, Option
from tandem.corpora.kinds import KINDS, AnyCorpus
from tandem.corpora.named import NamedCorpus
from tandem.corpora.pairs import Corpus, Dropped, LoadedPairs, load_pairs
from tandem.corpora.parallel_files import FilesCorpus, SeveralTargets
from tandem.errors import CorpusError
from tandem.names import MAX_CHARACTERS, OnError
from tandem.recipe import Recipe


@dataclass(frozen=True)
class CorpusOptions(OptionGroup):
    """The options that describe a corpus.

    The names of the options of a parameter called `validation` or `test` begin with this role.
    """

    several_targets: ClassVar[bool] = False  # Whether --target may be given several times

    values: Mapping[str, str] = field(default_factory=dict)  # By the option's name: "source", "csv", "hub"
    columns: str | None = None
    further_targets: tuple[Path, ...] = ()  # Each has one more reference of each source, line by line

    @property
    def kinds(self) -> list[type[AnyCorpus]]:
        """The kinds of corpora that the options name; more than one is an error."""
        return [kind for kind in KINDS if any(option.name in self.values for option in kind.options)]

    @property
    def files(self) -> list[Path]:
        """The files that are read."""
        return [*(Path(self.values[name]) for name in _FILE_OPTIONS if name in self.values), *self.further_targets]

    @property
    def name(self) -> str:
        """The name of the corpus on a page; "" if no corpus is given."""
        names = [value for name, value in self.values.items() if name not in _FILE_OPTIONS]
        return next(iter(names + [path.name for path in self.files]), "")

    @classmethod
    def options(cls, parameter: str) -> list[inspect.Parameter]:
        """Return an option for each way to name a corpus."""
        role = _role(parameter)
        parameters = []
        for option in (*_OPTIONS.values(), _COLUMNS):
            names = [f"--{_prefixed(role, option.name, '-')}", *([option.short] if option.short and not role else [])]
            kind: Any = Path if option.name in _FILE_OPTIONS else str
            text = option.help
            if cls.several_targets and option.name == "target":
                kind, text = list[Path], f"{text} Repeat it for further references."
            declared = typer.Option(*names, metavar=option.metavar, help=text, rich_help_panel=_ROLES.get(role))
            parameters.append(option_parameter(_prefixed(role, option.name, "_"), Annotated[kind | None, declared]))
        return parameters

    @classmethod
    def take_from(cls, parameter: str, values: dict[str, Any]) -> Self:
        """Return the options of the corpus, and remove their values from those of a command."""
        taken = {name: values.pop(_prefixed(_role(parameter), name, "_")) for name in (*_OPTIONS, _COLUMNS.name)}
        columns = taken.pop(_COLUMNS.name)
        further: list[Path] = []
        if cls.several_targets:
            taken["target"], *further = taken["target"] or [None]
        given = {name: str(value) for name, value in taken.items() if value is not None}
        return cls(given, columns, tuple(further))


class ReferencesOptions(CorpusOptions):
    """The options of a corpus to measure on, which may have several target files."""

    several_targets = True


class LoadedReferences(NamedTuple):
    """The valid lines of a corpus, and the number of the others."""

    pairs: list[tuple[str, tuple[str, ...]]]  # Each source with all of its targets
    dropped: Dropped


_OPTIONS = {option.name: option for kind in KINDS for option in kind.options}
_FILE_OPTIONS = [name for name, option in _OPTIONS.items() if option.metavar == "FILE"]
_WITH_COLUMNS = [kind for kind in KINDS if kind.options and kind.column_settings]
_COLUMNS = Option(
    "columns",
    "SOURCE,TARGET[,FEATURES]",
    f"Columns or keys of {', '.join(kind.option_names('--') for kind in _WITH_COLUMNS)}, by number or name.",
)
_FILES, *_OTHERS, _LAST = (
    " ".join(f"--{option.name} {option.metavar.partition('[')[0]}" for option in kind.options if not option.optional)
    for kind in KINDS
    if kind.options
)
_WHICH_CORPUS = f"which corpus? Give {_FILES}, or {', '.join(_OTHERS)} or {_LAST}"
_ROLES = {
    "validation": "Validation data (otherwise some of the training pairs are held back)",
    "test": "Test data (otherwise the model is scored on the validation data)",
}
"""The corpora besides the main one. Their options begin with the role and have a panel of their own in --help."""


def _role(parameter: str) -> str:
    return parameter if parameter in _ROLES else ""


def _prefixed(role: str, name: str, between: str) -> str:
    return f"{role}{between}{name}" if role else name


def chosen_corpus(
    options: CorpusOptions, split: str, *, role: str = "", before: CorpusKind | None = None
) -> AnyCorpus | None:
    """Return the corpus that the options name, or None. Raise CorpusError for options that exclude each other.

    `split` is the default split of a corpus that has several. The default columns are those of the corpus `before`, if
    it is of the same kind or both are tables. Messages name the options of this `role`.
    """
    prefix = f"--{role}-" if role else "--"
    kinds = options.kinds
    if len(kinds) > 1:
        names = " and ".join(kind.option_names(prefix) for kind in kinds)
        raise CorpusError(f"{names}: a corpus comes from one of them; give only one")
    columns = None if options.columns is None else _columns(options.columns, f"{prefix}columns")
    if columns and (not kinds or not kinds[0].column_settings):
        *others, last = (kind.option_names(prefix) for kind in _WITH_COLUMNS)
        raise CorpusError(
            f"{prefix}columns {options.columns}: only {', '.join(others)} and {last} have columns; give one of them, "
            f"or leave {prefix}columns out"
        )
    return kinds[0].from_options(GivenOptions(options.values, columns, split, prefix, before)) if kinds else None


def files_read(options: CorpusOptions) -> list[Path]:
    """Return the files that `corpus_pairs` and `corpus_references` read, including those of a known corpus."""
    if options.files or not any(issubclass(kind, NamedCorpus) for kind in options.kinds):
        return options.files
    choice = chosen_corpus(options, "test")
    return list(choice.open(None).files) if choice else []


def corpus_pairs(options: CorpusOptions, recipe: Recipe | None, on_error: OnError) -> LoadedPairs:
    """Read the pairs of a corpus to measure on. CorpusError without a corpus, and with "stop" for a faulty pair.

    The default columns are those that the measured model, whose recipe this is, was trained on. The user is notified
    of the number of pairs that are left out.
    """
    before = recipe.data.train if recipe else None
    choice = chosen_corpus(options, "test", before=before)
    if choice is None:
        raise CorpusError(_WHICH_CORPUS)
    if options.columns is None and (columns := choice.columns) and not choice.has_default_columns:
        notify(
            f"columns {','.join(map(str, columns))}: those that the model was trained on; give others with --columns"
        )
    corpus = choice.open(None)
    for note in corpus.notes():
        notify(note)
    if recipe and recipe.text.features and not corpus.has_features:
        notify(
            f"{corpus.name}: no column of features is given, so only the text after a tab in a source is read as its "
            "features"
        )
    return _load(corpus, recipe, on_error)


def corpus_references(options: CorpusOptions, recipe: Recipe | None, on_error: OnError) -> LoadedReferences:
    """Read the sources of a corpus to measure on, each with its target or targets; otherwise as `corpus_pairs`."""
    choice = chosen_corpus(options, "test") if options.further_targets else None
    if not isinstance(choice, FilesCorpus):
        loaded = corpus_pairs(options, recipe, on_error)
        return LoadedReferences([(source, (target,)) for source, target in loaded.pairs], loaded.dropped)
    targets = (choice.target, *map(str, options.further_targets))
    corpus = SeveralTargets([choice.model_copy(update={"target": target}).open(None) for target in targets])
    pairs, dropped = _load(corpus, recipe, on_error)
    sources = [pair.source for pair in pairs]
    return LoadedReferences(list(zip(sources, corpus.references, strict=True)), dropped)


def _load(corpus: Corpus, recipe: Recipe | None, on_error: OnError) -> LoadedPairs:
    limit = recipe.data.max_characters if recipe else MAX_CHARACTERS
    loaded = load_pairs(corpus, on_error=on_error, max_characters=limit, drop_setting="--on-error drop")
    if loaded.dropped.count:
        notify(f"{corpus.name}: {loaded.dropped.message()}")
    return loaded


def _columns(given: str, option: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in given.split(","))
    if len(parts) not in (2, 3) or not all(parts):
        raise CorpusError(
            f"{option} {given}: name two columns with a comma between, such as 1,2 or de,en; a third one has features"
        )
    return parts
