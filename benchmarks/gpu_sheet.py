"""`python -m benchmarks.gpu_sheet`: the share of a step that exchanging gradients takes on many GPUs, on paper.

Nothing is measured here. It prints a table for docs/scaling.md, from figures in `results/` and the assumptions below.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parents[1] / "results"
LINKS = {"NVLink, 300 GB/s": 300e9, "100 Gbit/s": 12.5e9, "25 Gbit/s": 3.125e9}
"""Assumed: the bytes a second that each GPU sends while it receives as many."""
GPU_FLOPS = 100e12
"""Assumed: what an H100 reaches in the matrix products of the paper's model in bfloat16."""
PAIRS, BATCH, PASSES, SECONDS, BESIDE = 29_000, 128, 16, 100, 6
"""Of `results/multi30k-attention.json`: six trainings beside each other on an H100, 16 passes in about 100 s each."""
GPUS = (8, 64)
_SHARE = 0.1


class Case(NamedTuple):
    """A model."""

    name: str
    gradient: float
    """Its bytes, in float32."""
    seconds: float
    """Of a batch on one GPU."""


def cases() -> list[Case]:
    """Return the tutorial's model and the paper's."""
    processes = json.loads((RESULTS / "processes.json").read_text(encoding="utf-8"))["parts"]["processes"]
    small = processes["precisions"]["float32"]["bytes_a_step"]["together"]  # two processes send all of it between them
    full = json.loads((RESULTS / "full-size.json").read_text(encoding="utf-8"))["parts"]["full-size"]
    words = full["batch"] * sum(full["words a sentence"])  # of both sides, as the work of a word is counted
    return [
        Case("tutorial's", small, SECONDS / (PASSES * math.ceil(PAIRS / BATCH)) / BESIDE),
        Case("paper's", full["weights"] * 4, words * full["flops_per_word"] / GPU_FLOPS),
    ]


def exchange(gradient: float, gpus: int, rate: float) -> float:
    """Return the seconds of a sum over a ring, in which each GPU sends 2 (n - 1) / n of the gradient."""
    return 2 * (gpus - 1) / gpus * gradient / rate


def main() -> None:
    """Print the table."""
    print("| model | ms a batch | GPUs | MB sent a step | link | ms to exchange | share | batches for 10 % |")
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    for case in cases():
        for gpus in GPUS:
            for link, rate in LINKS.items():
                seconds = exchange(case.gradient, gpus, rate)
                sent = seconds * rate / 1e6
                share = seconds / (seconds + case.seconds)
                batches = math.ceil(seconds / case.seconds * (1 - _SHARE) / _SHARE)
                print(
                    f"| {case.name} | {case.seconds * 1e3:.1f} | {gpus} | {sent:,.0f} | {link} "
                    f"| {seconds * 1e3:,.1f} | {share:.0%} | {batches} |".replace("%", " %")
                )


if __name__ == "__main__":
    main()
