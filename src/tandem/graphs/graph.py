"""A builder of ONNX graphs: values are names, and each operation returns the name of its result.

A graph knows the shape of each weight and how to compute it from a model's weights, but no values. So the graph of a
model can be built before the model is loaded. Field numbers are those of onnx.proto in ONNX 1.16.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tandem.graphs.wire import Chunk, Hole, Message

Value: TypeAlias = str
"""The name of a value in a graph."""
Shape: TypeAlias = Sequence[int | str]
"""Sizes, or letters where a size is known at run time alone."""
FloatArray: TypeAlias = npt.NDArray[np.float32]
Weights: TypeAlias = Mapping[str, FloatArray]
"""A model's weights, by the names that they have in a checkpoint."""
Make: TypeAlias = Callable[[Weights], FloatArray]
"""How an array of a graph is made of a model's weights."""
MakeArray: TypeAlias = Callable[[Weights], npt.NDArray[Any]]
"""How an array of any type is."""

OPSET = 21
_IR_VERSION = 10  # the first that has this opset, so that older runtimes read it
CONTRIB = "com.microsoft"  # the operators that onnxruntime adds
_CONTRIBUTED = {"MatMulNBits"}


class Type(IntEnum):
    """The types of values, by their numbers in ONNX."""

    FLOAT = 1
    UINT8 = 2
    INT8 = 3
    INT32 = 6
    INT64 = 7
    BOOL = 9


_DTYPES = {Type.FLOAT: "<f4", Type.UINT8: "u1", Type.INT8: "i1", Type.INT64: "<i8"}


class _Weight(NamedTuple):
    name: str
    type: Type
    shape: tuple[int, ...]
    make: MakeArray | None
    """None for a constant of the graph itself."""
    values: npt.NDArray[Any] | None


class KeptWeights(Protocol):
    """How a graph keeps its larger weights, and multiplies by them. The methods are those of `Graph`."""

    @property
    def multiplies_integers(self) -> bool:
        """Whether products are products of integers."""
        ...

    @property
    def domains(self) -> Sequence[tuple[str, int]]:
        """The sets of operators that its graphs use, with their versions."""
        ...

    def matrix(self, graph: "Graph", name: str, shape: tuple[int, int], make: Make) -> Value:
        """Declare a weight `[M, K]` for an operation in float32."""
        ...

    def linear(
        self, graph: "Graph", name: str, value: Value, shape: tuple[int, int], make: Make, bias: Value | None
    ) -> Value:
        """Multiply `value [N, K]` by a weight `[M, K]` and add a bias `[M]`: `[N, M]`."""
        ...

    def project(self, graph: "Graph", name: str, value: Value, shape: tuple[int, int], make: Make) -> Value:
        """Multiply `value [B, S, K]` by a weight `[M, K]`: `[B, S, M]`."""
        ...

    def lookup(self, graph: "Graph", name: str, tokens: Value, shape: tuple[int, int], make: Make) -> Value:
        """Return the rows of a table `[V, E]` at `tokens [...]`: `[..., E]`."""
        ...


class Graph:
    """A graph that grows operation by operation."""

    def __init__(self, name: str, kept: KeptWeights, *, prefix: str = "") -> None:
        self._name = name
        self._kept = kept
        self._prefix = prefix
        self._nodes: list[Message] = []
        self._weights: dict[str, _Weight] = {}
        self._inputs: list[Message] = []
        self._outputs: list[Message] = []

    @property
    def multiplies_integers(self) -> bool:
        """Whether products with weights are products of integers."""
        return self._kept.multiplies_integers

    # The interface

    def input(self, name: str, shape: Shape, kind: Type = Type.FLOAT) -> Value:
        """Declare an input."""
        self._inputs.append(_value_info(name, shape, kind))
        return name

    def output(self, name: str, value: Value, shape: Shape, kind: Type = Type.FLOAT) -> None:
        """Declare that a value is an output of the graph under this name."""
        self._add("Identity", [value], [name], {})
        self._outputs.append(_value_info(name, shape, kind))

    # Constants and weights

    def integers(self, *values: int) -> Value:
        """Return a constant vector of int64."""
        name = "integers" + "".join(f"_{value}".replace("-", "minus") for value in values)
        return self._constant(name, np.array(values, np.int64), Type.INT64)

    def integer(self, value: int) -> Value:
        """Return a constant number of int64."""
        return self._constant(f"integer_{value}", np.array(value, np.int64), Type.INT64)

    def byte(self, name: str, value: int) -> Value:
        """Return a constant number of uint8."""
        return self._constant(name, np.array(value, np.uint8), Type.UINT8)

    def number(self, name: str, value: float) -> Value:
        """Return a constant number of float32."""
        return self._constant(name, np.array(value, np.float32), Type.FLOAT)

    def _constant(self, name: str, values: npt.NDArray[Any], kind: Type) -> Value:
        self._weights[name] = _Weight(name, kind, values.shape, None, values)
        return name

    def weight(self, name: str, shape: Sequence[int], make: Make) -> Value:
        """Declare a weight in float32, whatever the precision."""
        self._weights[name] = _Weight(name, Type.FLOAT, tuple(shape), make, None)
        return name

    def stored(self, name: str, kind: Type, shape: Sequence[int], make: MakeArray) -> Value:
        """Declare an array of any type that is made of a model's weights."""
        self._weights[name] = _Weight(name, kind, tuple(shape), make, None)
        return name

    def matrix(self, name: str, shape: tuple[int, int], make: Make) -> Value:
        """Declare a weight `[M, K]` for an operation in float32."""
        return self._kept.matrix(self, name, shape, make)

    # Operations

    def nodes(self, kind: str, inputs: Sequence[Value], results: int, **attributes: Any) -> list[Value]:
        """Add an operation that has several results; an input that is left out is an empty string."""
        names = [f"{self._prefix}{kind}_{len(self._nodes)}_{index}" for index in range(results)]
        self._add(kind, inputs, names, attributes)
        return names

    def node(self, kind: str, *inputs: Value, **attributes: Any) -> Value:
        """Add an operation that has one result."""
        return self.nodes(kind, inputs, 1, **attributes)[0]

    def reshape(self, value: Value, *shape: int) -> Value:
        """Change the shape; 0 keeps the size of that axis, and one -1 stands for what is left."""
        return self.node("Reshape", value, self.integers(*shape))

    def split(self, value: Value, sizes: Sequence[int]) -> list[Value]:
        """Cut `value [N, K]` into parts of these numbers of columns."""
        if len(sizes) == 1:
            return [value]
        return self.nodes("Split", [value, self.integers(*sizes)], len(sizes), axis=1)

    def concat(self, *values: Value, axis: int = 1) -> Value:
        """Put values side by side."""
        return values[0] if len(values) == 1 else self.node("Concat", *values, axis=axis)

    def linear(self, name: str, value: Value, shape: tuple[int, int], make: Make, bias: Make | None = None) -> Value:
        """Multiply `value [N, K]` by a weight `[M, K]` and add a bias `[M]`: `[N, M]`.

        Weights of one name are one weight.
        """
        added = None if bias is None else self.weight(f"{name}.bias", shape[:1], bias)
        return self._kept.linear(self, f"{name}.weight", value, shape, make, added)

    def project(self, name: str, value: Value, shape: tuple[int, int], make: Make) -> Value:
        """Multiply `value [B, S, K]` by a weight `[M, K]`: `[B, S, M]`."""
        return self._kept.project(self, f"{name}.weight", value, shape, make)

    def lookup(self, name: str, tokens: Value, shape: tuple[int, int], make: Make) -> Value:
        """Return the rows of a table `[V, E]` at `tokens [...]`: `[..., E]`. A `linear` may share the table."""
        return self._kept.lookup(self, f"{name}.weight", tokens, shape, make)

    def scan(
        self, body: "Graph", states: Sequence[Value], inputs: Sequence[Value], outputs: int, *, backwards: bool
    ) -> list[Value]:
        """Run a body once for each step of `inputs [S, ...]`: the last states, and each output of all steps `[S, ...]`.

        The body takes the states and a step of each input, and gives the new states and the outputs.
        """
        way = [int(backwards)]
        return self.nodes(
            "Scan",
            [*states, *inputs],
            len(states) + outputs,
            body=body,
            num_scan_inputs=len(inputs),
            scan_input_directions=way * len(inputs),
            scan_output_directions=way * outputs,
        )

    def body(self, name: str) -> "Graph":
        """Return a graph inside of this one, which shares its weights."""
        inner = Graph(name, self._kept, prefix=f"{name}.")
        inner._weights = self._weights
        return inner

    def _add(self, kind: str, inputs: Sequence[Value], outputs: Sequence[Value], attributes: Mapping[str, Any]) -> None:
        node = Message()
        for value in inputs:
            node.text(1, value)
        for value in outputs:
            node.text(2, value)
        node.text(3, f"{self._prefix}{kind}_{len(self._nodes)}").text(4, kind)
        node.messages(5, (_attribute(name, value) for name, value in attributes.items()))
        if kind in _CONTRIBUTED:
            node.text(7, CONTRIB)
        self._nodes.append(node)

    # The file

    def chunks(self) -> list[Chunk]:
        """Return the bytes of the model's file, with a hole for each weight."""
        model = Message().integer(1, _IR_VERSION).text(2, "tandem").message(7, self.message(self._weights.values()))
        for domain, version in self._kept.domains:
            model.message(8, Message().text(1, domain).integer(2, version))
        return model.chunks

    def message(self, weights: Iterable[_Weight] = ()) -> Message:
        """Return the graph with these weights; those of a body are its outer graph's."""
        graph = Message().messages(1, self._nodes).text(2, self._name)
        graph.messages(5, (_tensor(weight) for weight in weights))
        return graph.messages(11, self._inputs).messages(12, self._outputs)

    def values(self, name: str, weights: Weights) -> bytes:
        """Return what goes into the hole of this name, made of a model's weights."""
        weight = self._weights[name]
        assert weight.make is not None
        made = weight.make(weights)
        if made.shape != weight.shape:
            raise ValueError(f"{name} is of the shape {list(made.shape)}, but its graph declares {list(weight.shape)}")
        return np.ascontiguousarray(made, _DTYPES[weight.type]).tobytes()


def _value_info(name: str, shape: Shape, kind: Type) -> Message:
    sizes = Message()
    for size in shape:
        sizes.message(1, Message().text(2, size) if isinstance(size, str) else Message().integer(1, size))
    tensor = Message().integer(1, kind).message(2, sizes)
    return Message().text(1, name).message(2, Message().message(1, tensor))


def _attribute(name: str, value: object) -> Message:
    """An integer, a string, several integers, or a graph."""
    message = Message().text(1, name)
    if isinstance(value, Graph):
        return message.message(6, value.message()).integer(20, 5)
    if isinstance(value, int):
        return message.integer(3, value).integer(20, 2)
    if isinstance(value, str):
        return message.text(4, value).integer(20, 3)
    assert isinstance(value, Sequence)
    for each in value:
        message.integer(8, each)
    return message.integer(20, 7)


def _tensor(weight: _Weight) -> Message:
    message = Message()
    for size in weight.shape:
        message.integer(1, size)
    message.integer(2, weight.type).text(8, weight.name)
    dtype = np.dtype(_DTYPES[weight.type])
    if weight.values is not None:
        return message.data(9, np.asarray(weight.values, dtype).tobytes())
    return message.hole(9, Hole(weight.name, math.prod(weight.shape) * dtype.itemsize, weight.type == Type.FLOAT))
