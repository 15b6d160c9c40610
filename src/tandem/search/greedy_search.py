"""Greedy search: the most probable token at each step, until `<eos>`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tandem.engines import Candidates, Engine, FloatArray, IntArray
from tandem.search.paths import RunningPaths, Streams, start_paths
from tandem.search.steps import Inputs


@dataclass(frozen=True)
class GreedySearch:
    """Feed back the best token until `<eos>`. Among equally probable tokens the one with the lowest id is taken."""

    width = 1

    def start(self, engine: Engine[Any], inputs: Inputs, keys: IntArray) -> RunningPaths:
        """See `Search.start`; there is one row for each unfinished source."""
        return start_paths(self, engine, inputs, keys, np.zeros(len(keys), np.uint64))

    def rank(self, engine: Engine[Any], tokens: IntArray, state: Any) -> Candidates[Any]:
        """Return the best token of each row."""
        return engine.step(tokens, state, 1)

    def choose(self, scores: FloatArray, _streams: Streams, _times: IntArray) -> IntArray:
        """Return the first column."""
        return np.zeros(len(scores), np.int64)
