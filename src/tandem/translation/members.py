"""The models that a translator is made of: one, or the members of an ensemble."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import torch

from tandem.checkpoint import Checkpoint
from tandem.engines.ensemble import Average, EnsembleStepper, arithmetic_mean, geometric_mean
from tandem.engines.torch_engine import ModelStepper
from tandem.errors import CheckpointError
from tandem.models import Seq2Seq
from tandem.names import Averaging as Averaging
from tandem.recipe import Recipe
from tandem.search import Stepper
from tandem.text.differences import vocabulary_difference

_AVERAGES: dict[Averaging, Average] = {"arithmetic": arithmetic_mean, "geometric": geometric_mean}


class Member(NamedTuple):
    """A model and how it was made."""

    model: Seq2Seq
    recipe: Recipe


def average_of(averaging: Averaging) -> Average:
    """The function of that name. ValueError where there is none."""
    if averaging not in _AVERAGES:
        raise ValueError(f"averaging is {averaging!r}, but it must be one of {', '.join(get_args(Averaging))}")
    return _AVERAGES[averaging]


def make_steppers(members: Sequence[Member], dtype: torch.dtype) -> tuple[ModelStepper, ...]:
    """Each member as a search sees it, its matrix products in `dtype`; sources go in as the first one reads them.

    A member that reads sources from their other end than the first turns them round.
    """
    reverse = members[0].recipe.text.reverse_source
    return tuple(ModelStepper(model, dtype, turned=recipe.text.reverse_source != reverse) for model, recipe in members)


def joined(steppers: Sequence[ModelStepper], average: Average) -> Stepper[Any]:
    """The members as one stepper; a single one is that already."""
    return steppers[0] if len(steppers) == 1 else EnsembleStepper(steppers, average)


def check_vocabularies(paths: Sequence[Path], checkpoints: Sequence[Checkpoint]) -> None:
    """Raise CheckpointError unless all have the vocabularies of the first."""
    first = checkpoints[0]
    for path, other in zip(paths[1:], checkpoints[1:], strict=True):
        for side, difference in (
            ("source", vocabulary_difference(first.source_tokenizer, other.source_tokenizer)),
            ("target", vocabulary_difference(first.target_tokenizer, other.target_tokenizer)),
        ):
            if difference:
                raise CheckpointError(
                    f"{paths[0]} and {path}: the members of an ensemble must share their vocabularies, but on the "
                    f"{side} side {difference}. Train the members on the same data, with the same [text] settings"
                )
