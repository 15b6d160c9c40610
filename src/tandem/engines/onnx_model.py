"""One exported model: its two graphs, and the inputs that they need.

Letters: `B` sources, `S` source length, `N` rows of a step, `R` rows of the step before, `P` values of a state, `A`
requested pairs, `C` candidates, `V` vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tandem.engines.engine import IntArray
from tandem.text import SOS_ID
from tandem.text.copying import NEVER

Float32Array: TypeAlias = npt.NDArray[np.float32]
_TOGETHER = 64
"""The most sources that are read together."""
_NO_PAIRS: IntArray = np.zeros((0, 2), np.int64)


class Session(Protocol):
    """A loaded graph, such as `onnxruntime.InferenceSession`."""

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any]) -> list[Any]:
        """Return the named outputs, or all outputs."""
        ...


@dataclass(frozen=True)
class OnnxShape:
    """The kind of inputs and outputs that a model's graphs have."""

    vocabulary: int
    """The number of target tokens, V."""
    source_vocabulary: int
    """The size of the source vocabulary. Ids from this one on are features."""
    features: bool
    attends: bool
    copies: bool
    adds: bool = False
    """Whether attention has Bahdanau's additive score, whose keys are `[B, S, A]`; the others' are `[B, A, S]`."""
    turned: bool = False
    """Whether the model reads sources in the opposite order to the one in which they are given."""


class OnnxMemory(NamedTuple):
    """The arrays of B sources that attention reads."""

    keys: Float32Array
    values: Float32Array
    bias: Float32Array
    """`[B, 1, S]`, minus infinity after the end of a source."""
    copies: IntArray | None = None
    """`[B, S]`, the extended id of each position, or -1; None unless the model copies."""
    firsts: IntArray | None = None
    """`[B, S]`, the first position with the same id."""
    columns: IntArray | None = None
    """`[B, S]`, a different extended id for each position: at the first position of an id, that id; else a free one."""

    def with_copies(self, copies: IntArray, firsts: IntArray, columns: IntArray) -> "OnnxMemory":
        """Return the memory of a model that copies."""
        return self._replace(copies=copies, firsts=firsts, columns=columns)

    @property
    def longest(self) -> int:
        """The length of the longest source."""
        return int((self.bias == 0).sum(axis=2).max())

    def select(self, sources: IntArray) -> "OnnxMemory":
        """Return the memory of these sources alone, `[B']`."""
        return OnnxMemory(*(None if part is None else part[sources] for part in self))  # type: ignore[arg-type]


class OnnxModelState(NamedTuple):
    """The state of R rows, and the memory of their sources."""

    rows: Float32Array
    """`[R, P]`"""
    memory: OnnxMemory | None


class Owners(NamedTuple):
    """Which source each of N rows belongs to."""

    sources: IntArray
    """`[N]`"""
    slots: IntArray
    """`[B, Q]`, the rows of each source side by side, padded with row 0; Q is the most rows that a source has."""
    places: IntArray
    """`[N]`, the position of each row among the `B Q` slots."""

    @classmethod
    def of(cls, sources: IntArray, batch: int) -> "Owners":
        """Return the owners of rows that belong to these of `batch` sources."""
        # In the stable order by source, the rank of a row is its position less the number of rows of earlier sources.
        counts = np.bincount(sources, minlength=batch)
        order = np.argsort(sources, kind="stable")
        ranks = np.arange(len(sources)) - (np.cumsum(counts) - counts)[sources[order]]
        slots = np.zeros((batch, int(counts.max())), np.int64)
        slots[sources[order], ranks] = order
        places = np.empty(len(sources), np.int64)
        places[order] = sources[order] * slots.shape[1] + ranks
        return cls(sources, slots, places)


class Stepped(NamedTuple):
    """The results of a step."""

    outputs: list[Any]
    """The requested outputs, in their order."""
    state: Float32Array
    """`[N, P]`"""


class OnnxModel:
    """An exported model. Not changed by use, so threads may share one."""

    def __init__(self, encoder: Session, step: Session, shape: OnnxShape) -> None:
        self._encoder = encoder
        self._step = step
        self.shape = shape

    def start(self, source: IntArray, lengths: IntArray, numbers: IntArray | None) -> OnnxModelState:
        """Read `source [S, B]`, of `lengths [B]`, into a state of B rows.

        A model that copies needs the `numbers [S, B]` of the tokens (`text/copying.py`). Sources of like length are
        read together, since a graph computes what is behind the end of a source, too.
        """
        if len(lengths) <= _TOGETHER:
            return self._start(source, lengths, numbers)
        order = np.argsort(lengths, kind="stable")
        parts = []
        for rows in np.split(order, range(_TOGETHER, len(order), _TOGETHER)):
            own = slice(int(lengths[rows].max()))
            parts.append(self._start(source[own, rows], lengths[rows], None if numbers is None else numbers[own, rows]))
        back = np.argsort(order)
        whole = reduce(self.join, parts)
        return OnnxModelState(whole.rows[back], None if whole.memory is None else whole.memory.select(back))

    def _start(self, source: IntArray, lengths: IntArray, numbers: IntArray | None) -> OnnxModelState:
        """Read sources together."""
        if self.shape.turned:
            source = reversed_inside(source, lengths)
        feeds = {"source": source, "lengths": lengths}
        if self.shape.features:
            feeds = _divided(source, lengths, self.shape.source_vocabulary)
        if not self.shape.attends:
            return OnnxModelState(self._encoder.run(["state"], feeds)[0], None)
        state, keys, values = self._encoder.run(["state", "keys", "values"], feeds)
        behind = np.arange(len(source)) >= lengths[:, None]  # (B, S)
        bias = np.where(behind, -np.inf, 0).astype(np.float32)[:, None]
        memory = OnnxMemory(keys, values, bias)
        if self.shape.copies and numbers is not None:
            copies = _copies(numbers.T, self.shape.vocabulary)
            memory = memory.with_copies(*(_turned(copies, lengths) if self.shape.turned else copies))
        return OnnxModelState(state, memory)

    def join(self, state: OnnxModelState, other: OnnxModelState) -> OnnxModelState:
        """Return the state of the rows of two states, with a memory as long as the longest source of both."""
        rows = np.concatenate([state.rows, other.rows])
        if state.memory is None or other.memory is None:
            return OnnxModelState(rows, None)
        length = max(state.memory.longest, other.memory.longest)
        both = zip(self._resized(state.memory, length), self._resized(other.memory, length), strict=True)
        memory = (None if own is None or more is None else np.concatenate([own, more]) for own, more in both)
        return OnnxModelState(rows, OnnxMemory(*memory))  # type: ignore[arg-type]

    def _resized(self, memory: OnnxMemory, length: int) -> OnnxMemory:
        """Return a memory with `length` positions; new positions are after the end of every source."""
        keys = _resized(memory.keys, 1 if self.shape.adds else 2, length)
        resized = OnnxMemory(keys, _resized(memory.values, 1, length), _resized(memory.bias, 2, length, -np.inf))
        if memory.copies is None or memory.firsts is None or memory.columns is None:
            return resized
        places = np.tile(np.arange(memory.copies.shape[1], length), (len(memory.copies), 1))
        new = (np.full_like(places, NEVER), places, self.shape.vocabulary + places)
        own = (memory.copies, memory.firsts, memory.columns)
        return resized.with_copies(*(np.concatenate([a[:, :length], b], axis=1) for a, b in zip(own, new, strict=True)))

    def step(
        self,
        names: Sequence[str],
        tokens: IntArray,
        rows: IntArray,
        owners: Owners | None,
        state: OnnxModelState,
        *,
        count: int = 1,
        bans: Sequence[int] = (),
        asked: IntArray = _NO_PAIRS,
    ) -> Stepped:
        """Feed `tokens [N]` to these `rows [N]` of a state, and return the named outputs of the graph."""
        memory = state.memory
        width = self.shape.vocabulary + (0 if memory is None or memory.copies is None else memory.copies.shape[1])
        banned = np.zeros(width, np.float32)
        banned[list(bans)] = -np.inf
        feeds: dict[str, Any] = {
            "tokens": np.where(tokens < self.shape.vocabulary, tokens, 0),
            "rows": rows,
            "state": state.rows,
            "count": np.array([min(count, width)]),
            "bans": banned,
            "asked": asked,
        }
        if memory is not None and owners is not None:
            feeds |= {"keys": memory.keys, "values": memory.values, "bias": memory.bias}
            feeds |= {"slots": owners.slots, "places": owners.places}
            if memory.copies is not None:
                feeds |= {"sources": owners.sources, "copies": memory.copies}
                feeds |= {"firsts": memory.firsts, "columns": memory.columns}
        *outputs, after = self._step.run([*names, "state_after"], feeds)
        return Stepped(outputs, after)

    def as_given(self, weights: Float32Array, owners: Owners, memory: OnnxMemory) -> Float32Array:
        """Return the attention `weights [N, S]` of a step with the positions of the sources as they were given."""
        if not self.shape.turned:
            return weights
        lengths = (memory.bias[:, 0] == 0).sum(axis=1)[owners.sources]
        return reversed_inside(weights.T, lengths).T


def _resized(values: Float32Array, axis: int, length: int, filler: float = 0.0) -> Float32Array:
    """Return values with `length` positions along an axis, with `filler` at new positions."""
    if values.shape[axis] >= length:
        return values.take(np.arange(length), axis) if values.shape[axis] > length else values
    more = [(0, length - size if number == axis else 0) for number, size in enumerate(values.shape)]
    return np.pad(values, more, constant_values=filler)


def reversed_inside(columns: npt.NDArray[Any], lengths: IntArray) -> npt.NDArray[Any]:
    """Reverse each of `columns [S, B]`, of `lengths [B]`, except for its first and its last value."""
    places = np.arange(len(columns))[:, None]
    last = lengths - 1
    inside = (places > 0) & (places < last)
    return np.take_along_axis(columns, np.where(inside, last - places, places), axis=0)


def _divided(ids: IntArray, lengths: IntArray, behind: int) -> dict[str, IntArray]:
    """Divide `ids [S, B]` into sources and features, whose ids are `behind` and above."""
    is_feature = ids >= behind
    inside = np.arange(len(ids))[:, None] < lengths
    source, source_lengths = _closed_up(ids, inside & ~is_feature)
    features, counts = _closed_up(ids - behind, inside & is_feature)
    # A sequence must have a token, so the features begin with <sos>.
    begun = np.concatenate([np.full((1, ids.shape[1]), SOS_ID), features])
    places = np.where(
        is_feature,
        len(source) + np.minimum(is_feature.cumsum(axis=0), len(features)),
        ((~is_feature).cumsum(axis=0) - 1).clip(0, len(source) - 1),
    )
    return {
        "source": source,
        "lengths": source_lengths,
        "features": begun,
        "features_lengths": counts + 1,
        "places": places,
    }


def _closed_up(ids: IntArray, mask: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Return the ids `[S, B]` where the mask is true, moved to the front in their order, and their counts `[B]`."""
    lengths = mask.sum(axis=0)
    count = int(lengths.max())
    order = np.argsort(~mask, axis=0, kind="stable")[:count]
    inside = np.arange(count)[:, None] < lengths
    return np.where(inside, np.take_along_axis(ids, order, axis=0), 1), lengths


_CopyArrays: TypeAlias = tuple[IntArray, IntArray, IntArray]
"""Ids, first positions and columns, `[B, S]` each."""


def _copies(numbers: IntArray, vocabulary: int) -> _CopyArrays:
    """Return the arrays for copying, given the `numbers [B, S]` of the sources' tokens: see `models/copying.py`."""
    places = np.arange(numbers.shape[1])
    firsts = (numbers[:, :, None] == numbers[:, None, :]).argmax(axis=2)
    ids = np.where(numbers < vocabulary, numbers, vocabulary + firsts)
    return ids, firsts, np.where((ids != NEVER) & (firsts == places), ids, vocabulary + places)


def _turned(copies: _CopyArrays, lengths: IntArray) -> _CopyArrays:
    """Return the arrays for copying from sources that are read in the opposite order."""
    last = lengths[:, None] - 1
    ids, firsts, columns = (reversed_inside(part.T, lengths).T for part in copies)
    return ids, np.where((firsts > 0) & (firsts < last), last - firsts, firsts), columns
