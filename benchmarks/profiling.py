"""Where a training step's time goes, by kinds of work."""

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from torch.profiler import ProfilerActivity, profile

from benchmarks.corpora import MeasuredCorpus, batch_rows, rows_of
from benchmarks.decoding import OneByOne, make_translators, one_at_a_time
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, evenly, rounded
from benchmarks.sides import TandemSide, TutorialSide, plain_model, processor_precisions, tandem_model
from benchmarks.tables import Table, number, percent

_GROUPS = {
    "matrix products": r"aten::(mm|addmm|bmm|baddbmm|matmul|linear|mkldnn_linear)|mkldnn::_linear_pointwise",
    "fused layers of oneDNN": r"aten::mkldnn_rnn_layer(_backward)?",
    "softmax and loss": r"aten::(_?log_softmax|_?softmax|_log_softmax_backward_data|nll_loss\w*|cross_entropy_loss"
    r"|gather|scatter_add_|amax|log_|logsumexp|argmax|max)",
    "optimiser and clipping": r"aten::(_fused_adam_|_foreach_\w+|linalg_vector_norm|addcdiv_|lerp_|sqrt|reciprocal)"
    r"|Optimizer\..*",
    "dropout masks": r"aten::(bernoulli_|random_|rand|uniform_|ge|lt|dropout)",
    "element-wise work of the layers": r"aten::(sigmoid_?|sigmoid_backward|tanh_?|tanh_backward|mul_?|add_?|sub_?|div_?"
    r"|addcmul_?|where|sum|neg)",
    "embeddings": r"aten::(embedding\w*|index_select\w*|index\w*|_index_put_impl_|index_add_)",
    "copies, conversions, views, allocation": r"aten::(copy_|_to_copy|to|clone|cat|stack|zero_|zeros\w*|fill_|empty\w*"
    r"|new_\w+|ones\w*|contiguous|reshape|slice_backward|select_backward|select|slice|split|chunk|narrow|unbind|view"
    r"|as_strided|unsqueeze|squeeze|t|transpose)|mkldnn::_reorder_linear_weight",
}
"""Operators of torch by what they are for, as far as their names tell; the first group that fits has it."""
REST = "Python and the rest"


def measure_profile(plan: Plan, corpus: MeasuredCorpus, run: Path | None) -> Figures:
    """One turn of each side under torch's profiler, the time of each operator without those it calls.

    Training at ratio 1, and translation of one sentence at a time with the weights of `run`, or random ones. The
    profiler itself takes time at each operator, so many small operators look dearer than they are; the time without it
    stands beside.
    """
    words = corpus.vocabularies
    drawn = evenly(batch_rows(corpus.train, plan.batch, by_length=False), plan.tutorial_batches)
    alike = evenly(batch_rows(corpus.train, plan.batch, by_length=True), plan.tutorial_batches)
    chosen = rows_of(corpus.train, np.concatenate(alike))
    tutorial = TutorialSide(plain_model(words, plan.sizes), corpus.train, [rows.tolist() for rows in drawn], 1.0)
    figures: Figures = {"tutorial": _profile(tutorial.turn, plan.tutorial_batches)}
    for precision in processor_precisions():
        side = TandemSide(tandem_model(words, plan.sizes), chosen, plan.batch, 1.0, precision)
        figures[precision] = _profile(side.turn, plan.tutorial_batches)
    return {"unit": "milliseconds", "sides": figures, "one at a time": _one_at_a_time(plan, corpus, run)}


def _one_at_a_time(plan: Plan, corpus: MeasuredCorpus, run: Path | None) -> Figures:
    """Greedy search for single sentences, a token of the output."""
    texts = evenly([source for source, _ in corpus.test], plan.tutorial_sentences)
    translators = make_translators(plan, corpus, run)
    ways: dict[str, Callable[[str], tuple[str, int]]] = {"tutorial": OneByOne(translators["float32"]).translate}
    for precision, translator in translators.items():
        ways[precision] = one_at_a_time(translator)
    figures: Figures = {}
    for name, translate in ways.items():
        tokens = sum(translate(text)[1] for text in texts)
        figures[name] = _profile(partial(_translate_all, translate, texts), tokens)
    return figures


def _translate_all(translate: Callable[[str], object], texts: list[str]) -> None:
    for text in texts:
        translate(text)


def _profile(turn: Callable[[], object], steps: int) -> Figures:
    """Milliseconds a step by group, of the whole under the profiler, and of the whole without it."""
    turn()
    began = time.perf_counter()
    turn()
    plain = time.perf_counter() - began
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        began = time.perf_counter()
        turn()
        whole = time.perf_counter() - began
    groups = dict.fromkeys((*_GROUPS, REST), 0.0)
    for event in profiler.key_averages():
        groups[_group(event.key)] += event.self_cpu_time_total * 1e-6
    groups[REST] += whole - sum(groups.values())
    return {
        "groups": {name: rounded(1000 * seconds / steps) for name, seconds in groups.items()},
        "under the profiler": rounded(1000 * whole / steps),
        "without it": rounded(1000 * plain / steps),
    }


def _group(operator: str) -> str:
    return next((name for name, pattern in _GROUPS.items() if re.fullmatch(pattern, operator)), REST)


def profile_tables(figures: Figures) -> list[Table]:
    """Milliseconds and shares, a column a side."""
    tables = [_table("Where the time of a step goes, in ms (share)", "step", figures["sides"])]
    if "one at a time" in figures:
        title = "Where the time of an output's token goes, one sentence at a time, in ms (share)"
        tables.append(_table(title, "token", figures["one at a time"]))
    return tables


def _table(title: str, what: str, sides: Figures) -> Table:
    rows = []
    for name in (*_GROUPS, REST):
        if not any(side["groups"][name] for side in sides.values()):
            continue
        cells = [(side["groups"][name], side["groups"][name] / side["under the profiler"]) for side in sides.values()]
        rows.append([name, *(f"{number(ms)} ({percent(share)})" for ms, share in cells)])
    for name in ("under the profiler", "without it"):
        rows.append([f"the {what} {name}", *(number(side[name]) for side in sides.values())])
    return Table(title, ("work", *sides), rows)
