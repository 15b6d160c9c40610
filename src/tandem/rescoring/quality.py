"""What rescoring gains, in BLEU: of the list's own first hypotheses, the model's, those ranked anew, and the best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tandem.metrics import BleuTokenizer, Score, bleu
from tandem.metrics.bootstrap import Statistics, bleu_of_sums, bleu_statistics
from tandem.rescoring.ranking import Figures, ScoredList
from tandem.rescoring.tuning import TuningSettings, as_lists, tune
from tandem.rescoring.weights import MODEL, Weights
from tandem.text import norm_signature, normalise

_PASSES = 20
"""Over all sentences at most, in search of the oracle; a few do."""


@dataclass(frozen=True)
class Judged:
    """A sentence's hypotheses measured against its reference."""

    figures: Figures
    """Those that the weights are of, [K, F]."""
    own: Figures
    """The list's own scores, falling with the place where it has none, [K]."""
    statistics: Statistics
    """What BLEU is computed from, [K, 10]."""


def judge(scored: ScoredList, reference: str, weights: Weights, *, lowercase: bool, tokenizer: BleuTokenizer) -> Judged:
    """Measure each different text of a list once, all texts normalised.

    CorpusError where a hypothesis lacks a figure that has a weight.
    """
    texts = [normalise(candidate.text) for candidate in scored.nbest.candidates]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    references = [[normalise(reference)]] * len(places)
    statistics = bleu_statistics(list(places), references, lowercase=lowercase, tokenize=tokenizer)
    own = [-float(k) if c.score is None else c.score for k, c in enumerate(scored.nbest.candidates)]
    return Judged(scored.figures(weights), np.array(own), statistics[[places[text] for text in texts]])


def tuned(judged: Sequence[Judged], weights: Weights, settings: TuningSettings | None = None) -> Weights:
    """The weights of the highest BLEU that is found from `weights` and from other starts."""
    lists = as_lists([one.figures for one in judged], [one.statistics for one in judged])
    found = tune(lists, np.array(list(weights.values.values())), settings)
    # To six digits, so that the file is the weights.
    return Weights(
        {name: float(f"{value:.6g}") for name, value in zip(weights.values, found, strict=True)},
        weights.length_penalty,
    )


def qualities(judged: Sequence[Judged], weights: Weights, *, lowercase: bool, tokenizer: BleuTokenizer) -> list[Score]:
    """BLEU of the list's first hypotheses, of those that the model alone ranks first, of those ranked first by the
    weights, and of the best choice that is found: `list`, `model`, `rescored`, `oracle`, each with its signature.
    """
    # A signature does not depend on the texts.
    of_texts = bleu([""], [[""]], lowercase=lowercase, tokenize=tokenizer).signature
    signature = f"{of_texts}|{norm_signature(raw=False)}"
    model = list(weights.values).index(MODEL)
    values = np.array(list(weights.values.values()))
    penalty = f"lp:{weights.length_penalty:g}"
    choices = {
        "list": ([one.own.argmax() for one in judged], "by:the list"),
        "model": ([one.figures[:, model].argmax() for one in judged], f"by:the model|{penalty}"),
        "rescored": ([(one.figures @ values).argmax() for one in judged], f"by:{weights}|{penalty}"),
        "oracle": (oracle([one.statistics for one in judged]), "by:the reference, hill climbing"),
    }
    return [Score(name, _bleu(judged, places), f"{signature}|{how}") for name, (places, how) in choices.items()]


def oracle(statistics: Sequence[Statistics]) -> list[int]:
    """A choice of hypotheses whose corpus BLEU no change of a single one raises; the highest may be higher yet.

    It begins with each sentence's best by itself, with 1 added to its counts, and goes over the sentences until a pass
    changes nothing.
    """
    chosen = [int(bleu_of_sums(own + 1.0).argmax()) for own in statistics]
    sums = _chosen(statistics, chosen).sum(0)
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


def _bleu(judged: Sequence[Judged], places: Iterable[int]) -> float:
    return float(bleu_of_sums(_chosen([one.statistics for one in judged], places).sum(0)))


def _chosen(statistics: Sequence[Statistics], places: Iterable[int]) -> Statistics:
    return np.stack([own[place] for own, place in zip(statistics, places, strict=True)])
