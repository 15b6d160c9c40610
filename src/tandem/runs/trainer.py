"""`tandem.train`: from pairs, files or a recipe to a translator."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tandem.console import PrintableConsole
from tandem.corpora.given import read_once
from tandem.corpora.kinds import CorpusChoice
from tandem.corpora.memory import MemoryCorpus
from tandem.corpora.parallel_files import FilesCorpus
from tandem.errors import ArgumentError, RecipeError, TandemError
from tandem.files.paths import path_of
from tandem.recipe import Data, Device, Recipe, load_recipe, make_recipe, override, setting_lines
from tandem.recording import Recorder
from tandem.recording.live import TrainingDisplay, training_display
from tandem.runs.corpora import GivenPairs
from tandem.runs.directories import check_unused
from tandem.runs.execution import run_recipe
from tandem.runs.recipe_choice import Choice, chosen_recipe, read_run_recipe
from tandem.runs.trials import make_variants, try_recipes
from tandem.terminal import Notify
from tandem.translation.translator import Translator

_ARGUMENTS = {"--out": "out", "--resume": "resume=True", "--set": "settings"}
_OPTION = re.compile(r"tandem [a-z]+ [^)\n]*|--[a-z-]+")
"""An option, or a whole command, which is left as it is."""


def train(
    recipe: Recipe | str | Path | None = None,
    *,
    out: str | Path,
    pairs: Iterable[tuple[str, str]] | None = None,
    validation_pairs: Iterable[tuple[str, str]] | None = None,
    test_pairs: Iterable[tuple[str, str]] | None = None,
    source: str | Path | None = None,
    target: str | Path | None = None,
    features: str | Path | None = None,
    validation_source: str | Path | None = None,
    validation_target: str | Path | None = None,
    validation_features: str | Path | None = None,
    test_source: str | Path | None = None,
    test_target: str | Path | None = None,
    test_features: str | Path | None = None,
    data: Data | Mapping[str, Any] | None = None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    budget: str | None = None,
    tries: int | None = None,
    device: Device = "auto",
    processes: int = 1,
    resume: bool = False,
    recorders: Sequence[Recorder] | None = None,
    notify: Notify | None = None,
    progress: bool | None = None,
) -> Translator:
    """Train a model into the directory `out`, and return the translator of its best epoch.

    Train on a `recipe` (a Recipe or a path to one), on `pairs` of texts (any iterable, which is read once), on the
    parallel files `source` and `target`, or on `data`: corpora of any kind, as in the section [data] of a recipe.
    Features of the sources, such as tags, are a third part of each pair, or the file `features`, line by line.
    Without a recipe one is chosen from the pairs. Validation and test corpora are given in the same ways; without
    them, some training pairs are held back for validation, and the model is scored on these.

    `settings` override the recipe: a dictionary such as {"training.epochs": 3} or strings such as "training.epochs=3".
    `budget` is the time that everything may take, such as "20m"; a recipe that fits it on this machine is then chosen.
    `tries` is the number of variants of the recipe to try for a while; the best one goes on. `processes` is the number
    of processes of this machine that train together. `resume` continues the run
    in `out`, by its own recipe or by one that differs only where it may. Each of the `recorders` gets every event, and
    `notify` gets sentences for the user. `progress` shows both on standard error; None shows them in a terminal, unless
    `recorders` or `notify` are given.

    Raises RecipeError, CorpusError, TrainingError, CheckpointError or ArgumentError, each saying what to do. After
    SIGINT or SIGTERM the current step ends, the run is saved, and Stopped, a KeyboardInterrupt, is raised.
    """
    if progress is None:
        progress = recorders is None and notify is None and sys.stderr is not None and sys.stderr.isatty()
    with _with_argument_names(), training_display(PrintableConsole(stderr=True) if progress else None) as display:
        corpora = (
            _given_corpus("", pairs, source, target, features),
            _given_corpus("validation_", validation_pairs, validation_source, validation_target, validation_features),
            _given_corpus("test_", test_pairs, test_source, test_target, test_features),
        )
        where, lines = path_of(out, "out"), setting_lines(settings)
        request = _Request(recipe, where, lines, data, corpora, budget, tries, device, processes, resume)
        return request.run(recorders or (), notify, display)


class _GivenCorpus(NamedTuple):
    """One of a run's corpora as `tandem.train` takes it: pairs in memory, or two parallel files."""

    prefix: str  # the beginning of the names of its parameters, such as "validation_"
    pairs: Sequence[tuple[str, str]] | None
    source: str | Path | None
    target: str | Path | None
    features: str | Path | None

    @property
    def in_files(self) -> bool:
        """Whether at least one of its files is given."""
        return any(file is not None for file in (self.source, self.target, self.features))

    def choice(self) -> CorpusChoice | None:
        """Return the corpus as a recipe names it; None where nothing is given. RecipeError where a part is missing."""
        prefix = self.prefix
        if self.pairs is not None and self.in_files:
            raise RecipeError(f"give {prefix}pairs, or {prefix}source and {prefix}target files, not both")
        if self.pairs is not None:
            return MemoryCorpus(kind="memory")
        if self.source is not None and self.target is not None:
            features = None if self.features is None else str(self.features)
            return FilesCorpus(source=str(self.source), target=str(self.target), features=features)
        if self.in_files:
            raise RecipeError(
                f"give both {prefix}source and {prefix}target: line n of one file belongs to line n of the other"
            )
        return None


_GivenCorpora: TypeAlias = tuple[_GivenCorpus, _GivenCorpus, _GivenCorpus]  # train, validation and test


@dataclass(frozen=True)
class _Request:
    """The arguments of `train`."""

    recipe: Recipe | str | Path | None
    out: Path
    settings: Sequence[str]
    data: Data | Mapping[str, Any] | None
    corpora: _GivenCorpora
    budget: str | None
    tries: int | None
    device: Device
    processes: int
    resume: bool

    def __post_init__(self) -> None:
        processes: object = self.processes  # types alone do not ensure what it is
        if not isinstance(processes, int) or processes < 1:
            raise ArgumentError(f"processes is {self.processes!r}, but must be a whole number, at least 1")
        if not (self.recipe is None or isinstance(self.recipe, Recipe | str | os.PathLike)):
            raise ArgumentError(
                f"recipe is of type {type(self.recipe).__name__}, but must be a Recipe or the path of one. Pairs are "
                "given as pairs=..."
            )

    def run(self, recorders: Sequence[Recorder], notify: Notify | None, display: TrainingDisplay) -> Translator:
        """Choose the recipe where none is given, try variants of it where asked to, and train."""

        def tell(sentence: str) -> None:
            if notify is not None:
                notify(sentence)
            display.notify(sentence)

        given = GivenPairs(*(corpus.pairs for corpus in self.corpora))
        choice, resume = self._choose(given, tell), self.resume
        if self.tries is not None:
            if resume:
                raise RecipeError("tries: leave out resume; the same call continues the trials where they stopped")
            variants = make_variants(choice.recipe, self.tries)
            best, rounds = try_recipes(
                variants, self.out, device=self.device, given=given, recorders=tuple, notify=tell
            )
            choice, resume = Choice(best.recipe, [*choice.reasons, *rounds]), True
        return run_recipe(
            choice.recipe,
            self.out,
            device=self.device,
            processes=self.processes,
            resume=resume,
            given=given,
            reasons=choice.reasons,
            formats_checked=bool(choice.reasons),
            recorders=[*recorders, *display.recorders],
            on_progress=display.on_progress,
            notify=tell,
        ).translator

    def _choose(self, given: GivenPairs, notify: Notify) -> Choice:
        """Return the recipe that was asked for, or choose one; only a chosen one has reasons."""
        if not self.resume:
            check_unused(self.out)  # first, since choosing a recipe may take long
        if self.budget is not None and (self.resume or self.recipe is not None):
            raise RecipeError(
                "budget: only a recipe that Tandem chooses can be fitted to a time; leave out recipe and resume"
            )
        if self.recipe is None and not self.resume:
            data = self.data
            if data is None:
                data = _given_data(self.corpora)
            else:
                if not isinstance(data, Data):
                    data = make_recipe({"data": dict(data)}, "tandem.train(data=...)").data
                _check_given(data, self.corpora)
            return chosen_recipe(data, self.settings, given, notify, budget=self.budget, device=self.device)
        if self.data is not None:
            raise RecipeError("a recipe names its corpora: give a recipe, or data, not both")
        if self.recipe is None:
            recipe = read_run_recipe(self.out, self.settings)
        elif isinstance(self.recipe, Recipe):
            recipe = override(self.recipe, self.settings)
        else:
            recipe = load_recipe(self.recipe, self.settings)
        _check_given(recipe.data, self.corpora)
        return Choice(recipe, [])


@contextmanager
def _with_argument_names() -> Iterator[None]:
    """Replace options by the names of arguments in the message of a TandemError that leaves this block."""
    try:
        yield
    except TandemError as error:
        error.args = (_OPTION.sub(lambda match: _ARGUMENTS.get(match[0], match[0]), str(error)),)
        raise


def _given_corpus(
    prefix: str,
    pairs: Iterable[tuple[str, str]] | None,
    source: str | Path | None,
    target: str | Path | None,
    features: str | Path | None,
) -> _GivenCorpus:
    """Return one of the corpora of a run, with its pairs read. Raise ArgumentError where they cannot be pairs."""
    return _GivenCorpus(prefix, None if pairs is None else read_once(pairs, f"{prefix}pairs"), source, target, features)


def _given_data(corpora: _GivenCorpora) -> Data:
    """Return the corpora whose pairs or files are given. Raise RecipeError where there are none to train on."""
    train, validation, test = (corpus.choice() for corpus in corpora)
    if train is None:
        raise RecipeError(
            "there is nothing to train on: give a recipe, or pairs, or both a source and a target file, or data"
        )
    return Data(train=train, validation=validation, test=test)


def _check_given(data: Data, corpora: _GivenCorpora) -> None:
    """Raise RecipeError where the section [data] of a recipe names corpora and others are given as well."""
    choices = {"train": data.train, "validation": data.validation, "test": data.test}
    for corpus, (name, choice) in zip(corpora, choices.items(), strict=True):
        if corpus.in_files or (corpus.pairs is not None and not isinstance(choice, MemoryCorpus)):
            raise RecipeError(
                "a recipe names its corpus: give a recipe, or pairs, or source and target files, not two of them. "
                f'A recipe whose data.{name} is {{ kind = "memory" }} takes {corpus.prefix}pairs'
            )
