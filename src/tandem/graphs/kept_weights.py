"""How a graph keeps its larger weights: in float32, or in 8 bits.

Letters: `N` rows of a value, `M` rows of a weight, `K` columns, `V` vocabulary, `E` embedding.
"""

from collections.abc import Sequence

from tandem.graphs.eight_bits import BLOCK, blocks_of, quantised, quantised_rows
from tandem.graphs.graph import CONTRIB, OPSET, Graph, KeptWeights, Make, Type, Value

_STEPS = 63
"""The largest number that a value is rounded to, and -63 the smallest.

Processors without instructions for such products add two of them in 16 bits: 2 x 127 x 127 fits there, and 2 x 255 x
127 does not. So values have 7 bits, and products are the same integers everywhere.
"""


class _Float32:
    multiplies_integers = False
    domains: Sequence[tuple[str, int]] = (("", OPSET),)

    def matrix(self, graph: Graph, name: str, shape: tuple[int, int], make: Make) -> Value:
        return graph.weight(name, shape, make)

    def linear(
        self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make, bias: Value | None
    ) -> Value:
        return graph.node("Gemm", value, self.matrix(graph, name, shape, make), *([bias] if bias else []), transB=1)

    def project(self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make) -> Value:
        return graph.node("MatMul", value, graph.weight(name, shape[::-1], lambda own: make(own).T))

    def lookup(self, graph: Graph, name: str, tokens: Value, shape: tuple[int, int], make: Make) -> Value:
        return graph.node("Gather", graph.weight(name, shape, make), tokens)


class _Unpacked(_Float32):
    """In blocks of 8 bits that become float32 when the graph is loaded, for runtimes without fast integers."""

    domains = (("", OPSET), (CONTRIB, 1))

    def matrix(self, graph: Graph, name: str, shape: tuple[int, int], make: Make) -> Value:
        return _as_floats(graph, *_blocks(graph, name, shape, make), shape[1])

    def project(self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make) -> Value:
        weight = graph.node("Transpose", self.matrix(graph, name, shape, make), perm=[1, 0])
        return graph.node("MatMul", value, weight)

    def lookup(self, graph: Graph, name: str, tokens: Value, shape: tuple[int, int], make: Make) -> Value:
        values, scales = _blocks(graph, name, shape, make)
        flat = graph.reshape(tokens, -1)
        rows = _as_floats(graph, graph.node("Gather", values, flat), graph.node("Gather", scales, flat), shape[1])
        return _in_shape_of(graph, tokens, rows, shape[1])


class _Blocks(_Unpacked):
    """In blocks of 8 bits, by which `MatMulNBits` multiplies. Exports of version 1 are in int8 like this."""

    def linear(
        self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make, bias: Value | None
    ) -> Value:
        values, scales = _blocks(graph, name, shape, make)
        rows, columns = shape
        return graph.node(
            "MatMulNBits",
            value,
            values,
            scales,
            *(["", "", bias] if bias else []),
            K=columns,
            N=rows,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )

    def project(self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make) -> Value:
        return self.linear(graph, name, value, shape, make, None)


class _Rows:
    """In rows of 8 bits with a scale each. A product is one of integers, and each row of a value has its own scale.

    So no row depends on those beside it, and a product is several times as fast as one in float32.
    """

    multiplies_integers = True
    domains: Sequence[tuple[str, int]] = (("", OPSET),)

    def matrix(self, graph: Graph, name: str, shape: tuple[int, int], make: Make) -> Value:
        values, scales = self._stored(graph, name, shape, make)
        turned = graph.node("Mul", graph.node("Cast", values, to=Type.FLOAT), scales)
        return graph.node("Transpose", turned, perm=[1, 0])

    def linear(
        self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make, bias: Value | None
    ) -> Value:
        values, scales = self._stored(graph, name, shape, make)
        rounded, steps = self._rounded(graph, value)
        product = graph.node("MatMulInteger", rounded, values, graph.byte("centre", _STEPS + 1))
        floats = graph.node("Mul", graph.node("Mul", graph.node("Cast", product, to=Type.FLOAT), scales), steps)
        return graph.node("Add", floats, bias) if bias else floats

    def project(self, graph: Graph, name: str, value: Value, shape: tuple[int, int], make: Make) -> Value:
        return self.linear(graph, name, value, shape, make, None)

    def lookup(self, graph: Graph, name: str, tokens: Value, shape: tuple[int, int], make: Make) -> Value:
        values, scales = self._stored(graph, name, shape, make)
        flat = graph.reshape(tokens, -1)
        rows = graph.node("Cast", graph.node("Gather", values, flat, axis=1), to=Type.FLOAT)  # (E, N)
        scaled = graph.node("Transpose", graph.node("Mul", rows, graph.node("Gather", scales, flat)), perm=[1, 0])
        return _in_shape_of(graph, tokens, scaled, shape[1])

    def _rounded(self, graph: Graph, value: Value) -> tuple[Value, Value]:
        """Return `value [..., K]` in steps, from 1 to 127 with 64 for zero, and the size of a step, `[..., 1]`."""
        largest = graph.node("ReduceMax", graph.node("Abs", value), graph.integers(-1), keepdims=1)
        steps = graph.node(
            "Mul", graph.node("Max", largest, graph.number("tiny", 1e-20)), graph.number("step", 1 / _STEPS)
        )
        centred = graph.node("Add", graph.node("Div", value, steps), graph.number("zero", _STEPS + 1))
        return graph.node("Cast", graph.node("Round", centred), to=Type.UINT8), steps

    def _stored(self, graph: Graph, name: str, shape: tuple[int, int], make: Make) -> tuple[Value, Value]:
        """Declare a weight `[M, K]`: values `[K, M]` and scales `[M]`."""
        values = graph.stored(f"{name}.values", Type.INT8, shape[::-1], lambda own: quantised_rows(make(own))[0])
        scales = graph.stored(f"{name}.scales", Type.FLOAT, shape[:1], lambda own: quantised_rows(make(own))[1])
        return values, scales


def _blocks(graph: Graph, name: str, shape: tuple[int, int], make: Make) -> tuple[Value, Value]:
    """Declare a weight `[M, K]` in blocks: values `[M, blocks, BLOCK]` and scales `[M, blocks]`."""
    blocks = shape[0], blocks_of(shape[1])
    values = graph.stored(f"{name}.values", Type.UINT8, (*blocks, BLOCK), lambda own: quantised(make(own)).values)
    scales = graph.stored(f"{name}.scales", Type.FLOAT, blocks, lambda own: quantised(make(own)).scales)
    return values, scales


def _as_floats(graph: Graph, values: Value, scales: Value, columns: int) -> Value:
    """Return what blocks `[M, blocks, BLOCK]` and their scales `[M, blocks]` stand for, `[M, K]`."""
    centred = graph.node("Sub", graph.node("Cast", values, to=Type.FLOAT), graph.number("centre", 128.0))
    scaled = graph.node("Mul", centred, graph.node("Unsqueeze", scales, graph.integers(2)))
    flat = graph.node("Flatten", scaled, axis=1)
    if columns % BLOCK == 0:
        return flat
    return graph.node("Slice", flat, graph.integers(0), graph.integers(columns), graph.integers(1))


def _in_shape_of(graph: Graph, tokens: Value, rows: Value, size: int) -> Value:
    """Return `rows [N, E]` of N `tokens [...]` as `[..., E]`."""
    shape = graph.node("Concat", graph.node("Shape", tokens), graph.integers(size), axis=0)
    return graph.node("Reshape", rows, shape)


FLOAT32: KeptWeights = _Float32()
BLOCKS: KeptWeights = _Blocks()
UNPACKED: KeptWeights = _Unpacked()
ROWS: KeptWeights = _Rows()
