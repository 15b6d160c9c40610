"""Training: target tokens a second, both sides in turn, and how near that is to the machine's matrix products."""

import random
from dataclasses import asdict

import numpy as np
import torch

from benchmarks.corpora import MeasuredCorpus, batch_rows, rows_of
from benchmarks.plan import Plan, Sizes
from benchmarks.rounds import Figures, Turn, alternate, compare, evenly, rounded
from benchmarks.same import check_same
from benchmarks.sides import TandemSide, TutorialSide, plain_model, processor_precisions, tandem_model
from benchmarks.tables import Table, number, percent, times
from tandem.preparation.encoded import EncodedCorpus


def measure_training(plan: Plan, corpus: MeasuredCorpus) -> Figures:
    """Rates at every ratio of teacher forcing.

    A round trains each side on batches that stand for its whole epoch: taken evenly from all of its batches in order of
    size, the same ones in every round. Loading, clipping and the optimiser are in the time.
    """
    words = corpus.vocabularies
    plain = plain_model(words, plan.sizes)
    check_same(tandem_model(words, plan.sizes, plain.state_dict()), plain, words, batch=plan.batch)
    drawn = evenly(batch_rows(corpus.train, plan.batch, by_length=False), plan.tutorial_batches)
    chosen = rows_of(
        corpus.train, np.concatenate(evenly(batch_rows(corpus.train, plan.batch, by_length=True), plan.tandem_batches))
    )
    by_ratio: Figures = {}
    for ratio in plan.ratios:
        torch.manual_seed(1), random.seed(1)
        side = TutorialSide(plain_model(words, plan.sizes), corpus.train, [rows.tolist() for rows in drawn], ratio)
        turns: dict[str, Turn] = {"tutorial": side.turn}
        for precision in processor_precisions():
            model = tandem_model(words, plan.sizes, plain.state_dict())
            turns[precision] = TandemSide(model, chosen, plan.batch, ratio, precision).turn
        by_ratio[str(ratio)] = compare(alternate(turns, plan.alternations), "tutorial")
    return {
        "unit": "target tokens/s",
        "sizes": asdict(plan.sizes),
        "batch": plan.batch,
        "vocabularies": list(words),
        "flops_per_token": rounded(flops_per_token(plan.sizes, words, chosen)),
        "ratios": by_ratio,
    }


def flops_per_token(sizes: Sizes, words: tuple[int, int], corpus: EncodedCorpus) -> float:
    """What the matrix products of a step at ratio 1 come to, a real target token.

    Two operations a weight and token forwards, four backwards: the encoder's layers for every real source token, the
    decoder's layers and the output layer for every real target token. Padding and all that is not a product count as
    nothing.
    """
    hidden = sizes.hidden
    layers = 4 * hidden * (sizes.embedding + hidden) + (sizes.layers - 1) * 4 * hidden * (2 * hidden)
    source_tokens, target_tokens = len(corpus.source.ids), corpus.target_tokens
    return 6 * (layers * source_tokens + (layers + words[1] * hidden) * target_tokens) / target_tokens


def add_shares(figures: Figures, products: Figures) -> None:
    """Put beside the rates at ratio 1 what they are in GFLOP/s, and their shares of the run's matrix-product rate."""
    if "1.0" not in figures["ratios"]:
        return
    figures["products"] = {}
    for side, row in figures["ratios"]["1.0"].items():
        gflops = figures["flops_per_token"] * row["median"] * 1e-9
        rates = products["float32" if side == "tutorial" else side]
        figures["products"][side] = {
            "gflops": rounded(gflops),
            "share_of_torch": rounded(gflops / rates["torch"]),
            "share_of_best": rounded(gflops / rates["all"]),
        }


def training_tables(figures: Figures) -> list[Table]:
    """Rates by ratio, and the achieved product rates."""
    rows = [
        [f"{ratio}, {side}", number(row["median"]), times(row["ratio"]), times(row["ratio_of_rounds"])]
        for ratio, sides in figures["ratios"].items()
        for side, row in sides.items()
    ]
    tables = [
        Table(
            "Training, by teacher-forcing ratio: medians of the rounds",
            ("ratio, side", "target tokens/s", "× tutorial", "median of the rounds' ×"),
            rows,
        )
    ]
    if "products" in figures:
        shares = [
            [side, number(row["gflops"]), percent(row["share_of_torch"]), percent(row["share_of_best"])]
            for side, row in figures["products"].items()
        ]
        title = (
            "Work done in matrix products at ratio 1, and its share of the fastest products measured in the same run"
        )
        tables.append(Table(title, ("side", "GFLOP/s", "of torch's best", "of the best of all"), shares))
    return tables
