"""n-best lists scored by a model and ranked again (Sutskever, Vinyals & Le 2014, arXiv 1409.3215, section 3.1).

Letters: K hypotheses of a sentence, F figures of each.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tandem.rescoring.lists import Candidate, NBestList
from tandem.rescoring.weights import LENGTH, MODEL, SCORE, Weights
from tandem.translation.translator import Translator

_WINDOW = 2**13
"""The number of hypotheses that are in memory and scored together; those of a sentence stay together."""
BATCH_SIZE = 128

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredList:
    """The hypotheses of a sentence, scored by a model."""

    nbest: NBestList
    log_probabilities: Figures  # The log-probability of each in nats, `<eos>` included, `[K]`
    tokens: Figures  # The number of the model's tokens in each, `<eos>` included, `[K]`

    def figures(self, weights: Weights) -> Figures:
        """Return the figures that have a weight, in the order of the weights, `[K, F]`.

        CorpusError where a hypothesis lacks one.
        """
        own = {MODEL: self.log_probabilities / self.tokens**weights.length_penalty, LENGTH: self.tokens}
        return np.stack(
            [own[name] if name in own else listed_column(self.nbest, name) for name in weights.values], axis=1
        )

    def ranked(self, weights: Weights) -> NBestList:
        """Return the list with the best first. The model's figures become features, and totals become scores."""
        names = list(weights.values)
        figures = self.figures(weights)
        totals = figures @ np.array(list(weights.values.values()))
        model, length = figures[:, names.index(MODEL)], figures[:, names.index(LENGTH)]
        candidates = self.nbest.candidates
        return replace(
            self.nbest,
            candidates=tuple(
                replace(
                    candidates[k],
                    score=float(totals[k]),
                    features={**candidates[k].features, MODEL: (float(model[k]),), LENGTH: (float(length[k]),)},
                )
                for k in np.argsort(-totals, kind="stable")
            ),
        )


def listed_figures(candidate: Candidate) -> dict[str, float]:
    """Return the `score` of a hypothesis and its features; several values of a feature are NAME.0, NAME.1 and so on."""
    figures = {} if candidate.score is None else {SCORE: candidate.score}
    for name, values in candidate.features.items():
        if len(values) == 1:
            figures[name] = values[0]
        else:
            figures |= {f"{name}.{place}": value for place, value in enumerate(values)}
    return figures


def listed_column(nbest: NBestList, name: str) -> Figures:
    """Return a figure of each hypothesis, `[K]`. CorpusError where the list does not have it."""
    values = []
    for candidate in nbest.candidates:
        figures = listed_figures(candidate)
        if name not in figures:
            fault = f"there is no {name!r}; what can be weighed here: {', '.join((*figures, MODEL, LENGTH))}"
            raise nbest.error(candidate, fault)
        values.append(figures[name])
    return np.array(values)


def score_lists(
    translator: Translator, lists: Iterable[NBestList], *, batch_size: int = BATCH_SIZE
) -> Iterator[ScoredList]:
    """Score every hypothesis of lists that have their sentences, in batches of `batch_size`.

    Only a bounded window of lists is in memory. The texts are not normalised beyond what the model's tokenizer does.
    """
    for window in _windows(lists):
        pairs = [(nbest.source or "", candidate.text) for nbest in window for candidate in nbest.candidates]
        scores = translator.score([source for source, _ in pairs], [text for _, text in pairs], batch_size)
        figures = np.array([(score.log_probability, len(score.token_scores)) for score in scores])
        ends = np.cumsum([len(nbest.candidates) for nbest in window])
        for nbest, own in zip(window, np.split(figures, ends[:-1]), strict=True):
            yield ScoredList(nbest, own[:, 0], own[:, 1])


def rescore(
    translator: Translator, lists: Iterable[NBestList], weights: Weights, *, batch_size: int = BATCH_SIZE
) -> Iterator[NBestList]:
    """Rank again the hypotheses of lists that have their sentences, lazily and in order.

    CorpusError where a hypothesis lacks a figure that has a weight.
    """
    for scored in score_lists(translator, lists, batch_size=batch_size):
        yield scored.ranked(weights)


def _windows(lists: Iterable[NBestList]) -> Iterator[Sequence[NBestList]]:
    window: list[NBestList] = []
    size = 0
    for nbest in lists:
        if window and size + len(nbest.candidates) > _WINDOW:
            yield window
            window, size = [], 0
        window.append(nbest)
        size += len(nbest.candidates)
    if window:
        yield window
