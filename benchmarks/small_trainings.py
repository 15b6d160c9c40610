"""Small trainings in float64, by one process and by several: how far they are apart, with `exact_sum` and without.

`python -m benchmarks.small_trainings JOB` is a process that trains, and process 0 prints what the training ended with.
"""

import hashlib
import json
import os
import sys
from collections.abc import Sequence

import torch

from benchmarks.corpora import framed, made_texts
from benchmarks.joined import train_joined
from benchmarks.rounds import Figures, rounded
from tandem.batches import Batches
from tandem.build import build_model, build_optimizer, build_training_loop
from tandem.preparation.encoded import EncodedCorpus
from tandem.recipe import make_recipe, override
from tandem.text import Tokenizer
from tandem.training.events import StepDone, Validation
from tandem.training.group import Alone, Processes

PAIRS = 300
_WORDS = 60, 50
_COMMON = ("model.hidden=32", "model.embedding=16", "training.batch_size=16", "training.epochs=2", "training.shards=8")
_MODELS = {
    "LSTM of two layers": (
        "model.layers=2",
        "model.dropout=0.3",
        "model.output_dropout=0.2",
        "training.teacher_forcing={start=0.7}",
        "training.accumulate=2",
    ),
    "GRU with attention": (
        "model.cell=gru",
        "model.bidirectional=true",
        "model.attention=luong",
        "model.attention_score=additive",
        "model.word_dropout=0.1",
        "training.teacher_forcing={start=0.5, by_token=true}",
        "training.clip_norm=0.1",
    ),
    "GRU with R-Drop": ("model.cell=gru", "model.dropout=0.3", "training.r_drop=1.0", "training.label_smoothing=0.1"),
}


def compare_small_trainings(processes: Sequence[int]) -> list[Figures]:
    """Return of each model whether `exact_sum` gives the same bytes, and how far losses are apart without it.

    The training by the first number of processes is what the others are compared with.
    """
    rows = []
    for name, settings in _MODELS.items():
        exact, other = (
            [train_joined("benchmarks.small_trainings", {"settings": [*settings, more]}, size, 1) for size in processes]
            for more in ("training.exact_sum=true", "training.exact_sum=false")
        )
        row = {"model": name, "pairs": PAIRS, "steps": len(other[0]["losses"]), "processes": list(processes)}
        row["same_with_exact_sum"] = all(outcome == exact[0] for outcome in exact)
        differences = [relative_difference(outcome["losses"], other[0]["losses"]) for outcome in other[1:]]
        row["difference_without"] = rounded(max(differences, default=0.0))
        rows.append(row)
    return rows


def relative_difference(losses: Sequence[float], wanted: Sequence[float]) -> float:
    """Return the largest relative difference of two trainings' losses, step by step."""
    return max(abs(loss - other) / abs(other) for loss, other in zip(losses, wanted, strict=True))


def main() -> None:
    """Train by the settings of the job, alone or as one of several processes."""
    job = json.loads(sys.argv[1])
    group = Processes() if "RANK" in os.environ else Alone()
    texts = made_texts(PAIRS, _WORDS, seed=1)
    sides = [[pair[side] for pair in texts] for side in (0, 1)]
    tokenizers = [Tokenizer.train("word", side) for side in sides]
    corpus = EncodedCorpus(*(framed(own.encode_batch(side)) for own, side in zip(tokenizers, sides, strict=True)))
    recipe = override(
        make_recipe({"data": {"train": {"kind": "memory"}}}, "benchmarks.small_trainings"),
        [*_COMMON, *job["settings"]],
    )
    model = build_model(recipe, *map(len, tokenizers)).double()
    device = torch.device("cpu")
    optimizer = build_optimizer(recipe, model, device)
    loop = build_training_loop(
        recipe,
        model,
        optimizer,
        Batches(corpus, recipe.training.batch_size, recipe.seed),
        device,
        torch.float32,  # nothing is computed in bfloat16
        validate=lambda: Validation(0.0),
        criterion=lambda _: 0.0,
        group=group,
    )
    losses = [event.loss for event in loop.events() if isinstance(event, StepDone)]
    states = [model.state_dict(), *optimizer.state.values()]
    content = b"".join(tensor.detach().numpy().tobytes() for state in states for tensor in state.values())
    sums = group.share(hashlib.sha256(content).hexdigest())
    if group.rank == 0:
        print(json.dumps({"weights_and_optimizer": sorted(set(sums)), "losses": losses}), flush=True)
    if isinstance(group, Processes):
        group.leave()


if __name__ == "__main__":
    main()
