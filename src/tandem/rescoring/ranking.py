"""n-best lists scored by a model, and ranked anew (Sutskever, Vinyals & Le 2014, arXiv 1409.3215, section 3.1).

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
"""Hypotheses that are held and scored together; a sentence's are never parted."""
BATCH_SIZE = 128
"""Sentences that are read together, unless said otherwise."""

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredList:
    """The hypotheses of a sentence, and what a model says of each."""

    nbest: NBestList
    log_probabilities: Figures
    """In nats, `<eos>` included, [K]."""
    tokens: Figures
    """How many tokens the model has for each, `<eos>` counted, [K]."""

    def figures(self, weights: Weights) -> Figures:
        """Those that the weights are of, in their order, [K, F]. CorpusError where a hypothesis lacks one."""
        own = {MODEL: self.log_probabilities / self.tokens**weights.length_penalty, LENGTH: self.tokens}
        return np.stack(
            [own[name] if name in own else listed_column(self.nbest, name) for name in weights.values], axis=1
        )

    def ranked(self, weights: Weights) -> NBestList:
        """The list with the best first. The model's figures are features now, and each total a score."""
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
    """What the list says of a hypothesis: its `score`, and its features; one of several values as NAME.0, NAME.1."""
    found = {} if candidate.score is None else {SCORE: candidate.score}
    for name, values in candidate.features.items():
        if len(values) == 1:
            found[name] = values[0]
        else:
            found |= {f"{name}.{place}": value for place, value in enumerate(values)}
    return found


def listed_column(nbest: NBestList, name: str) -> Figures:
    """A figure of each hypothesis, [K]. CorpusError where the list does not have it."""
    values = []
    for candidate in nbest.candidates:
        found = listed_figures(candidate)
        if name not in found:
            fault = f"there is no {name!r}; what can be weighed here: {', '.join((*found, MODEL, LENGTH))}"
            raise nbest.error(candidate, fault)
        values.append(found[name])
    return np.array(values)


def score_lists(
    translator: Translator, lists: Iterable[NBestList], *, batch_size: int = BATCH_SIZE
) -> Iterator[ScoredList]:
    """Have a model score every hypothesis of lists that have their sentences; so many are read together.

    Bounded windows of lists are held. The texts stay as they are: the model reads them as its tokenizer does.
    """
    for window in _windows(lists):
        pairs = [(nbest.source or "", candidate.text) for nbest in window for candidate in nbest.candidates]
        scores = translator.score([source for source, _ in pairs], [text for _, text in pairs], batch_size)
        found = np.array([(score.log_probability, len(score.token_scores)) for score in scores])
        ends = np.cumsum([len(nbest.candidates) for nbest in window])
        for nbest, own in zip(window, np.split(found, ends[:-1]), strict=True):
            yield ScoredList(nbest, own[:, 0], own[:, 1])


def rescore(
    translator: Translator, lists: Iterable[NBestList], weights: Weights, *, batch_size: int = BATCH_SIZE
) -> Iterator[NBestList]:
    """Rank the hypotheses of lists that have their sentences anew, lazily and in order.

    CorpusError where a hypothesis lacks a figure that has a weight.
    """
    for scored in score_lists(translator, lists, batch_size=batch_size):
        yield scored.ranked(weights)


def _windows(lists: Iterable[NBestList]) -> Iterator[Sequence[NBestList]]:
    window: list[NBestList] = []
    held = 0
    for nbest in lists:
        if window and held + len(nbest.candidates) > _WINDOW:
            yield window
            window, held = [], 0
        window.append(nbest)
        held += len(nbest.candidates)
    if window:
        yield window
