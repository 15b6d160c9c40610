"""The recipe of a run: chosen from its corpus by what is measured on it, or read from the run that goes on."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tandem.corpora.pairs import Pair
from tandem.errors import RecipeError
from tandem.metrics.fitting import fits_exact
from tandem.model_paths import read_current
from tandem.names import LARGEST_COUNT
from tandem.recipe import (
    Data,
    Device,
    LearningRate,
    Model,
    Optimizer,
    Recipe,
    Search,
    Texts,
    Training,
    load_recipe,
    override,
)
from tandem.runs.budget import fit_to_time
from tandem.runs.corpora import (
    GivenPairs,
    format_warnings,
    has_features,
    read_first_pairs,
    settle_features,
    settle_formats,
)
from tandem.runs.corpus_figures import CorpusFigures, look_closely
from tandem.runs.sizing import BY_HEART, Size, size_for
from tandem.terminal import Notify, counted

_LEAST_VALIDATION = 20  # The smallest number of validation pairs: with fewer, chance would decide.
_USUAL_FRACTION = Data.model_fields["validation_fraction"].default
_ROOM = 1.25  # outputs may be longer than the longest training target by this factor
_SAMPLE = 2_000  # the number of pairs that speed is measured on
_SETTLED = 0.3  # the share of the steps after which the learning rate falls
_READING_SETTINGS = ("data.", "seed")  # what the settings begin with that say how the corpus is read
_FAR_FROM_ALL = 0.5
"""With a smaller share of the usual training, the reason for a budget says how long the usual training would take."""


_WITH_ATTENTION = Model(
    layers=1,
    tie_output=True,
    bidirectional=True,
    attention="luong",
    attention_score="additive",
    scale_embedding=True,
    init_range="torch",
)
_WITHOUT_ATTENTION = Model(layers=1, tie_output=True)


class Choice(NamedTuple):
    """The chosen recipe, and the reasons, one line for each decision."""

    recipe: Recipe
    reasons: list[str]


class Budget(NamedTuple):
    """The time that a training may take."""

    deadline: float  # the end of the time, on the clock of `time.monotonic`
    device: Device
    with_settings: Callable[[Recipe], Recipe]  # puts the user's settings over a recipe


def chosen_recipe(
    data: Data,
    settings: Sequence[str],
    given: GivenPairs | None,
    notify: Notify,
    *,
    budget: str | None = None,
    device: Device = "auto",
) -> Choice:
    """Choose a recipe from the training pairs, put `settings` over it, and notify the user of each reason.

    `budget` is the time that everything may take from now on, such as "20m".
    """
    deadline = None if budget is None else time.monotonic() + seconds_in(budget)
    bare = Recipe(data=data)
    # This reports what is wrong with any setting before the corpus is read.
    wanted = override(bare.model_copy(update={"model": _WITH_ATTENTION}), settings)
    # The settings that say how the corpus is read must hold before it is read for choosing the others.
    bare = override(bare, [setting for setting in settings if setting.startswith(_READING_SETTINGS)])
    bare = settle_formats(settle_features(bare, data, notify), notify)
    for warning in format_warnings(bare.data):
        notify(warning)
    first, count = read_first_pairs(bare.data, given)
    limit = None if deadline is None else Budget(deadline, device, lambda recipe: override(recipe, settings))
    choice = choose_recipe(
        first,
        bare.data,
        count,
        limit,
        attention=wanted.model.attention != "off",
        copying=_may_copy(wanted, settings),
        joint=wanted.text.joint,
        features=wanted.text.features is not None or has_features(bare.data, given),
    )
    own = [setting for setting in settings if not setting.startswith(_READING_SETTINGS)]
    reasons = [*choice.reasons, *([f"but as it was set: {', '.join(own)}"] if own else [])]
    for reason in reasons:
        notify(reason)
    return Choice(override(choice.recipe, settings), reasons)


def _may_copy(wanted: Recipe, settings: Sequence[str]) -> bool:
    """Return whether the model may copy: no setting turns copying off, and none excludes it."""
    copying = wanted.model.model_copy(update={"copy": True})
    with suppress(RecipeError):
        return override(wanted.model_copy(update={"model": copying}), settings).model.copy
    return False


def read_run_recipe(run: Path, settings: Sequence[str]) -> Recipe:
    """Read the recipe of the run in this directory, and put `settings` over it."""
    read_current(run)  # raises first where there is no run at all
    return load_recipe(run / "recipe.toml", settings)


def choose_recipe(
    pairs: Sequence[Pair],
    data: Data,
    count: int,
    budget: Budget | None = None,
    *,
    attention: bool = True,
    copying: bool = True,
    joint: bool = False,
    features: bool = False,
) -> Choice:
    """Choose tokens, size, schedule and limits for `count` training pairs, of which `pairs` are the first.

    Without `attention` the model has one direction and reads the source backwards, as in Sutskever et al. 2014. With
    `copying` and attention it may copy words. `joint` is whether both sides have one vocabulary. With `features`, what
    follows a tab in a source is its features.
    """
    may_copy = copying and attention and not joint and not features
    corpus = look_closely(pairs, count, joint=joint, features=features, copying=may_copy)
    is_default = data.validation is None and data.validation_fraction == _USUAL_FRACTION
    by_heart = is_default and corpus.sources < BY_HEART
    data = _held_back(data, count, by_heart)
    size = size_for(count, corpus.tokens, by_heart=by_heart, attention=attention)
    exact = fits_exact([pair.target for pair in pairs])

    def recipe_of(tried: Size) -> Recipe:
        return make_recipe_of(corpus, tried, data, exact=exact, attention=attention)

    reasons = _token_reasons(corpus)
    if budget is not None:
        size, reason = _fitted(corpus, size, data, budget, pairs, recipe_of)
        reasons.append(reason)
    recipe = recipe_of(size)
    return Choice(recipe, [*reasons, *_other_reasons(corpus, size, recipe, by_heart=by_heart)])


def _fitted(
    corpus: CorpusFigures,
    size: Size,
    data: Data,
    budget: Budget,
    pairs: Sequence[Pair],
    recipe_of: Callable[[Size], Recipe],
) -> tuple[Size, str]:
    sample = pairs[:: max(1, len(pairs) // _SAMPLE)]
    fitted = fit_to_time(
        size,
        count_trained := round(corpus.pairs * (1 - (data.validation_fraction if data.validation is None else 0))),
        budget.deadline,
        lambda tried: budget.with_settings(recipe_of(tried)),
        sample,
        (corpus.source.tokenizer, corpus.target.tokenizer),
        min(data.validation_at_most, corpus.pairs - count_trained or 1_000),
        budget.device,
    )
    share = fitted.size.steps * fitted.size.batch_size / (size.steps * size.batch_size)
    usual = f"; all of it would take about {fitted.usual_seconds / 60:.0f}" if share < _FAR_FROM_ALL else ""
    return fitted.size, (
        f"budget: by measured steps, a model of {fitted.size.hidden} instead of {size.hidden} and {100 * share:.0f} % "
        f"of the usual training are done in {fitted.seconds / 60:.1f} minutes from now{usual}"
    )


def make_recipe_of(corpus: CorpusFigures, size: Size, data: Data, *, exact: bool, attention: bool) -> Recipe:
    """Return the recipe with these tokens, this size, and limits that fit the corpus."""
    sizes = {
        "hidden": size.hidden,
        "embedding": size.embedding,
        "dropout": size.dropout,
        "output_dropout": size.output_dropout,
        "copy": corpus.copying is not None,
    }
    return Recipe(
        data=data,
        text=Texts(
            source=corpus.source.text,
            target=corpus.target.text,
            features=corpus.source.features,
            reverse_source=not attention,
            joint=corpus.source is corpus.target,
        ),
        model=(_WITH_ATTENTION if attention else _WITHOUT_ATTENTION).model_copy(update=sizes),
        training=Training(
            epochs=size.epochs,
            passes=size.passes,
            batch_size=size.batch_size,
            optimizer=Optimizer(name="adamw", learning_rate=size.learning_rate, weight_decay=size.weight_decay),
            learning_rate=LearningRate(schedule="linear", warmup_steps=size.warmup_steps, decay_from=_SETTLED),
            label_smoothing=0.1,
            patience=size.patience,
            keep="exact" if exact else "chrf",
        ),
        search=fitting_limits(corpus.source_lengths, corpus.target_lengths),
    )


def fitting_limits(source_lengths: npt.NDArray[np.int64], target_lengths: npt.NDArray[np.int64]) -> Search:
    """Return limits of the output's length that leave room above every training target."""
    factor = math.ceil(10 * _ROOM * target_lengths.sum() / source_lengths.sum()) / 10
    above = int(np.ceil((_ROOM * target_lengths - factor * source_lengths).max()))
    defaults = Search()
    return Search(
        max_length_factor=min(max(factor, defaults.max_length_factor), 100.0),
        max_length_extra=min(max(above, defaults.max_length_extra), 10_000),
    )


def _held_back(data: Data, count: int, by_heart: bool) -> Data:
    """Return the corpus with a fraction held back that is large enough to validate on, or with none."""
    if data.validation is not None or data.validation_fraction != _USUAL_FRACTION:
        return data
    fraction = 0.0 if by_heart else max(data.validation_fraction, round(min(_LEAST_VALIDATION / count, 0.2), 3))
    return data.model_copy(update={"validation_fraction": fraction})


def _token_reasons(corpus: CorpusFigures) -> list[str]:
    reasons = []
    sides = [("source tokens", corpus.source), ("target tokens", corpus.target)]
    if corpus.source is corpus.target:
        sides = [("tokens of both sides", corpus.source)]
    for name, chosen in sides:
        rejected = f"; {'; '.join(chosen.rejected)}" if chosen.rejected else ""
        reasons.append(f"{name}: {chosen.reason}{rejected}")
    return reasons if corpus.copying is None else [*reasons, corpus.copying]


def _other_reasons(corpus: CorpusFigures, size: Size, recipe: Recipe, *, by_heart: bool) -> list[str]:
    search, exact = recipe.search, recipe.training.keep == "exact"
    seen = f"{counted(corpus.pairs, 'pair')} of {corpus.tokens:,.0f} tokens"
    passes = f" of {size.passes} passes" if size.passes > 1 else ""
    judged = "outputs that are exactly right" if exact else "chrF, how near translations come to their references"
    kept = f"the epoch is kept that is best by {judged}"
    attends = "attention: each step looks at all of the source, which is read from both ends (Bahdanau et al. 2015)"
    turned = "source reversed: the first words to be written are then read last (Sutskever et al. 2014, section 3.3)"
    reasons = [
        attends if recipe.model.attention != "off" else turned,
        f"model: 1 LSTM layer of {size.hidden}, embeddings of {size.embedding}, dropout {size.dropout}: for {seen}",
        f"schedule: {counted(size.steps, 'step')} of {counted(size.batch_size, 'pair')} in "
        f"{counted(size.epochs, 'epoch')}{passes}; AdamW at {size.learning_rate} with a weight decay of "
        f"{size.weight_decay} and a warm-up, down to 0 after {100 * _SETTLED:.0f} %; it ends after {size.patience} "
        f"epochs that were no better; {kept}",
        f"longest output: {search.max_length_factor:g} x the source's tokens + {search.max_length_extra}; the longest "
        f"training target has {corpus.target_lengths.max():,} tokens",
    ]
    if by_heart:
        different = counted(corpus.sources, "different source")
        reasons.append(f"nothing is held back: with {different} all pairs are learnt by heart")
    return reasons


def seconds_in(text: str) -> float:
    """Return the seconds in a time such as "90s", "20m", "1.5h" or "1h30m". RecipeError for anything else."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    total, number = 0.0, ""
    for character in text.strip().lower():
        if character in units and number:
            try:
                total, number = total + float(number) * units[character], ""
            except ValueError:
                break
        else:
            number += character
    if number or not 0 < total <= LARGEST_COUNT:
        raise RecipeError(f"--budget {text[:40]}: give a time such as 20m, 90s or 1h30m")
    return total
