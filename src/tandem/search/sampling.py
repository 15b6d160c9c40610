"""Sampling: outputs drawn from the model's distribution, token by token.

Letters: `N` rows of a step (the samples of all sources), `C` candidates of each row.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.engines import Candidates, Engine, FloatArray, IntArray
from tandem.search.paths import RunningPaths, Streams, start_paths
from tandem.search.steps import Inputs


@dataclass(frozen=True)
class Sampling:
    """Draw `count` outputs of each source.

    Each next token is drawn from the model's distribution, sharpened or flattened by `temperature` and then cut to the
    `top_k` most probable tokens (Fan, Lewis & Dauphin 2018, arXiv 1805.04833, section 5.1), and to the fewest tokens
    whose probabilities reach `top_p` in sum (Holtzman et al. 2020, arXiv 1904.09751, section 3.1). Scores are the
    model's own log-probabilities, whatever the temperature and the cuts.

    The draws depend only on the seed and on the number of a source in its stream, not on the batch or other sources.
    """

    count: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    """None for the whole vocabulary."""
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value out of its range."""
        if self.count < 1:
            raise ValueError(f"sample ({self.count}) must be at least 1")
        if not 0 < self.temperature <= 100:
            raise ValueError(f"temperature ({self.temperature}) must be above 0 and at most 100")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k ({self.top_k}) must be at least 1")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p ({self.top_p}) must be above 0 and at most 1")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed ({self.seed}) must be at least 0 and less than 2 ** 63")

    @property
    def width(self) -> int:
        """The number of samples of a source."""
        return self.count

    def start(self, engine: Engine[Any], inputs: Inputs, keys: IntArray) -> RunningPaths:
        """See `Search.start`; there is one row for each unfinished sample."""
        numbers = np.arange(len(keys)) if inputs.numbers is None else np.array(inputs.numbers)
        return start_paths(self, engine, inputs, keys, self._streams(numbers))

    def rank(self, engine: Engine[Any], tokens: IntArray, state: Any) -> Candidates[Any]:
        """Return the tokens that may be drawn."""
        return engine.step_all(tokens, state) if self.top_k is None else engine.step(tokens, state, self.top_k)

    def choose(self, scores: FloatArray, streams: Streams, times: IntArray) -> IntArray:
        """Draw a column of each row."""
        return self._draw(scores, _uniform(streams, times))

    def _draw(self, scores: FloatArray, uniform: FloatArray) -> IntArray:
        """Return the column that is drawn in each row of log-probabilities `[N, C]`, by a number in [0, 1) each."""
        best = np.nanmax(scores, axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            weights = np.nan_to_num(np.exp((scores - best) / self.temperature))
        if self.top_p < 1:
            order = np.argsort(-weights, axis=1, kind="stable")
            rows = np.arange(len(weights))[:, None]
            ordered = weights[rows, order]
            before = ordered.cumsum(axis=1) - ordered
            # A token is cut if those before it already reach the sum; the best one never is.
            weights[rows, order] = np.where(before < self.top_p * weights.sum(axis=1, keepdims=True), ordered, 0)
        reached = weights.cumsum(axis=1)
        # Inverse of the cumulative distribution: the first column whose sum is above the number.
        places: IntArray = (reached <= uniform[:, None] * reached[:, -1:]).sum(axis=1)
        last: int = weights.shape[1] - 1
        return places.clip(max=last)

    def _streams(self, numbers: IntArray) -> Streams:
        """Return the key of each sample's random numbers, for sources of these numbers."""
        samples = np.arange(self.count, dtype=np.uint64)
        keys = _mixed(_mixed(np.uint64(self.seed) + numbers.astype(np.uint64)[:, None] * _GOLDEN) + samples * _GOLDEN)
        return keys.ravel()


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 divided by the golden ratio: an odd number whose multiples are spread evenly."""


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the values with their bits mixed (Steele, Lea & Flood 2014, the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _uniform(keys: Streams, times: IntArray) -> FloatArray:
    """Return a number in [0, 1) for each key, a different one at each time, `[N]`."""
    with np.errstate(over="ignore"):
        bits = _mixed(keys + (times + 1).astype(np.uint64) * _GOLDEN)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
