"""Greedy search: the most probable token at each step, until `<eos>`."""

from dataclasses import dataclass

import numpy as np

from tandem.engines import Engine, FloatArray, IntArray
from tandem.engines.engine import S
from tandem.search.hypothesis import Hypothesis
from tandem.search.steps import Constraints, Inputs, SearchStep, Steps, nothing_possible


@dataclass(frozen=True)
class GreedySearch:
    """Feed back the best token until `<eos>`. Among equally probable tokens the one with the lowest id is taken."""

    width = 1

    def steps(self, engine: Engine[S], inputs: Inputs) -> Steps:
        """Search all sources at once; yield one row for each that goes on."""
        if not inputs.sources:
            return []
        state = engine.start(inputs.sources)
        constraints = Constraints(engine, state, inputs)
        rows: IntArray = np.arange(len(inputs.sources))  # (N,): the source of each row
        tokens, totals = np.full_like(rows, engine.sos), np.zeros(len(rows))
        taken = Taken(len(rows))
        for time in range(constraints.longest + 1):
            candidates = engine.step(tokens, state, 1)
            best, best_scores = constraints.apply(candidates, rows, time)
            tokens, scores, state = best[:, 0], best_scores[:, 0], candidates.state
            taken.add(rows, tokens, scores)
            totals = totals + scores
            kept = np.flatnonzero(tokens != engine.eos)
            if len(kept) < len(rows):
                rows, tokens, totals = rows[kept], tokens[kept], totals[kept]
                state = state.select(kept) if len(kept) else state
            yield SearchStep(rows, kept, tokens, totals)
            if not len(kept):
                break
        return [[hypothesis] for hypothesis in taken.hypotheses()]


class Taken:
    """The tokens that outputs took, one step after the other."""

    def __init__(self, sources: int, each: int = 1) -> None:
        """`each` is the number of outputs of a source."""
        self._outputs = sources * each
        self._each = each
        self._steps: list[tuple[IntArray, IntArray, FloatArray]] = []

    def add(self, outputs: IntArray, tokens: IntArray, scores: FloatArray) -> None:
        """Add a token and its log-probability to each of `outputs`, `[N]`."""
        self._steps.append((outputs, tokens, scores))

    def hypotheses(self) -> list[Hypothesis]:
        """Return a finished hypothesis of each output, scored by its log-probability.

        Raise TandemError where that is minus infinity or NaN.
        """
        outputs, tokens, scores = (np.concatenate(parts).tolist() for parts in zip(*self._steps, strict=True))
        ids: list[list[int]] = [[] for _ in range(self._outputs)]
        token_scores: list[list[float]] = [[] for _ in range(self._outputs)]
        for output, token, score in zip(outputs, tokens, scores, strict=True):
            ids[output].append(token)
            token_scores[output].append(score)
        results = []
        for output, (own, own_scores) in enumerate(zip(ids, token_scores, strict=True)):
            total = sum(own_scores)
            if not total > -np.inf:
                raise nothing_possible(output // self._each)
            results.append(Hypothesis(tuple(own[:-1]), total, tuple(own_scores)))
        return results
