"""Training over processes: the rate of several processes compared with one, and how much they exchange."""

import os
from typing import NamedTuple

import torch

from benchmarks.joined import train_joined
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, compare
from benchmarks.sides import processor_precisions
from benchmarks.tables import Table, number, times

_SHARDS = 8  # what Tandem sets for a recipe without shards
_ONE = "one process"


class _Side(NamedTuple):
    """A way to train."""

    processes: int
    threads: int
    """Of each process."""
    settings: tuple[str, ...]


def measure_processes(plan: Plan) -> Figures:
    """Target tokens per second of one process and of several, which share its cores or have a GPU each.

    The corpus has the shape of Multi30k's. The processes are started anew for each turn, and their start is left out.
    """
    gpus = torch.cuda.device_count()
    device, together = ("cuda", max(gpus, 2)) if gpus > 1 else ("cpu", 2)
    threads = max(len(os.sched_getaffinity(0)) // together, 1)
    cut = f"training.shards={_SHARDS}"
    sides = {
        _ONE: _Side(1, threads * together, ()),
        "together": _Side(together, threads, (cut,)),
        "together, exact_sum": _Side(together, threads, (cut, "training.exact_sum=true")),
        "together, exact_sum, a shard each": _Side(
            together, threads, (f"training.shards={together}", "training.exact_sum=true")
        ),
    }
    precisions: Figures = {}
    for precision in processor_precisions(device):
        made: dict[str, list[Figures]] = {name: [] for name in sides}
        for _ in range(plan.alternations):
            for name, side in sides.items():
                made[name].append(_train(side, precision, device, quick=plan.quick))
        rates = {name: [turn["tokens_per_second"] for turn in turns] for name, turns in made.items()}
        precisions[precision] = {
            "rates": compare(rates, _ONE),
            "bytes_a_step": {name: turns[-1]["bytes_a_step"] for name, turns in made.items()},
        }
    return {"device": device, "processes": together, "threads": threads, "precisions": precisions}


def processes_tables(figures: Figures) -> list[Table]:
    """The rates, by precision."""
    columns = ("side", "target tokens/s", "x one process", "MB that a process sends a step")
    return [
        Table(
            f"Training by {figures['processes']} processes on {figures['device']}, {precision}",
            columns,
            [
                [name, number(rate["median"]), times(rate["ratio"]), number(part["bytes_a_step"][name] / 1e6)]
                for name, rate in part["rates"].items()
            ],
        )
        for precision, part in figures["precisions"].items()
    ]


def _train(side: _Side, precision: str, device: str, *, quick: bool) -> Figures:
    """Return the figures of a training by new processes."""
    job = {"settings": side.settings, "precision": precision, "device": device, "quick": quick}
    return train_joined("benchmarks.processes_worker", job, side.processes, side.threads)
