"""What attention costs: training and translating with each kind, beside the same sizes without it, in turn."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.corpora import MeasuredCorpus, batch_rows, rows_of
from benchmarks.decoding import BEAM, batched, random_translator
from benchmarks.plan import Plan, Sizes
from benchmarks.rounds import Figures, Turn, alternate, compare, evenly
from benchmarks.sides import PRECISIONS, TandemSide, processor_precisions
from benchmarks.tables import Table, number, times
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.names import AttentionKind, AttentionScore


class Kind(NamedTuple):
    """A kind of attention and its score; both None for a model without."""

    attention: AttentionKind | None
    score: AttentionScore = "general"


NONE = "none"
KINDS: Mapping[str, Kind] = {
    NONE: Kind(None),
    "luong, general": Kind("luong"),
    "luong, additive": Kind("luong", "additive"),
    "gnmt, general": Kind("gnmt"),
    "gnmt, additive": Kind("gnmt", "additive"),
}


def measure_attention(plan: Plan, corpus: MeasuredCorpus) -> Figures:
    """Target tokens a second with full teacher forcing, and sentences a second with a beam, of each kind.

    The sizes are the same for all kinds, and the encoder reads in one direction. Weights are random, and every output
    has the same length.
    """
    words = corpus.vocabularies
    batches = evenly(batch_rows(corpus.train, plan.batch, by_length=True), plan.tandem_batches)
    chosen = rows_of(corpus.train, np.concatenate(batches))
    training: dict[str, Figures] = {}
    beams: dict[str, Figures] = {}
    texts = [source for source, _ in corpus.test][: plan.tandem_sentences]
    for precision in processor_precisions():
        turns: dict[str, Turn] = {}
        searches: dict[str, Turn] = {}
        for name, kind in KINDS.items():
            model = model_of(kind, words, plan.sizes)
            turns[name] = TandemSide(model, chosen, plan.batch, 1.0, precision).turn
            translator = random_translator(model_of(kind, words, plan.sizes), plan, corpus, precision)
            searches[name] = batched(translator, texts, translator.search_settings(beam=BEAM))
        training[precision] = compare(alternate(turns, plan.alternations), NONE)
        beams[precision] = compare(alternate(searches, plan.alternations), NONE)
    return {"sizes": asdict(plan.sizes), "batch": plan.batch, "training": training, "beam": beams}


def model_of(kind: Kind, words: tuple[int, int], sizes: Sizes) -> Seq2Seq:
    """Return an untrained model of these sizes with this kind of attention."""
    torch.manual_seed(1)
    shape = (sizes.embedding, sizes.hidden, sizes.layers, sizes.dropout)
    decoder = Decoder(words[1], *shape, attention=kind.attention, attention_score=kind.score)
    return Seq2Seq(Encoder(words[0], *shape), decoder)


def attention_tables(figures: Figures) -> list[Table]:
    """Rates of training and of beam search."""
    measured = [precision for precision in PRECISIONS if precision in figures["training"]]
    return [
        Table(
            title,
            ("type, attention", unit, "× none", "median of the rounds' ×"),
            [
                [f"{precision}, {name}", number(row["median"]), times(row["ratio"]), times(row["ratio_of_rounds"])]
                for precision in measured
                for name, row in figures[part][precision].items()
            ],
        )
        for part, title, unit in (
            ("training", "Training with attention: medians of the rounds", "target tokens/s"),
            ("beam", f"Translating with attention, beam {BEAM}, in batches: medians of the rounds", "sentences/s"),
        )
    ]
