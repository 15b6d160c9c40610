"""What rescoring gains in BLEU: that of the list's first hypotheses, of the model's, of the rescored, of the best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tandem.metrics import BleuTokenizer, Score, bleu
from tandem.metrics.bootstrap import Statistics, bleu_of_sums, bleu_statistics
from tandem.rescoring.ranking import Figures, ScoredList
from tandem.rescoring.tuning import as_lists, tune
from tandem.rescoring.weights import MODEL, Weights
from tandem.text import norm_signature, normalise

_PASSES = 20
"""The largest number of passes over all sentences in the search for the oracle; usually a few suffice."""


@dataclass(frozen=True)
class Judged:
    """The hypotheses of a sentence, measured against its reference."""

    figures: Figures  # The figures that have a weight, `[K, F]`
    own: Figures  # The scores in the list, `[K]`; where it has none, numbers that fall with the rank
    statistics: Statistics  # The table that BLEU is computed from, `[K, 10]`


def judge(scored: ScoredList, reference: str, weights: Weights, *, lowercase: bool, tokenizer: BleuTokenizer) -> Judged:
    """Measure the hypotheses of a list, each distinct text once; all texts are normalised.

    CorpusError where a hypothesis lacks a figure that has a weight.
    """
    texts = [normalise(candidate.text) for candidate in scored.nbest.candidates]
    rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    references = [[normalise(reference)]] * len(rows)
    statistics = bleu_statistics(list(rows), references, lowercase=lowercase, tokenize=tokenizer)
    own = [-float(k) if c.score is None else c.score for k, c in enumerate(scored.nbest.candidates)]
    return Judged(scored.figures(weights), np.array(own), statistics[[rows[text] for text in texts]])


def tuned(judged: Sequence[Judged], weights: Weights) -> Weights:
    """Return the weights with the highest BLEU that tuning finds from `weights` and from other starts."""
    lists = as_lists([one.figures for one in judged], [one.statistics for one in judged])
    best = tune(lists, np.array(list(weights.values.values())))
    # Rounded to six digits, so that these are the weights that a file holds.
    values = {name: float(f"{value:.6g}") for name, value in zip(weights.values, best, strict=True)}
    return Weights(values, weights.length_penalty)


def qualities(judged: Sequence[Judged], weights: Weights, *, lowercase: bool, tokenizer: BleuTokenizer) -> list[Score]:
    """Return BLEU of four choices, each with its signature.

    `list` is the list's first hypotheses, `model` those that the model alone ranks first, `rescored` those that the
    weights rank first, and `oracle` the best choice that is found.
    """
    # The signature does not depend on the texts.
    metric = bleu([""], [[""]], lowercase=lowercase, tokenize=tokenizer).signature
    signature = f"{metric}|{norm_signature(raw=False)}"
    model = list(weights.values).index(MODEL)
    values = np.array(list(weights.values.values()))
    penalty = f"lp:{weights.length_penalty:g}"
    choices = {
        "list": ([one.own.argmax() for one in judged], "by:the list"),
        "model": ([one.figures[:, model].argmax() for one in judged], f"by:the model|{penalty}"),
        "rescored": ([(one.figures @ values).argmax() for one in judged], f"by:{weights}|{penalty}"),
        "oracle": (oracle([one.statistics for one in judged]), "by:the reference, hill climbing"),
    }
    return [Score(name, _bleu(judged, chosen), f"{signature}|{how}") for name, (chosen, how) in choices.items()]


def oracle(statistics: Sequence[Statistics]) -> list[int]:
    """Choose a hypothesis for each sentence so that no single change raises corpus BLEU.

    The choice begins with the best hypothesis of each sentence by itself, with 1 added to its counts, and passes over
    the sentences until nothing changes. Other choices may have a still higher BLEU.
    """
    chosen = [int(bleu_of_sums(own + 1.0).argmax()) for own in statistics]
    sums = _rows(statistics, chosen).sum(0)
    for _ in range(_PASSES):
        changed = False
        for sentence, own in enumerate(statistics):
            without = sums - own[chosen[sentence]]
            scores = bleu_of_sums(without + own)
            best = int(scores.argmax())
            if scores[best] > scores[chosen[sentence]]:
                chosen[sentence], sums, changed = best, without + own[best], True
        if not changed:
            break
    return chosen


def _bleu(judged: Sequence[Judged], chosen: Iterable[int]) -> float:
    return float(bleu_of_sums(_rows([one.statistics for one in judged], chosen).sum(0)))


def _rows(statistics: Sequence[Statistics], chosen: Iterable[int]) -> Statistics:
    return np.stack([own[row] for own, row in zip(statistics, chosen, strict=True)])
