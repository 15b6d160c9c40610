"""The kinds of recurrent layer as ONNX: a layer over whole sources, and a single step of a decoder.

Letters: `S` source length, `B` sources, `N` rows of a step, `E` size of a layer's input, `H` hidden size, `D`
directions, `G` = the number of gates times `H`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tandem.graphs.graph import FloatArray, Graph, Make, Type, Value, Weights
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

    def read(self, graph: Graph, name: str, layer: Layer, inputs: Value) -> Value:
        """Return what `inputs [S, B, E]` add to the gates of all steps, with biases: `[S, B, G H]`."""
        ...

    def recur(self, graph: Graph, name: str, layer: Layer, read: Value, state: Sequence[Value]) -> list[Value]:
        """Return the state after one step, from a step of what `read` returned, `[B, G H]`, and the state before it."""
        ...


def read_whole(
    graph: Graph, cell: ExportedCell, name: str, ways: Sequence[Layer], inputs: Value, lengths: Value
) -> tuple[Value, list[Value]]:
    """Read `inputs [S, B, E]` with one layer, which has one direction or two.

    Their `lengths [B]` are int64 where products are of integers, and else int32. Returns the outputs `[S, B, D H]` and
    the parts of the final state, `[B, D H]` each.
    """
    read = _read_by_steps if graph.multiplies_integers else _read_at_once
    return read(graph, cell, name, ways, inputs, lengths)


def _read_by_steps(
    graph: Graph, cell: ExportedCell, name: str, ways: Sequence[Layer], inputs: Value, lengths: Value
) -> tuple[Value, list[Value]]:
    """Read inputs with products in integers, which no operation for whole layers has."""
    hidden = ways[0].hidden
    steps = graph.node("Shape", inputs, end=1)
    batch = graph.node("Shape", lengths)
    places = graph.node("Range", graph.integer(0), graph.node("Squeeze", steps), graph.integer(1))
    is_token = graph.node("Less", graph.node("Unsqueeze", places, graph.integers(1)), lengths)  # (S, B)
    is_token = graph.node("Unsqueeze", is_token, graph.integers(2))
    zeros = graph.node("ConstantOfShape", graph.concat(batch, graph.integers(hidden), axis=0))
    outputs, final = [], []
    for layer in ways:
        own = f"{name}.{'backward' if layer.backwards else 'forward'}"
        read = cell.read(graph, own, layer, inputs)
        body = graph.body(f"{own}.step")
        before = [body.input(f"{own}.before.{part}", ["B", hidden]) for part in range(cell.parts)]
        gates = body.input(f"{own}.gates", ["B", len(cell.order) * hidden])
        goes_on = body.input(f"{own}.goes_on", ["B", 1], Type.BOOL)
        after = cell.recur(body, own, layer, gates, before)
        # Behind its end a source keeps its state; read backwards, it begins with it.
        after = [body.node("Where", goes_on, new, old) for new, old in zip(after, before, strict=True)]
        for part, value in enumerate((*after, after[0])):
            body.output(f"{own}.after.{part}", value, ["B", hidden])
        *last, states = graph.scan(body, [zeros] * cell.parts, [read, is_token], 1, backwards=layer.backwards)
        outputs.append(states)
        final.append(last)
    return graph.concat(*outputs, axis=2), [graph.concat(*parts) for parts in zip(*final, strict=True)]


def _read_at_once(
    graph: Graph, cell: ExportedCell, name: str, ways: Sequence[Layer], inputs: Value, lengths: Value
) -> tuple[Value, list[Value]]:
    """Read inputs with the operation for a whole layer."""
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
    width = len(ways) * hidden
    outputs = graph.reshape(graph.node("Transpose", outputs, perm=[0, 2, 1, 3]), 0, 0, width)  # (S, D, B, H) before
    return outputs, [graph.reshape(graph.node("Transpose", part, perm=[1, 0, 2]), 0, width) for part in final]


class _Lstm:
    kind = "LSTM"
    order = (0, 3, 1, 2)  # i, o, f, c of torch's i, f, g, o
    parts = 2
    _SIDE_BY_SIDE = (0, 1, 3, 2)  # i, f and o share a sigmoid

    def step(self, graph: Graph, name: str, layer: Layer, inputs: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.step`. One product makes all gates: i, f and o side by side, then g."""
        product = _of_both(graph, name, layer, inputs, state[0], self._SIDE_BY_SIDE, 4)
        return self._after(graph, layer, product, state[1])

    def read(self, graph: Graph, name: str, layer: Layer, inputs: Value) -> Value:
        """See `ExportedCell.read`."""
        return _of_inputs(graph, name, layer, inputs, self._SIDE_BY_SIDE, 4)

    def recur(self, graph: Graph, name: str, layer: Layer, read: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.recur`."""
        product = graph.node("Add", read, _of_hidden(graph, name, layer, state[0], self._SIDE_BY_SIDE, 4))
        return self._after(graph, layer, product, state[1])

    def _after(self, graph: Graph, layer: Layer, product: Value, cell: Value) -> list[Value]:
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
        gates = self._gates(graph, layer, _of_both(graph, f"{name}.gates", layer, inputs, hidden, (0, 1), 3))

        def new(value: Value, part: str, columns: int) -> Value:
            def make(prefix: str) -> Make:
                return lambda weights: np.split(layer.array(weights, f"{prefix}_{part}"), 3)[2]

            return graph.linear(f"{name}.{part}", value, (layer.hidden, columns), make("weight"), make("bias"))

        return self._after(graph, gates, new(inputs, "ih", layer.read), new(hidden, "hh", layer.hidden), hidden)

    def read(self, graph: Graph, name: str, layer: Layer, inputs: Value) -> Value:
        """See `ExportedCell.read`. The bias of n's second product is not added, since r multiplies it."""

        def bias(weights: Weights) -> FloatArray:
            own, other = (np.split(layer.array(weights, part), 3) for part in ("bias_ih", "bias_hh"))
            return np.concatenate([own[0] + other[0], own[1] + other[1], own[2]])

        return graph.linear(
            f"{name}.ih", inputs, (3 * layer.hidden, layer.read), lambda own: layer.array(own, "weight_ih"), bias
        )

    def recur(self, graph: Graph, name: str, layer: Layer, read: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.recur`."""
        (hidden,) = state
        size = layer.hidden

        def bias(weights: Weights) -> FloatArray:
            return np.concatenate([np.zeros(2 * size, np.float32), np.split(layer.array(weights, "bias_hh"), 3)[2]])

        product = graph.linear(f"{name}.hh", hidden, (3 * size, size), lambda own: layer.array(own, "weight_hh"), bias)
        own, by_input = graph.split(read, [2 * size, size])
        other, by_hidden = graph.split(product, [2 * size, size])
        gates = self._gates(graph, layer, graph.node("Add", own, other))
        return self._after(graph, gates, by_input, by_hidden, hidden)

    def _gates(self, graph: Graph, layer: Layer, product: Value) -> list[Value]:
        return graph.split(graph.node("Sigmoid", product), [layer.hidden] * 2)

    def _after(
        self, graph: Graph, gates: Sequence[Value], by_input: Value, by_hidden: Value, hidden: Value
    ) -> list[Value]:
        reset, update = gates
        proposed = graph.node("Tanh", graph.node("Add", by_input, graph.node("Mul", reset, by_hidden)))
        # (1 - z) n + z h = n + z (h - n)
        return [graph.node("Add", proposed, graph.node("Mul", update, graph.node("Sub", hidden, proposed)))]


class _Rnn:
    kind = "RNN"
    order = (0,)
    parts = 1

    def step(self, graph: Graph, name: str, layer: Layer, inputs: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.step`."""
        return [graph.node("Tanh", _of_both(graph, name, layer, inputs, state[0], (0,), 1))]

    def read(self, graph: Graph, name: str, layer: Layer, inputs: Value) -> Value:
        """See `ExportedCell.read`."""
        return _of_inputs(graph, name, layer, inputs, (0,), 1)

    def recur(self, graph: Graph, name: str, layer: Layer, read: Value, state: Sequence[Value]) -> list[Value]:
        """See `ExportedCell.recur`."""
        return [graph.node("Tanh", graph.node("Add", read, _of_hidden(graph, name, layer, state[0], (0,), 1)))]


def _of_both(
    graph: Graph, name: str, layer: Layer, inputs: Value, hidden: Value, order: Sequence[int], gates: int
) -> Value:
    """Multiply inputs and hidden state by the weights of some of the `gates`, in this order, and add their biases."""
    if graph.multiplies_integers:  # each has a step of its own, as their numbers are of different sizes
        own = _of_inputs(graph, name, layer, inputs, order, gates)
        return graph.node("Add", own, _of_hidden(graph, name, layer, hidden, order, gates))

    def weight(weights: Weights) -> FloatArray:
        parts = (layer.array(weights, part) for part in ("weight_ih", "weight_hh"))
        return np.concatenate([_chosen(part, order, gates) for part in parts], axis=1)

    shape = (len(order) * layer.hidden, layer.read + layer.hidden)
    return graph.linear(name, graph.concat(inputs, hidden), shape, weight, _biases(layer, order, gates))


def _of_inputs(graph: Graph, name: str, layer: Layer, inputs: Value, order: Sequence[int], gates: int) -> Value:
    """Multiply inputs alone, and add the biases of both."""
    shape = (len(order) * layer.hidden, layer.read)
    weight = _gates_of(layer, "weight_ih", order, gates)
    return graph.linear(f"{name}.ih", inputs, shape, weight, _biases(layer, order, gates))


def _of_hidden(graph: Graph, name: str, layer: Layer, hidden: Value, order: Sequence[int], gates: int) -> Value:
    """Multiply the hidden state alone."""
    shape = (len(order) * layer.hidden, layer.hidden)
    return graph.linear(f"{name}.hh", hidden, shape, _gates_of(layer, "weight_hh", order, gates))


def _gates_of(layer: Layer, part: str, order: Sequence[int], gates: int) -> Make:
    return lambda weights: _chosen(layer.array(weights, part), order, gates)


def _biases(layer: Layer, order: Sequence[int], gates: int) -> Make:
    return lambda weights: _chosen(layer.array(weights, "bias_ih") + layer.array(weights, "bias_hh"), order, gates)


def _ordered(array: FloatArray, order: Sequence[int]) -> FloatArray:
    return _chosen(array, order, len(order))


def _chosen(array: FloatArray, order: Sequence[int], gates: int) -> FloatArray:
    """Return some gates of a weight or a bias, `[G, ...]`, in this order."""
    parts = np.split(array, gates)
    return np.concatenate([parts[index] for index in order])


CELLS: Mapping[CellType, ExportedCell] = {"lstm": _Lstm(), "gru": _Gru(), "rnn": _Rnn()}
