"""Scoring n-best lists: a source and what its hypotheses share read once, beside pairs in batches, each by itself."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import torch

from benchmarks.corpora import MeasuredCorpus
from benchmarks.decoding import make_translators
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, Turn, alternate, compare, evenly, rounded
from benchmarks.same import DifferentError
from benchmarks.tables import Table, number, percent, times
from tandem import Translator
from tandem.batches import pad_sentences
from tandem.models.coins import draw_coins
from tandem.models.prefixes import target_tree
from tandem.text import EOS_ID, SOS_ID
from tandem.text.codec import frame
from tandem.training.loss import token_scores

Score: TypeAlias = Callable[[Sequence[tuple[str, str]]], list[float]]
"""Pairs -> the log-probability of each."""

_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.05}
"""How far apart the two sides' log-probabilities of a whole text may be: this share of them, or of a nat."""


def measure_rescoring(plan: Plan, corpus: MeasuredCorpus, run: Path | None) -> Figures:
    """Rates of the two ways to score the n best of some sentences, which the model's own beam search found.

    With a run its weights are measured. Without one they are random, and every hypothesis has the same length.
    """
    translators = make_translators(plan, corpus, run)
    first = translators["float32"]
    sources = evenly([source for source, _ in corpus.test], plan.listed_sentences)
    size = plan.list_size
    found = first.translate(sources, first.search_settings(beam=size, n_best=size))
    pairs = [
        (source, one.text) for source, made in zip(sources, found, strict=True) for one in made.alternatives or (made,)
    ]
    figures: Figures = {
        "unit": "hypotheses/s",
        "weights": "trained" if run else f"random, {plan.output_length} tokens an output",
        "sentences": len(sources),
        "hypotheses": len(pairs),
        "batch_size": plan.batch,
        "sides": {},
        "reading": _reading(first, pairs),
    }
    for precision, translator in translators.items():
        plain = PairByPair(translator, plan.batch)
        check_same_scores(translator, plain, pairs)
        turns: dict[str, Turn] = {
            "pair by pair": _turn(plain.score, pairs),
            "shared": _turn(_shared(translator), pairs),
        }
        rates = compare(alternate(turns, plan.alternations), "pair by pair")
        figures["sides"][precision] = {**rates, "cost": rounded(1 / rates["shared"]["ratio"])}
    return figures


class PairByPair:
    """Scores pairs in padded batches sorted by length, each with an encoding of its own."""

    def __init__(self, translator: Translator, batch: int) -> None:
        """With a translator's weights, tokens and type of products."""
        self._translator = translator
        self._batch = batch
        output = translator.model.decoder.fc_out
        self._weight, self._bias = (part.detach().to(translator.dtype) for part in (output.weight, output.bias))

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The log-probability of each pair's target, in nats."""
        translator = self._translator
        encoded = translator.source_tokenizer.encode_batch([source for source, _ in pairs])
        sources = [frame(ids, reverse=translator.recipe.text.reverse_source) for ids in encoded]
        found = translator.target_tokenizer.encode_batch([target for _, target in pairs])
        targets = [[SOS_ID, *ids, EOS_ID] for ids in found]
        order = sorted(range(len(pairs)), key=lambda n: (len(targets[n]), len(sources[n])))
        scores = [0.0] * len(pairs)
        for start in range(0, len(order), self._batch):
            rows = order[start : start + self._batch]
            values = self._score([sources[row] for row in rows], [targets[row] for row in rows])
            for row, value in zip(rows, values, strict=True):
                scores[row] = value
        return scores

    @torch.no_grad()
    def _score(self, sources: list[list[int]], targets: list[list[int]]) -> list[float]:
        translator = self._translator
        source, source_lengths = pad_sentences(sources)
        target, lengths = pad_sentences(targets)
        steps = len(target) - 1
        coins = draw_coins(steps, len(targets), 1.0, by_token=False)
        with torch.autocast("cpu", translator.dtype, enabled=translator.dtype != torch.float32):
            features = translator.model.features(source, target, coins, source_lengths)
        flat, _ = token_scores(features.flatten(0, 1), self._weight, self._bias, target[1:].flatten())
        real = torch.arange(steps)[:, None] < lengths - 1  # (T - 1, 1) against (B,) -> (T - 1, B)
        totals: list[float] = flat.view(steps, -1).double().masked_fill(~real, 0.0).sum(0).tolist()
        return totals


def check_same_scores(translator: Translator, plain: PairByPair, pairs: list[tuple[str, str]]) -> None:
    """Raise DifferentError unless both ways find every pair as probable."""
    tolerance = _TOLERANCE[translator.dtype]
    for (source, target), ours, theirs in zip(pairs, _shared(translator)(pairs), plain.score(pairs), strict=True):
        if not math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance):
            raise DifferentError(f"{target!r} of {source!r} scores {ours} when shared, and {theirs} pair by pair")


def _shared(translator: Translator) -> Score:
    def score(pairs: Sequence[tuple[str, str]]) -> list[float]:
        found = translator.score([source for source, _ in pairs], [target for _, target in pairs])
        return [one.log_probability for one in found]

    return score


def _turn(score: Score, pairs: list[tuple[str, str]]) -> Turn:
    return lambda: len(score(pairs))


def _reading(translator: Translator, pairs: list[tuple[str, str]]) -> Figures:
    """Steps that the decoder takes for these pairs, by itself and with what is shared."""
    numbers = {source: place for place, source in enumerate(dict.fromkeys(source for source, _ in pairs))}
    targets = [[SOS_ID, *translator.target_tokenizer.encode(target)] for _, target in pairs]
    roots = torch.tensor([numbers[source] for source, _ in pairs])
    tree, _ = target_tree(*pad_sentences(targets), roots, torch.device("cpu"))
    return {"tokens": sum(map(len, targets)), "distinct beginnings": len(tree.tokens)}


def rescoring_tables(figures: Figures) -> list[Table]:
    """Both ways, and what sharing leaves to be read."""
    rows = [
        [
            f"{precision}, {way}",
            number(row[way]["median"]),
            times(row[way]["ratio"]),
            percent(row["cost"] if way == "shared" else 1.0),
        ]
        for precision, row in figures["sides"].items()
        for way in ("pair by pair", "shared")
    ]
    title = (
        f"Scoring of {figures['hypotheses']:,} hypotheses of {figures['sentences']:,} sentences, "
        f"weights {figures['weights']}"
    )
    read = [[what, number(steps)] for what, steps in figures["reading"].items()]
    return [
        Table(title, ("side", "hypotheses/s", "× pair by pair", "cost"), rows),
        Table("What the decoder has to read for them, in steps", ("what", "steps"), read),
    ]
