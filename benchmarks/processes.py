"""Training over processes: the rate of several processes compared with one, and how much they exchange."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch

from benchmarks.joined import start_joined
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, compare
from benchmarks.sides import processor_precisions
from benchmarks.tables import Table, number, times

_SHARDS = 8  # what Tandem sets for a recipe without shards
_ROUNDS = 2  # turns of each side in an alternation; they are short, so that the machine's moods fall on all alike
_ONE = "one process"


class _Side(NamedTuple):
    """A way to train."""

    processes: int
    threads: int
    """Of each process."""
    settings: tuple[str, ...]


def measure_processes(plan: Plan) -> Figures:
    """Target tokens per second of one process and of several, which share its cores or have a GPU each.

    The corpus has the shape of Multi30k's. All processes are started once; those of one side train while the others
    wait, and in each round all sides train on the same batches.
    """
    gpus = torch.cuda.device_count()
    device, together = ("cuda", max(gpus, 2)) if gpus > 1 else ("cpu", 2)
    threads = max(len(os.sched_getaffinity(0)) // together, 1)
    cut = f"training.shards={_SHARDS}"
    sides = {
        _ONE: _Side(1, threads * together, ()),
        "together": _Side(together, threads, (cut,)),
        "together, exact_sum": _Side(together, threads, (cut, "training.exact_sum=true")),
        "together, exact_sum, half as many shards": _Side(
            together, threads, (f"training.shards={_SHARDS // 2}", "training.exact_sum=true")
        ),
        "together, exact_sum, a shard each": _Side(
            together, threads, (f"training.shards={together}", "training.exact_sum=true")
        ),
    }
    precisions: Figures = {}
    for precision in processor_precisions(device):
        made: dict[str, list[Figures]] = {name: [] for name in sides}
        with ExitStack() as stack:
            trainings = {
                name: stack.enter_context(_training(side, precision, device, quick=plan.quick))
                for name, side in sides.items()
            }
            for _ in range(_ROUNDS * plan.alternations):
                for name, training in trainings.items():
                    made[name].append(training.turn())
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


class _Training:
    """The processes of a side, which train for some steps at each turn."""

    def __init__(self, started: list[subprocess.Popen[str]]) -> None:
        self._started = started

    def turn(self) -> Figures:
        """Return the figures of the next steps."""
        for process in self._started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        made = [process.stdout.readline() for process in self._started if process.stdout is not None]
        if not all(made):
            raise RuntimeError("a process of a training has ended")
        figures: Figures = json.loads(made[0])
        return figures


@contextmanager
def _training(side: _Side, precision: str, device: str, *, quick: bool) -> Iterator[_Training]:
    """Start the processes of a side, which end with the block."""
    job = {"settings": side.settings, "precision": precision, "device": device, "quick": quick}
    started = start_joined("benchmarks.processes_worker", job, side.processes, side.threads)
    try:
        yield _Training(started)
    finally:
        for process in started:
            process.kill()
            process.communicate()
