"""Memory of one training step, above the weights, gradients and optimiser state that stay from step to step.

The figures are exact: torch's profiler tells of every block that a tensor gets or gives back, and the largest sum on
the way is the step's peak. The optimisers keep their gradients allocated on both sides, so what a step allocates anew
is its own. Buffers that a BLAS library keeps for itself are not in the figures.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from benchmarks.corpora import MeasuredCorpus, batch_rows, level_corpus, rows_of
from benchmarks.plan import Plan, Sizes
from benchmarks.rounds import Figures, evenly, rounded
from benchmarks.sides import (
    LEARNING_RATE,
    KeepingAdam,
    Precision,
    TandemSide,
    TutorialSide,
    plain_model,
    processor_precisions,
    tandem_model,
)
from benchmarks.tables import Table, mebibytes
from tandem.preparation.encoded import EncodedCorpus


@dataclass(frozen=True)
class Peak:
    """Bytes that one call held beyond what was there before."""

    peak: int
    largest_block: int
    """The largest single piece."""


def step_memory(step: Callable[[], object]) -> Peak:
    """The memory that one call takes on the CPU, exactly; what was there before and is given back counts as nothing."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted(
        (event["ts"], event["args"]["Ev Idx"], event["args"]["Bytes"])
        for event in events
        if event["name"] == "[memory]"
    )
    held = peak = largest = 0
    for _, _, size in changes:
        held += size
        peak, largest = max(peak, held), max(largest, size)
    return Peak(peak, largest)


def measure_memory(plan: Plan, corpus: MeasuredCorpus) -> Figures:
    """One step at ratio 1 of each side, on its own kind of batch and on the other's, and with a large vocabulary.

    The batches are the middle ones of an epoch's in order of size.
    """
    (drawn,) = evenly(batch_rows(corpus.train, plan.batch, by_length=False), 1)
    (alike,) = evenly(batch_rows(corpus.train, plan.batch, by_length=True), 1)
    words, sizes = corpus.vocabularies, plan.sizes
    batches = {"random, padded": rows_of(corpus.train, drawn), "sorted by length": rows_of(corpus.train, alike)}
    steps: Figures = {}
    for name, batch in batches.items():
        steps[name] = {"tutorial": _tutorial_step(batch, words, sizes).peak}
        for precision in processor_precisions():
            steps[name][precision] = _tandem_step(batch, words, sizes, precision).peak
    for row in steps.values():
        row["ratio"] = {side: rounded(row["tutorial"] / row[side]) for side in processor_precisions()}
    return {"unit": "bytes", "batch": plan.batch, "steps": steps, "large_vocabulary": _large_vocabulary(plan)}


def _tutorial_step(batch: EncodedCorpus, words: tuple[int, int], sizes: Sizes) -> Peak:
    model = plain_model(words, sizes)
    optimizer = KeepingAdam(model.parameters(), LEARNING_RATE)
    side = TutorialSide(model, batch, [list(range(len(batch)))], 1.0, optimizer)
    side.turn()
    return step_memory(side.turn)


def _tandem_step(batch: EncodedCorpus, words: tuple[int, int], sizes: Sizes, precision: Precision) -> Peak:
    model = tandem_model(words, sizes)
    optimizer = KeepingAdam(model.parameters(), LEARNING_RATE, fused=True)
    side = TandemSide(model, batch, len(batch), 1.0, precision, optimizer)
    side.turn()
    return step_memory(side.step)


def _large_vocabulary(plan: Plan) -> Figures:
    """The peak and the largest piece of a step, beside what all logits of the batch together would be."""
    words = (plan.base_vocabulary, plan.large_vocabulary)
    batch = level_corpus(plan.batch, plan.base_length, plan.base_length, words)
    found = {name: _tandem_step(batch, words, plan.sizes, name) for name in processor_precisions()}
    return {
        "vocabulary": plan.large_vocabulary,
        "words a sentence": plan.base_length,
        "whole_logits": 4 * batch.target_tokens * plan.large_vocabulary,
        "output_weight": 4 * plan.large_vocabulary * plan.sizes.hidden,
        "peak": {name: peak.peak for name, peak in found.items()},
        "largest_block": {name: peak.largest_block for name, peak in found.items()},
    }


def memory_tables(figures: Figures) -> list[Table]:
    """The step's peak by kind of batch, and the large vocabulary."""
    rows = [
        [f"{batch}, {side}", mebibytes(row[side]), f"{100 * row[side] / row['tutorial']:.0f} %"]
        for batch, row in figures["steps"].items()
        for side in row
        if side != "ratio"
    ]
    title = f"Memory of one training step of {figures['batch']} pairs, beyond weights, gradients and optimiser state"
    large = figures["large_vocabulary"]
    pieces = [
        [f"{side}, {what}", mebibytes(large[key][side])]
        for side in large["peak"]
        for what, key in (("the step's peak", "peak"), ("its largest single piece", "largest_block"))
    ]
    pieces += [["all logits of the batch, in float32", mebibytes(large["whole_logits"])]]
    pieces += [["the output layer's weight, in float32", mebibytes(large["output_weight"])]]
    return [
        Table(title, ("batch, side", "peak", "of the tutorial's"), rows),
        Table(f"The same with {large['vocabulary']:,} target tokens, Tandem alone", ("what", "size"), pieces),
    ]
