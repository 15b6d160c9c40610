"""A size and a schedule that fit into a given time on this machine, found by measuring steps."""

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from tandem.batches import Batches
from tandem.build import build_model, build_optimizer, build_training_loop
from tandem.corpora.pairs import Pair
from tandem.devices import choose_device, choose_precision
from tandem.engines.members import Member
from tandem.errors import RecipeError
from tandem.model_files import sizes_of
from tandem.recipe import Device, Recipe
from tandem.runs.corpora import copy_table, encode_pairs
from tandem.runs.sizing import Size, shrunk
from tandem.runs.validation import MOST_CALIBRATED
from tandem.text import Tokenizer
from tandem.training.events import StepDone, Validation
from tandem.translation.constructors import translator_from_members
from tandem.translation.translator import Translator

_WIDTHS = (1.25, 1.0, 0.8, 0.65, 0.5, 0.35)  # the widths that are measured, relative to the usual one
_MOST_PRESENTED = 2.0  # the most passes over the corpus, relative to the usual ones, however much time there is
_STEPS = (2, 100)  # the optimiser steps that warm up, and the most that are measured after them
_LONGER = 3.0  # the chosen width is measured again, longer by this factor
_SHARE = 0.01  # the share of the time that measuring one width takes, besides the warm-up and one step
_SUSTAINED = 1.35
"""The steps of a whole training take longer than measured ones by this factor.

Without it, trainings on Multi30k with a budget of 5 minutes took 6:56, twice, on a shared machine with two cores.
"""
_SAMPLE = 64  # the number of texts whose translation is timed
_FIXED = 12.0  # Seconds for what is done once: preparing the corpus, saving, writing the report.


class Speed(NamedTuple):
    """The seconds that the parts of a training take."""

    pair: float  # seconds for training on a pair once
    validation: float  # seconds for one validation
    final: float  # seconds for scoring the best model at the end


class Fitted(NamedTuple):
    """A size that fits into the time."""

    size: Size
    seconds: float  # the expected seconds until the end of its training
    usual_seconds: float  # the expected seconds for the usual size


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
    """Find the size that makes the most of the time: the model becomes narrower about as much as its training shorter.

    `size` is the usual one for so many training `pairs`, of which there is a `sample`, and `validation` is the number
    of validation pairs. The time ends at `deadline`, on the clock of `time.monotonic`. RecipeError where it is too
    short for any model.
    """
    usual = size.steps * size.batch_size
    share = _SHARE * (deadline - time.monotonic())

    def speed_of(width: float, seconds: float) -> Speed:
        wide = shrunk(size, pairs, hidden=width, presented=1.0)
        return measure(recipe_of(wide), sample, tokenizers, validation, device, seconds)

    def presented(speed: Speed) -> float:
        """Return how often pairs can be presented, relative to the usual. The number of validations changes with it."""
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
    # The first measurements only had to tell widths apart, so the chosen one is measured again, and longer.
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
    """Time a few optimiser steps of a recipe, and translations that are as long as the targets."""
    where = choose_device(device)
    dtype = choose_precision(recipe.training.precision, where)
    corpus = encode_pairs(recipe, sample, *tokenizers)
    # There are enough passes that no epoch ends while steps are measured, since progress is counted within an epoch.
    size = recipe.training.batch_size
    passes = 2 + sum(_STEPS) * size // len(corpus)
    batches = Batches(corpus, size, recipe.seed, passes=passes, copying=copy_table(recipe, *tokenizers))
    model = build_model(recipe, *sizes_of(*tokenizers)).to(where)
    loop = build_training_loop(
        recipe,
        model,
        build_optimizer(recipe, model, where),
        batches,
        where,
        dtype,
        validate=lambda: Validation(0.0),
        criterion=lambda _: 0.0,
    )
    steps = (event for event in loop.events() if isinstance(event, StepDone))
    for _ in islice(steps, _STEPS[0]):
        pass
    began, before = time.perf_counter(), loop.progress.tokens
    for _ in islice(steps, _STEPS[1]):
        if time.perf_counter() - began > seconds:
            break
    a_token = _SUSTAINED * (time.perf_counter() - began) / (loop.progress.tokens - before)
    model.eval()
    translator = translator_from_members([Member(model, recipe)], *tokenizers, device=where, dtype=dtype)
    greedy, wide = (_time_a_text(translator, sample, corpus.target_tokens, beam) for beam in (1, recipe.search.beam))
    a_pair = a_token * corpus.target_tokens / len(corpus)
    # The loss of a validation takes about a third of a step, and the final scores take two such losses. In a short
    # training most epochs are the best so far, after which confidence is calibrated.
    calibration = min(validation, MOST_CALIBRATED) * wide
    return Speed(a_pair, validation * (greedy + a_pair / 3) + calibration, validation * (wide + 2 * a_pair / 3))


def _time_a_text(translator: Translator, sample: Sequence[Pair], target_tokens: int, beam: int) -> float:
    """Return the seconds for a text. An untrained model does not end, so outputs get the mean length of the targets."""
    mean = target_tokens // len(sample)
    settings = translator.search_settings(beam=beam, max_length_factor=1e-6, max_length_extra=mean)
    texts = [pair.source for pair in sample[:: max(1, len(sample) // _SAMPLE)][:_SAMPLE]]
    began = time.perf_counter()
    translator.translate(texts, settings)
    return (time.perf_counter() - began) / len(texts)
