"""Scaling: what a target token costs Tandem, against batch, hidden size, vocabulary, sentence length and threads."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from benchmarks.corpora import level_corpus
from benchmarks.plan import Plan, Sizes
from benchmarks.rounds import Figures, rounded
from benchmarks.sides import TandemSide, processor_precisions, tandem_model
from benchmarks.tables import Table, number


@dataclass(frozen=True)
class _Point:
    """One training to be timed."""

    batch: int
    sizes: Sizes
    vocabulary: int
    length: int
    threads: int


def measure_scaling(plan: Plan) -> Figures:
    """Microseconds a target token at ratio 1; one thing varies at a time, all sentences of a batch have one length."""
    threads = torch.get_num_threads()
    base = _Point(plan.batch, plan.sizes, plan.base_vocabulary, plan.base_length, threads)
    axes: dict[str, list[tuple[int, _Point]]] = {
        "batch": [(n, replace(base, batch=n)) for n in plan.batches],
        "hidden size": [(n, replace(base, sizes=replace(plan.sizes, hidden=n))) for n in plan.hidden],
        "vocabulary": [(n, replace(base, vocabulary=n)) for n in plan.vocabularies],
        "words a sentence": [(n, replace(base, length=n)) for n in plan.lengths],
        "threads": [(n, replace(base, threads=n)) for n in _up_to(threads)],
    }
    figures: Figures = {}
    try:
        for name, points in axes.items():
            found = [_measure(point, plan.repeats) for _, point in points]
            figures[name] = {"values": [value for value, _ in points]}
            for precision in processor_precisions():
                figures[name][precision] = [rounded(row[precision]) for row in found]
    finally:
        torch.set_num_threads(threads)
    return {"unit": "microseconds a target token", "base": _told(base), "axes": figures}


def _up_to(threads: int) -> Sequence[int]:
    """Powers of two, and at the end all of them."""
    return sorted({2**power for power in range(threads.bit_length()) if 2**power <= threads} | {threads})


def _told(point: _Point) -> Figures:
    return {
        "batch": point.batch,
        "hidden size": point.sizes.hidden,
        "embedding": point.sizes.embedding,
        "layers": point.sizes.layers,
        "vocabulary": point.vocabulary,
        "words a sentence": point.length,
        "threads": point.threads,
    }


def _measure(point: _Point, repeats: int) -> dict[str, float]:
    """The median cost of a token in each precision, the precisions in turn, after one step to warm up."""
    torch.set_num_threads(point.threads)
    words = (point.vocabulary, point.vocabulary)
    corpus = level_corpus(point.batch, point.length, point.length, words)
    sides = {
        name: TandemSide(tandem_model(words, point.sizes), corpus, point.batch, 1.0, name)
        for name in processor_precisions()
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number_of_step in range(repeats + 1):
        for name, side in sides.items():
            began = time.perf_counter()
            side.turn()
            if number_of_step:
                seconds[name].append(time.perf_counter() - began)
    return {name: 1e6 * statistics.median(values) / corpus.target_tokens for name, values in seconds.items()}


def scaling_tables(figures: Figures) -> list[Table]:
    """A table for each thing that varies."""
    tables = []
    for name, axis in figures["axes"].items():
        sides = [side for side in axis if side != "values"]
        rows = [
            [f"{value:,}", *(number(axis[side][place]) for side in sides)] for place, value in enumerate(axis["values"])
        ]
        columns = (name, *(f"{side}, µs a token" for side in sides))
        others = ", ".join(f"{other} {value:,}" for other, value in figures["base"].items() if other != name)
        tables.append(Table(f"Cost of a target token by {name} ({others})", columns, rows))
    return tables
