"""The options that name a corpus, once for every command that reads one and for each corpus that it reads."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from tandem.build import build_corpus
from tandem.cli.options import decimal
from tandem.cli.streams import say
from tandem.corpora.formats import corpus_notes
from tandem.corpora.pairs import Corpus, Dropped, LoadedPairs, load_pairs
from tandem.corpora.several_targets import SeveralTargets
from tandem.errors import CorpusError
from tandem.names import MAX_CHARACTERS, OnError
from tandem.recipe import (
    CorpusChoice,
    CsvCorpus,
    FilesCorpus,
    HubCorpus,
    JsonLinesCorpus,
    NamedCorpus,
    Recipe,
    TabSeparatedCorpus,
)


@dataclass(frozen=True)
class CorpusOptions:
    """Where the command line says that a corpus lies. Each field is an option, in the order of --help."""

    source: Path | None = None
    target: Path | None = None
    csv: Path | None = None
    tsv: Path | None = None
    jsonl: Path | None = None
    corpus: str | None = None
    hub: str | None = None
    columns: str | None = None

    @property
    def files(self) -> list[Path]:
        """The files that the pairs are read from."""
        return [path for path in (self.source, self.target, self.csv, self.tsv, self.jsonl) if path is not None]

    @property
    def name(self) -> str:
        """What to call the corpus on a page; "" where none is named."""
        file = self.source or self.csv or self.tsv or self.jsonl
        return self.corpus or self.hub or (file.name if file else "")


@dataclass(frozen=True)
class ReferencesOptions(CorpusOptions):
    """The same of a corpus to be measured on, which may have several target files."""

    further_targets: tuple[Path, ...] = ()
    """Each holds one more reference of each source, line by line."""

    @property
    def files(self) -> list[Path]:
        """The files that are read."""
        return [*super().files, *self.further_targets]


class LoadedReferences(NamedTuple):
    """The good lines of a corpus, and the account of the others."""

    pairs: list[tuple[str, tuple[str, ...]]]
    """Each source with all of its targets."""
    dropped: Dropped


class _Help(NamedTuple):
    metavar: str
    text: str
    short: tuple[str, ...] = ()
    """Short names, which only a command's main corpus has."""


_HELP = {
    "source": _Help("FILE", "Source texts, one a line; may be compressed.", ("-s",)),
    "target": _Help("FILE", "Target texts, line by line those of the source.", ("-t",)),
    "csv": _Help("FILE", "Pairs in a table as spreadsheets write it: CSV."),
    "tsv": _Help("FILE", "Pairs in tab-separated columns."),
    "jsonl": _Help("FILE", "Pairs as JSON lines."),
    "corpus": _Help("NAME[:SPLIT]", "A known corpus: captions, multi30k."),
    "hub": _Help("NAME[:SPLIT]", "A dataset of the Hugging Face Hub (extra: hub)."),
    "columns": _Help("SOURCE,TARGET", "Columns or keys of --csv, --tsv, --jsonl, --hub, by number or name."),
}
_ROLES = {
    "validation": "Validation data (otherwise some of the training pairs are held back)",
    "test": "Test data (otherwise the model is scored on the validation data)",
}
"""Corpora besides a command's main one: their options begin with the role, and stand in a panel of --help."""


def corpus_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of each corpus that it reads: of each parameter that is a CorpusOptions.

    A parameter called `validation` or `test` has options that begin with this role; any other has them as they are.
    A parameter that is a ReferencesOptions takes --target several times.
    """
    kinds: dict[str, type[CorpusOptions]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.annotation in (CorpusOptions, ReferencesOptions):
            kinds[parameter.name] = parameter.annotation
            parameters += _parameters(_role(parameter.name), parameter.annotation is ReferencesOptions)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def with_corpora(**given: Any) -> None:
        for name, kind in kinds.items():
            values = {field: given.pop(_prefixed(_role(name), field, "_")) for field in _HELP}
            if kind is ReferencesOptions:
                values["target"], *further = values["target"] or [None]
                values["further_targets"] = tuple(further)
            given[name] = kind(**values)
        command(**given)

    # Typer reads a command's options off its signature.
    with_corpora.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_corpora.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_corpora


def _parameters(role: str, several_targets: bool) -> list[inspect.Parameter]:
    parameters = []
    for name, kind in get_type_hints(CorpusOptions).items():
        text = _HELP[name]
        if several_targets and name == "target":
            kind = list[Path] | None
            text = text._replace(text=f"{text.text} Give it again for further references.")
        names = (f"--{_prefixed(role, name, '-')}", *(() if role else text.short))
        option = typer.Option(*names, metavar=text.metavar, help=text.text, rich_help_panel=_ROLES.get(role))
        parameters.append(
            inspect.Parameter(
                _prefixed(role, name, "_"),
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[kind, option],
            )
        )
    return parameters


def _role(parameter: str) -> str:
    return parameter if parameter in _ROLES else ""


def _prefixed(role: str, name: str, between: str) -> str:
    return f"{role}{between}{name}" if role else name


def chosen_corpus(
    options: CorpusOptions, split: str, *, role: str = "", before: CorpusChoice | None = None
) -> CorpusChoice | None:
    """The corpus that the options name; None where they name none. CorpusError where they don't fit together.

    `split` is read of a corpus that has several, unless its name says another. Where no columns are given they are
    those of the corpus `before`, if it is of the same kind or both are tables. Messages name the options of this
    `role`.
    """
    dashes = f"--{role}-" if role else "--"
    named = {
        f"{dashes}source and {dashes}target": options.source or options.target,
        f"{dashes}csv": options.csv,
        f"{dashes}tsv": options.tsv,
        f"{dashes}jsonl": options.jsonl,
        f"{dashes}corpus": options.corpus,
        f"{dashes}hub": options.hub,
    }
    given = [option for option, value in named.items() if value is not None]
    if len(given) > 1:
        raise CorpusError(f"{' and '.join(given)}: a corpus comes from one of them; give only one")
    columns = None if options.columns is None else _columns(options.columns, f"{dashes}columns")
    source, target = map(_number, columns) if columns else _table_columns(before)
    if options.csv is not None:
        return CsvCorpus(kind="csv", path=str(options.csv), source_column=source, target_column=target)
    if options.tsv is not None:
        return TabSeparatedCorpus(kind="tsv", path=str(options.tsv), source_column=source, target_column=target)
    if options.jsonl is not None:
        jsonl = before if isinstance(before, JsonLinesCorpus) else JsonLinesCorpus(kind="jsonl", path="")
        keys = {"source_key": columns[0], "target_key": columns[1]} if columns else {}
        return jsonl.model_copy(update={"path": str(options.jsonl), **keys})
    if options.hub is not None:
        name, _, wanted = options.hub.partition(":")
        if columns is None and isinstance(before, HubCorpus):
            columns = before.source_column, before.target_column
        if columns is None:
            raise CorpusError(
                f"{dashes}hub {options.hub}: say which columns hold the texts, such as "
                f"{dashes}columns translation.de,translation.en"
            )
        return HubCorpus(
            kind="hub", name=name, split=wanted or split, source_column=columns[0], target_column=columns[1]
        )
    if columns is not None:
        raise CorpusError(
            f"{dashes}columns {options.columns}: only {dashes}csv, {dashes}tsv, {dashes}jsonl and {dashes}hub have "
            f"columns; give one of them, or leave {dashes}columns out"
        )
    if options.corpus is not None:
        return _known_corpus(options.corpus, split, f"{dashes}corpus")
    if not given:
        return None
    if options.source is None or options.target is None:
        raise CorpusError(
            f"give both {dashes}source FILE and {dashes}target FILE: line n of one belongs to line n of the other"
        )
    return FilesCorpus(source=str(options.source), target=str(options.target))


def files_read(options: CorpusOptions) -> list[Path]:
    """The files that `corpus_pairs` and `corpus_references` read, those of a known corpus among them."""
    choice = None if options.corpus is None else chosen_corpus(options, "test")
    return [*options.files, *(() if choice is None else build_corpus(choice, None).files)]


def corpus_pairs(options: CorpusOptions, recipe: Recipe | None, on_error: OnError) -> LoadedPairs:
    """All pairs of a corpus to be measured on. CorpusError without a corpus, and under "stop" for a faulty pair.

    Where no columns are given they are those that the `recipe`, of the model that is measured, was trained on. That
    pairs were left out is said.
    """
    before = recipe.data.train if recipe else None
    choice = chosen_corpus(options, "test", before=before)
    if choice is None:
        raise CorpusError(
            "which corpus? Give --source FILE --target FILE, or --csv FILE, --tsv FILE, --jsonl FILE, --corpus NAME or "
            "--hub NAME"
        )
    if options.columns is None and (columns := _unusual_columns(choice)):
        say(f"columns {columns[0]},{columns[1]}: those that the model was trained on; give others with --columns")
    corpus = build_corpus(choice, None)
    for note in corpus_notes(corpus):
        say(note)
    return _load(corpus, recipe, on_error)


def corpus_references(options: ReferencesOptions, recipe: Recipe | None, on_error: OnError) -> LoadedReferences:
    """Each source of a corpus to be measured on, with its target or its targets; else as `corpus_pairs`."""
    choice = chosen_corpus(options, "test") if options.further_targets else None
    if not isinstance(choice, FilesCorpus):
        loaded = corpus_pairs(options, recipe, on_error)
        return LoadedReferences([(source, (target,)) for source, target in loaded.pairs], loaded.dropped)
    corpus = SeveralTargets(Path(choice.source), (Path(choice.target), *options.further_targets))
    pairs, dropped = _load(corpus, recipe, on_error)
    sources = [pair.source for pair in pairs]
    return LoadedReferences(list(zip(sources, corpus.references, strict=True)), dropped)


def _load(corpus: Corpus, recipe: Recipe | None, on_error: OnError) -> LoadedPairs:
    """The good pairs; that others were left out is said."""
    limit = recipe.data.max_characters if recipe else MAX_CHARACTERS
    loaded = load_pairs(corpus, on_error=on_error, max_characters=limit, drop_setting="--on-error drop")
    if loaded.dropped.count:
        say(f"{corpus.name}: {loaded.dropped.message()}")
    return loaded


def _table_columns(before: CorpusChoice | None) -> tuple[int | str, int | str]:
    """Return the columns of a table, or the first two for a corpus that is not a table."""
    if isinstance(before, CsvCorpus | TabSeparatedCorpus):
        return before.source_column, before.target_column
    return 1, 2


def _unusual_columns(choice: CorpusChoice) -> tuple[int | str, int | str] | None:
    """The columns of a corpus; None where it has none, or those that it has unless others are named."""
    match choice:
        case (
            TabSeparatedCorpus(source_column=source, target_column=target)
            | CsvCorpus(source_column=source, target_column=target)
        ) if (source, target) != (1, 2):
            return source, target
        case JsonLinesCorpus(source_key=source, target_key=target) if (source, target) != ("source", "target"):
            return source, target
        case HubCorpus(source_column=source, target_column=target):
            return source, target
        case _:
            return None


def _known_corpus(given: str, split: str, option: str) -> NamedCorpus:
    name, _, wanted = given.partition(":")
    wanted = wanted or split
    if wanted not in {"train", "validation", "test"}:
        raise CorpusError(f"{option} {given}: there is no split {wanted!r}; the splits are train, validation and test")
    return NamedCorpus(kind="named", name=name, split=wanted)  # type: ignore[arg-type]


def _columns(given: str, option: str) -> tuple[str, str]:
    parts = [part.strip() for part in given.split(",")]
    if len(parts) != 2 or not all(parts):
        raise CorpusError(f"{option} {given}: name two columns with a comma between, such as 1,2 or de,en")
    return parts[0], parts[1]


def _number(column: str) -> int | str:
    number = decimal(column)
    return column if number < 0 else number
