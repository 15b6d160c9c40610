"""Small trainings by a group of processes: `python -m tests.training.joined_trainings NAME...` is one of them."""

import hashlib
import json
import sys
from dataclasses import dataclass, field

import numpy as np
import torch

from tandem.batches import Batches
from tandem.build import build_model, build_optimizer, build_training_loop, build_weight_average
from tandem.recipe import Recipe
from tandem.text import PAD_ID, SOS_ID
from tandem.text.copying import NEVER, CopyTable
from tandem.training.events import StepDone, Validation
from tandem.training.group import Alone, Processes, TrainingGroup
from tests.support.corpora import random_corpus
from tests.support.runs import tiny_recipe

_EXACT = ("training.shards=8", "training.exact_sum=true", "model.word_dropout=0.1", "model.output_dropout=0.2")
_ATTENTION = ("model.attention=luong", "model.attention_score=additive", "model.bidirectional=true")
RECIPES: dict[str, tuple[str, ...]] = {
    "attention": (
        *_EXACT,
        *_ATTENTION,
        "training.accumulate=2",
        "training.average_decay=0.9",
        "training.clip_norm=0.1",
        "training.teacher_forcing={start=0.5, by_token=true}",
        "model.tie_output=true",
    ),
    "copying": (*_EXACT, *_ATTENTION, "model.copy=true", "training.teacher_forcing={start=0.7}"),
    "r-drop": (
        *_EXACT,
        "training.r_drop=1.0",
        "training.clip_norm=0.2",
        "training.precision=bfloat16",
        "model.cell=gru",
    ),
    "plain": (
        "training.shards=8",
        "training.clip_norm=0.1",
        "model.layers=2",
        "model.dropout=0.3",
        "training.accumulate=2",
    ),
}
"""Settings of each training; all but the last add gradients up exactly."""


@dataclass(frozen=True)
class Outcome:
    """What a training ended with."""

    digest: str  # the SHA-256 of the trained and the averaged weights and of the optimiser's state
    weights: int  # the number of weights
    losses: list[float]
    norms: list[float]
    sent: list[int] = field(default_factory=list)  # the bytes of gradients that each process has sent


def train(name: str, group: TrainingGroup) -> Outcome:
    """Train by one of the recipes, in float64 where its sum is not exact."""
    recipe, sent_before = tiny_recipe(*RECIPES[name]), group.sent
    model = build_model(recipe, 13, 12)
    dtype = torch.bfloat16 if recipe.training.precision == "bfloat16" else torch.float32
    if not recipe.training.exact_sum:
        model = model.double()
    optimizer = build_optimizer(recipe, model, torch.device("cpu"))
    average = build_weight_average(recipe, model)
    loop = build_training_loop(
        recipe,
        model,
        optimizer,
        _batches(recipe),
        torch.device("cpu"),
        dtype,
        validate=lambda: Validation(0.0),
        criterion=lambda _: 0.0,
        average=average,
        group=group,
    )
    steps = [event for event in loop.events() if isinstance(event, StepDone)]
    states = [model.state_dict(), average.model.state_dict() if average else {}]
    states += list(optimizer.state.values())
    content = b"".join(tensor.detach().numpy().tobytes() for state in states for tensor in state.values())
    digests = group.share(hashlib.sha256(content).hexdigest())
    assert len(set(digests)) == 1, f"{name}: the processes have different weights"
    return Outcome(
        digests[0],
        sum(parameter.numel() for parameter in model.parameters()),
        [step.loss for step in steps],
        [step.gradient_norm for step in steps],
        group.share(group.sent - sent_before),
    )


def _batches(recipe: Recipe) -> Batches:
    table = None
    if recipe.model.copy:
        numbers = np.where(np.isin(np.arange(13), (PAD_ID, SOS_ID)), NEVER, np.arange(13))
        table = CopyTable(numbers, 12)
    # The last batch of 5 pairs leaves some shards empty.
    return Batches(random_corpus(37), 8, 1, workers=0, copying=table)


def main() -> None:
    """Train by the recipes that are named, and print each outcome as a line of JSON."""
    group = Processes()
    for name in sys.argv[1:]:
        outcome = train(name, group)
        if group.rank == 0:
            print(json.dumps([group.size, name, vars(outcome)]), flush=True)
    group.leave()


def alone(name: str) -> Outcome:
    """Train in this process."""
    return train(name, Alone())


if __name__ == "__main__":
    main()
