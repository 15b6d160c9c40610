"""A process that `benchmarks.processes` starts: for each line that it reads it trains for some steps."""

import json
import os
import sys
import time
from dataclasses import replace
from itertools import islice

import torch

from benchmarks.corpora import open_corpus
from benchmarks.plan import FULL, QUICK
from benchmarks.sides import DTYPES
from tandem.batches import Batches
from tandem.build import build_model, build_optimizer, build_training_loop
from tandem.recipe import make_recipe, override
from tandem.training.events import StepDone, Validation
from tandem.training.group import Alone, Processes

_WARM, _TIMED = 1, 4


def main() -> None:
    """Train, and print the rate of the timed steps of each turn."""
    job = json.loads(sys.argv[1])
    plan = QUICK if job["quick"] else replace(FULL, made_pairs=4000)
    corpus = open_corpus(plan)
    settings = [f"model.{name}={getattr(plan.sizes, name)}" for name in ("embedding", "hidden", "layers", "dropout")]
    recipe = make_recipe({"data": {"train": {"kind": "memory"}}}, "benchmarks.processes")
    recipe = override(recipe, [*settings, f"training.batch_size={plan.batch}", *job["settings"]])
    group = Processes() if "RANK" in os.environ else Alone()
    device = torch.device(job["device"], group.rank) if job["device"] == "cuda" else torch.device(job["device"])
    model = build_model(recipe, *corpus.vocabularies).to(device)
    loop = build_training_loop(
        recipe,
        model,
        build_optimizer(recipe, model, device),
        Batches(corpus.train, plan.batch, seed=1, passes=100),
        device,
        DTYPES[job["precision"]],
        validate=lambda: Validation(0.0),
        criterion=lambda validation: validation.loss,
        group=group,
    )
    steps = (event for event in loop.events() if isinstance(event, StepDone))
    for _ in sys.stdin:
        for _ in islice(steps, _WARM):
            pass
        tokens, sent, began = loop.progress.tokens, group.sent, time.perf_counter()
        for _ in islice(steps, _TIMED):
            pass
        seconds = time.perf_counter() - began
        rate, exchanged = (loop.progress.tokens - tokens) / seconds, (group.sent - sent) / _TIMED
        print(json.dumps({"tokens_per_second": rate, "bytes_a_step": exchanged}), flush=True)


if __name__ == "__main__":
    main()
