"""`tandem.compare`: several runs, of which those that differ only in their seed count as one system."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from tandem.checkpoint import load_checkpoint
from tandem.corpora.given import checked_references
from tandem.corpora.references import group_references
from tandem.errors import ArgumentError, RecipeError
from tandem.files.paths import path_of, resolved
from tandem.metrics import BleuTokenizer, TokenizerChoice, bleu, choose_tokenizer, leading_scores
from tandem.metrics.bootstrap import Difference, Resampling, Table, bleu_statistics, difference_of_trainings
from tandem.metrics.tables import RESAMPLED, Resampled
from tandem.recipe import Device, Precision, Recipe
from tandem.runs.changes import flat_settings
from tandem.runs.evaluation import search_signature, translate_all
from tandem.terminal import OnProgress
from tandem.text import norm_signature, normalise
from tandem.translation import Translator, load
from tandem.translation.settings import SearchSettings

_WITHOUT_EFFECT = {
    "seed",
    "data.loader_workers",
    "training.keep_last",
    "training.save_minutes",
    "training.save_steps",
}
"""Settings in which the runs of one system may differ: the seed, and those that do not affect the weights."""


@dataclass(frozen=True)
class Spread:
    """A score over the runs of a system."""

    mean: float
    deviation: float | None  # sample standard deviation; None for a single run
    lowest: float
    highest: float


@dataclass(frozen=True)
class ComparedRun:
    """A run and its scores by name."""

    path: Path
    seed: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class ComparedSystem:
    """All runs of one recipe."""

    name: str
    runs: tuple[ComparedRun, ...]
    spreads: Mapping[str, Spread]
    differences: Mapping[str, Difference]  # what its mean score exceeds the first system's by; empty for the first
    search: str  # signature of the search, in sacreBLEU's notation


@dataclass(frozen=True)
class RunComparison:
    """The result of `tandem.compare`."""

    sources: int  # the number of distinct source texts, each translated once by every run
    systems: tuple[ComparedSystem, ...]
    settings: Mapping[str, tuple[Any, ...]]  # those that differ, with a value for each system, or None
    signatures: Mapping[str, str]  # the signature of each score
    resampling: str  # the signature of the intervals and p values, in sacreBLEU's notation


@dataclass
class _Group:
    """The runs of one recipe."""

    settings: dict[str, Any]
    members: list[tuple[Path, Recipe]]


def compare(
    runs: Sequence[str | Path],
    pairs: Iterable[tuple[str, str | Sequence[str]]],
    *,
    search: Callable[[Translator], SearchSettings] = Translator.search_settings,
    lowercase: bool | None = None,
    raw: bool = False,
    tokenize: TokenizerChoice | None = None,
    resampling: Resampling | None = None,
    device: Device = "auto",
    precision: Precision = "float32",
    on_progress: OnProgress = lambda *_: None,
) -> RunComparison:
    """Compare the best checkpoints of runs on pairs: mean and deviation over seeds, and paired significance.

    Runs whose recipes differ only in the seed are one system, and all systems are compared with the first. The scores
    are those that suit the references (`tandem.metrics.leading_scores`). `search` returns the settings of each
    translator, by default those of its recipe. `lowercase` and `tokenize` default to those of the first recipe. Texts
    are normalised unless `raw`. One model is in memory at a time. RecipeError where a run is given twice; ArgumentError
    or CorpusError where `runs` or `pairs` have another form.
    """
    groups = _grouped(runs)
    task = _task(pairs, [recipe for group in groups for _, recipe in group.members], lowercase, raw, tokenize)
    resampling = resampling or Resampling()
    systems: list[ComparedSystem] = []
    baseline: dict[str, list[Table]] = {}
    for name, group in zip(_names(groups), groups, strict=True):
        compared, tables, signature = [], {score: list[Table]() for score in task.scores}, ""
        for path, recipe in group.members:
            translator = load(path, device=device, precision=precision)
            settings = search(translator)
            made = translate_all(translator, task.sources, settings, f"{path} translates", on_progress)
            texts = task.normalised([translation.text for translation in made])
            for score, rows in tables.items():
                rows.append(task.metric(score).tabulate(texts, task.references, lowercase=task.lowercase))
            scores = {score: float(RESAMPLED[score].measure(rows[-1].sum(0))) for score, rows in tables.items()}
            compared.append(ComparedRun(path, recipe.seed, scores))
            signature = search_signature(translator, settings)
        on_progress("systems are compared", 0, 1)
        baseline = baseline or tables
        spreads = {score: _spread([run.scores[score] for run in compared]) for score in tables}
        differences = {
            score: difference_of_trainings(rows, baseline[score], resampling, RESAMPLED[score].measure)
            for score, rows in tables.items()
            if systems  # nothing is compared with the first one itself
        }
        systems.append(ComparedSystem(name, tuple(compared), spreads, differences, signature))
    drawn = f"{resampling.signature}|drawn:sentences+runs"
    return RunComparison(len(task.sources), tuple(systems), _differing(groups), task.signatures(), drawn)


@dataclass(frozen=True)
class _Task:
    """What is translated, and how the translations are scored."""

    sources: Sequence[str]
    references: Sequence[Sequence[str]]
    scores: Sequence[str]
    lowercase: bool
    raw: bool
    tokenizer: BleuTokenizer

    def metric(self, score: str) -> Resampled:
        """Return how a score is computed; BLEU uses the same tokenizer for every run."""
        resampled = RESAMPLED[score]
        if score != "bleu":
            return resampled
        return resampled._replace(
            metric=partial(bleu, tokenize=self.tokenizer), tabulate=partial(bleu_statistics, tokenize=self.tokenizer)
        )

    def normalised(self, texts: list[str]) -> list[str]:
        return texts if self.raw else [normalise(text) for text in texts]

    def signatures(self) -> dict[str, str]:
        # Signatures do not depend on the translations, so the references take their place.
        right = [texts[0] for texts in self.references]
        signatures = {}
        for name in self.scores:
            score = self.metric(name).metric(right, self.references, lowercase=self.lowercase)
            signatures[name] = f"{score.signature}|{norm_signature(raw=self.raw)}"
        return signatures


def _task(
    pairs: Iterable[tuple[str, str | Sequence[str]]],
    recipes: Sequence[Recipe],
    lowercase: bool | None,
    raw: bool,
    tokenize: TokenizerChoice | None,
) -> _Task:
    ignore_case = all(recipe.text.source.lowercase for recipe in recipes)
    features = any(recipe.text.features for recipe in recipes)
    groups = group_references(checked_references(pairs, "pairs"), lowercase=ignore_case, raw=raw, features=features)
    references = [targets for _, targets in groups]
    scores = [name for name in leading_scores([text for texts in references for text in texts]) if name in RESAMPLED]
    lower = recipes[0].search.lowercase_scores if lowercase is None else lowercase
    choice = tokenize or recipes[0].search.score_tokenize
    tokenizer = choose_tokenizer(choice, (text for texts in references for text in texts))
    return _Task([source for source, _ in groups], references, scores, lower, raw, tokenizer)


def _grouped(runs: Sequence[str | Path]) -> list[_Group]:
    """Group the runs by their recipes, in the order in which they are given."""
    if isinstance(runs, str | os.PathLike) or not runs:
        raise ArgumentError(f"runs is {runs!r}, but must be a list of the directories of runs or checkpoints")
    groups: list[_Group] = []
    seen: set[Path] = set()
    for path in (path_of(run, "runs") for run in runs):
        if resolved(path) in seen:
            raise RecipeError(f"{path}: is given twice; each run counts once, so give it once")
        seen.add(resolved(path))
        recipe = load_checkpoint(path).recipe
        settings = {name: value for name, value in flat_settings(recipe).items() if name not in _WITHOUT_EFFECT}
        group = next((group for group in groups if group.settings == settings), None)
        if group is None:
            groups.append(group := _Group(settings, []))
        group.members.append((path, recipe))
    return groups


def _names(groups: Sequence[_Group]) -> list[str]:
    """Name a system of one run like its directory, and one of several runs by what their names begin with."""
    names: list[str] = []
    for group in groups:
        runs = [resolved(path).name for path, _ in group.members]
        name = runs[0]
        if len(runs) > 1:
            shared = os.path.commonprefix(runs).rstrip("0123456789").rstrip("-_. ")  # noqa: RUF071 - names, not paths
            name = shared.removesuffix("seed").rstrip("-_. ") or name
        names.append(name if name not in names else str(group.members[0][0]))
    return names


def _spread(values: Sequence[float]) -> Spread:
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, min(values), max(values))


def _differing(groups: Sequence[_Group]) -> dict[str, tuple[Any, ...]]:
    names = dict.fromkeys(name for group in groups for name in group.settings)
    values = {name: tuple(group.settings.get(name) for group in groups) for name in names}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}
