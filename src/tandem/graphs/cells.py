"""The kinds of recurrent layer as ONNX: a layer over whole sources, and a single step of a decoder.

Letters: `S` source length, `B` sources, `N` rows of a step, `E` size of a layer's input, `H` hidden size, `D`
directions, `G` = the number of gates times `H`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tandem.graphs.graph import FloatArray, Graph, Make, Value, Weights
from tandem.names import CellType

_WAYS = {1: "forward", 2: "bidirectional"}


@dataclass(frozen=True)
class Layer:
    """One direction of a recurrent layer: where its weights are in a checkpoint, and their sizes."""

    rnn: str
    """The name of its module, such as `decoder.rnn`."""
    number: int
    read: int
    """E"""
    hidden: int
    """H"""
    backwards: bool = False

    def array(self, weights: Weights, part: str) -> FloatArray:
        """Return one of its arrays, such as `weight_ih`."""
        return weights[f"{self.rnn}.{part}_l{self.number}{'_reverse' if self.backwards else ''}"]


class ExportedCell(Protocol):
    """How a kind of layer is written in ONNX."""

    @property
    def kind(self) -> str:
        """The operation that runs it over a whole source."""
        ...

    @property
    def order(self) -> Sequence[int]:
        """The gates of that operation, by their numbers in torch."""
        ...

    @property
    def parts(self) -> int:
        """The number of parts of a layer's state."""
        ...

    def step(self, graph: Graph, name: str, layer: Layer, inputs: Value, state: Sequence[Value]) -> list[Value]:
        """Return the state after one step, from `inputs [N, E]` and the `state` before it, parts of `[N, H]`."""
        ...


def whole(
    graph: Graph, cell: ExportedCell, name: str, ways: Sequence[Layer], inputs: Value, lengths: Value
) -> tuple[Value, list[Value]]:
    """Read `inputs [S, B, E]`, of `lengths [B]` in int32, with one layer, which has one direction or two.

    Returns the outputs `[S, D, B, H]` and the parts of the final state, `[D, B, H]` each.
    """
    read, hidden = ways[0].read, ways[0].hidden
    gates = len(cell.order) * hidden

    def stacked(part: str, columns: int) -> Value:
        def make(weights: Weights) -> FloatArray:
            return np.concatenate([_ordered(way.array(weights, part), cell.order) for way in ways])

        matrix = graph.matrix(f"{name}.{part}", (len(ways) * gates, columns), make)
        return graph.reshape(matrix, len(ways), gates, columns)

    def biases(weights: Weights) -> FloatArray:
        each = ([way.array(weights, part) for part in ("bias_ih", "bias_hh")] for way in ways)
        return np.stack([np.concatenate([_ordered(bias, cell.order) for bias in both]) for both in each])

    arrays = [stacked("weight_ih", read), stacked("weight_hh", hidden)]
    arrays.append(graph.weight(f"{name}.bias", (len(ways), 2 * gates), biases))
    more = {"linear_before_reset": 1} if cell.kind == "GRU" else {}
    outputs, *final = graph.nodes(
        cell.kind, [inputs, *arrays, lengths], 1 + cell.parts, hidden_size=hidden, direction=_WAYS[len(ways)], **more
    )
    return outputs, final


class _Lstm:
    kind = "LSTM"
    order = (0, 3, 1, 2)  # i, o, f, c of torch's i, f, g, o
    parts = 2

    def step(self, graph: Graph, name: str, layer: Layer, inputs: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.step`. One product makes all gates: i, f and o side by side, then g."""
        hidden, cell = state
        product = _of_both(graph, name, layer, graph.concat(inputs, hidden), (0, 1, 3, 2), 4)
        three, proposed = graph.split(product, [3 * layer.hidden, layer.hidden])
        enter, keep, show = graph.split(graph.node("Sigmoid", three), [layer.hidden] * 3)
        entering = graph.node("Mul", enter, graph.node("Tanh", proposed))
        cell = graph.node("Add", graph.node("Mul", keep, cell), entering)
        return [graph.node("Mul", show, graph.node("Tanh", cell)), cell]


class _Gru:
    kind = "GRU"
    order = (1, 0, 2)  # z, r, h of torch's r, z, n
    parts = 1

    def step(self, graph: Graph, name: str, layer: Layer, inputs: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.step`. r multiplies a product of its own, so n has two."""
        (hidden,) = state
        both = _of_both(graph, f"{name}.gates", layer, graph.concat(inputs, hidden), (0, 1), 3)
        reset, update = graph.split(graph.node("Sigmoid", both), [layer.hidden] * 2)

        def new(value: Value, part: str, columns: int) -> Value:
            def make(prefix: str) -> Make:
                return lambda weights: np.split(layer.array(weights, f"{prefix}_{part}"), 3)[2]

            return graph.linear(f"{name}.{part}", value, (layer.hidden, columns), make("weight"), make("bias"))

        by_input, by_hidden = new(inputs, "ih", layer.read), new(hidden, "hh", layer.hidden)
        proposed = graph.node("Tanh", graph.node("Add", by_input, graph.node("Mul", reset, by_hidden)))
        # (1 - z) n + z h = n + z (h - n)
        return [graph.node("Add", proposed, graph.node("Mul", update, graph.node("Sub", hidden, proposed)))]


class _Rnn:
    kind = "RNN"
    order = (0,)
    parts = 1

    def step(self, graph: Graph, name: str, layer: Layer, inputs: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.step`."""
        return [graph.node("Tanh", _of_both(graph, name, layer, graph.concat(inputs, *state), (0,), 1))]


def _of_both(graph: Graph, name: str, layer: Layer, both: Value, order: Sequence[int], gates: int) -> Value:
    """Multiply input and hidden state, side by side, by the weights of some of the `gates`, in this order."""

    def weight(weights: Weights) -> FloatArray:
        parts = (layer.array(weights, part) for part in ("weight_ih", "weight_hh"))
        return np.concatenate([_chosen(part, order, gates) for part in parts], axis=1)

    def bias(weights: Weights) -> FloatArray:
        return _chosen(layer.array(weights, "bias_ih") + layer.array(weights, "bias_hh"), order, gates)

    shape = (len(order) * layer.hidden, layer.read + layer.hidden)
    return graph.linear(name, both, shape, weight, bias)


def _ordered(array: FloatArray, order: Sequence[int]) -> FloatArray:
    return _chosen(array, order, len(order))


def _chosen(array: FloatArray, order: Sequence[int], gates: int) -> FloatArray:
    """Return some gates of a weight or a bias, `[G, ...]`, in this order."""
    parts = np.split(array, gates)
    return np.concatenate([parts[index] for index in order])


CELLS: Mapping[CellType, ExportedCell] = {"lstm": _Lstm(), "gru": _Gru(), "rnn": _Rnn()}
