"""An epoch of Multi30k's shape on a GPU."""

import statistics
import time

import torch

from benchmarks.corpora import MeasuredCorpus
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, rounded
from benchmarks.sides import TandemSide, processor_precisions, tandem_model
from benchmarks.tables import Table, number

OPEN = "open: there is no CUDA device here, so this was not measured"


def measure_gpu(plan: Plan, corpus: MeasuredCorpus) -> Figures:
    """Seconds of an epoch at ratio 1 on the first CUDA device, after one to warm up: the median of the alternations."""
    if not torch.cuda.is_available():
        return {"status": OPEN}
    words = corpus.vocabularies
    sides = {
        name: TandemSide(tandem_model(words, plan.sizes), corpus.train, plan.batch, 1.0, name, device="cuda")
        for name in processor_precisions("cuda")
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number_of_round in range(plan.alternations + 1):
        for name, side in sides.items():
            torch.cuda.synchronize()
            began = time.perf_counter()
            side.turn()
            torch.cuda.synchronize()
            if number_of_round:
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "status": "measured",
        "device": torch.cuda.get_device_name(),
        "seconds": {name: rounded(value) for name, value in medians.items()},
        "tokens_per_second": {name: rounded(corpus.train.target_tokens / value) for name, value in medians.items()},
    }


def gpu_tables(figures: Figures) -> list[Table]:
    """Seconds and rates, or that they are open."""
    columns = ("side", "seconds an epoch", "target tokens/s")
    if figures["status"] != "measured":
        return [Table("An epoch on a GPU", columns, [[figures["status"], "", ""]])]
    rows = [[n, number(s), number(figures["tokens_per_second"][n])] for n, s in figures["seconds"].items()]
    return [Table(f"An epoch on a GPU, {figures['device']}", columns, rows)]
