"""A size and a schedule that end in a given time on this machine, by measured steps."""

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from tandem.batches import Batches
from tandem.build import (
    build_fabric,
    build_forcing,
    build_loop_settings,
    build_model,
    build_optimizer,
    build_schedule,
    choose_device,
    choose_precision,
)
from tandem.corpora.pairs import Pair
from tandem.engines.members import Member
from tandem.errors import RecipeError
from tandem.recipe import Device, Recipe
from tandem.runs.calibrate import MOST_CALIBRATED
from tandem.runs.prepare import encode_pairs
from tandem.runs.sizing import Size, shrunk
from tandem.text import Tokenizer
from tandem.training import Training
from tandem.training.events import StepDone, Validation
from tandem.translation.translator import Translator

_WIDTHS = (1.25, 1.0, 0.8, 0.65, 0.5, 0.35)
"""Models as wide as the usual one times this are measured."""
_MOST_PRESENTED = 2.0
"""A corpus is not gone through more often than twice as often as usual, however much time there is."""
_STEPS = (2, 100)
"""Optimiser steps that warm up, and those that are measured after them at most."""
_LONGER = 3.0
"""The width that was chosen is measured again, for so much longer."""
_SHARE = 0.01
"""Of the time, what measuring one width takes, but for the warm-up and one step."""
_SUSTAINED = 1.35
"""Steps of a whole training take so much longer than those of a short measurement: twice, on a shared two-core machine,
trainings on Multi30k that were given 5 minutes took 6:56 without this."""
_SAMPLE = 64
"""Texts whose translation is timed."""
_FIXED = 12.0
"""Seconds for what is done once: preparing the corpus, saving, the report."""


class Speed(NamedTuple):
    """How long the parts of a training take, in seconds."""

    pair: float
    """Training on a pair once."""
    validation: float
    """One validation."""
    final: float
    """Scoring the best model at the end."""


class Fitted(NamedTuple):
    """What was made of a size."""

    size: Size
    seconds: float
    """What it is expected to take from now on."""
    usual_seconds: float
    """What the usual size is expected to take."""


def fit_to_time(
    size: Size,
    pairs: int,
    deadline: float,
    recipe_of: Callable[[Size], Recipe],
    sample: Sequence[Pair],
    tokenizers: tuple[Tokenizer, Tokenizer],
    validation: int,
    device: Device,
) -> Fitted:
    """The size that makes the most of the time: a model about as much narrower as its training becomes shorter.

    Args:
        size: what a corpus of so many `pairs` usually gets.
        pairs: the number of training pairs.
        deadline: when all is to be done, as `time.monotonic` tells it.
        recipe_of: makes the recipe for a size.
        sample: pairs that are like those trained on.
        tokenizers: of source and target.
        validation: how many pairs are validated on.
        device: where the model is trained.

    Raises:
        RecipeError: when the time is too short for any model.
    """
    usual = size.steps * size.batch_size
    share = _SHARE * (deadline - time.monotonic())

    def speed_of(width: float, seconds: float) -> Speed:
        wide = shrunk(size, pairs, hidden=width, presented=1.0)
        return measure(recipe_of(wide), sample, tokenizers, validation, device, seconds)

    def presented(speed: Speed) -> float:
        """How often pairs can be presented, as a share of the usual. Epochs, with their validations, follow it."""
        available = deadline - time.monotonic() - _FIXED - speed.final
        return min(available / (usual * speed.pair + size.epochs * speed.validation), _MOST_PRESENTED)

    def seconds_of(chosen: Size, speed: Speed) -> float:
        return _FIXED + speed.final + chosen.steps * chosen.batch_size * speed.pair + chosen.epochs * speed.validation

    shares: dict[float, float] = {}
    usual_seconds = 0.0
    for width in _WIDTHS:
        speed = speed_of(width, share)
        shares[width] = presented(speed)
        usual_seconds = seconds_of(size, speed) if width >= 1 else usual_seconds
        if shares[width] >= width:  # a narrower model would have more time than it needs
            break
    width = max(shares, key=lambda width: min(shares[width], width))
    # Once more, and longer: the first measurements were to tell widths apart.
    speed = speed_of(width, _LONGER * share)
    part = presented(speed)
    if part <= 0:
        raise RecipeError("--budget: the time is too short to train and score any model. Give more of it")
    fitted = shrunk(size, pairs, hidden=width, presented=part)
    return Fitted(fitted, seconds_of(fitted, speed), usual_seconds)


def measure(
    recipe: Recipe,
    sample: Sequence[Pair],
    tokenizers: tuple[Tokenizer, Tokenizer],
    validation: int,
    device: Device,
    seconds: float,
) -> Speed:
    """Time a few optimiser steps of a recipe, and translations of the lengths that targets have."""
    where = choose_device(device)
    dtype = choose_precision(recipe.training.precision, where)
    corpus = encode_pairs(recipe, sample, *tokenizers)
    # So many passes that no epoch ends while steps are measured: what is counted is counted within one.
    size = recipe.training.batch_size
    batches = Batches(corpus, size, recipe.seed, passes=2 + sum(_STEPS) * size // len(corpus))
    model = build_model(recipe, *map(len, tokenizers)).to(where)
    training = Training(
        model,
        build_optimizer(recipe, model, where),
        batches,
        fabric=build_fabric(where, dtype),
        schedule=build_schedule(recipe),
        forcing=build_forcing(recipe),
        settings=build_loop_settings(recipe),
        validate=lambda: Validation(0.0),
        criterion=lambda _: 0.0,
    )
    steps = (event for event in training.events() if isinstance(event, StepDone))
    for _ in islice(steps, _STEPS[0]):
        pass
    began, before = time.perf_counter(), training.progress.tokens
    for _ in islice(steps, _STEPS[1]):
        if time.perf_counter() - began > seconds:
            break
    a_token = _SUSTAINED * (time.perf_counter() - began) / (training.progress.tokens - before)
    model.eval()
    translator = Translator.from_members([Member(model, recipe)], *tokenizers, device=where, dtype=dtype)
    greedy, wide = (_translating(translator, sample, corpus.target_tokens, beam) for beam in (1, recipe.search.beam))
    a_pair = a_token * corpus.target_tokens / len(corpus)
    # The loss of a validation takes about a third of a step, and the final scores two of these. Most epochs of a short
    # training are the best so far, and then confidence is calibrated.
    calibration = min(validation, MOST_CALIBRATED) * wide
    return Speed(a_pair, validation * (greedy + a_pair / 3) + calibration, validation * (wide + 2 * a_pair / 3))


def _translating(translator: Translator, sample: Sequence[Pair], target_tokens: int, beam: int) -> float:
    """Seconds a text: an untrained model does not end, so outputs are as long as targets are on average."""
    mean = target_tokens // len(sample)
    settings = translator.search_settings(beam=beam, max_length_factor=1e-6, max_length_extra=mean)
    texts = [pair.source for pair in sample[:: max(1, len(sample) // _SAMPLE)][:_SAMPLE]]
    began = time.perf_counter()
    translator.translate(texts, settings)
    return (time.perf_counter() - began) / len(texts)
