"""Copying in ONNX: the mixture that `models/copying.py` takes, operation by operation.

Letters: `N` rows, `B` sources, `S` source length, `V` vocabulary.
"""

import numpy as np

from tandem.graphs.graph import Graph, Type, Value

_TINY = float(np.finfo(np.float32).tiny)
_LOWEST = float(np.finfo(np.float32).min / 4)


def copied(graph: Graph, logits: Value, gate: Value, weights: Value) -> Value:
    """Return the logits of the mixture over all extended ids, `[N, V + S]`.

    `logits [N, V]` are the vocabulary's, `gate [N, 1]` the logit of its share, and `weights [N, S]` the attention.
    """
    sources = graph.input("sources", ["N"], Type.INT64)  # the source of each row
    ids, firsts, columns = (
        graph.node("Gather", graph.input(name, ["B", "S"], Type.INT64), sources)
        for name in ("copies", "firsts", "columns")
    )  # (N, S)
    places = _places(graph, weights)
    is_copied = graph.node("GreaterOrEqual", ids, graph.integer(0))
    is_first = graph.node("And", is_copied, graph.node("Equal", firsts, places))
    copied_weights = graph.node("Mul", weights, graph.node("Cast", is_copied, to=Type.FLOAT))
    zeros = graph.node("Sub", copied_weights, copied_weights)
    share = graph.node("ScatterElements", zeros, firsts, copied_weights, axis=1, reduction="add")
    not_copied = graph.node("ReduceSum", graph.node("Sub", weights, copied_weights), graph.integers(1))  # (N, 1)
    generates, copies = _log_sigmoid(graph, gate), _log_sigmoid(graph, graph.node("Neg", gate))
    generated = _log_add_exp(graph, generates, graph.node("Add", copies, _log(graph, not_copied)))
    total = graph.node("ReduceLogSumExp", logits, graph.integers(1))
    scale = graph.node("Add", graph.node("Sub", copies, generated), total)
    copied_logits = graph.node("Add", _log(graph, share), scale)
    lowest = graph.number("lowest", _LOWEST)
    empty = graph.node("Expand", lowest, graph.node("Shape", weights))
    wide = graph.concat(logits, empty)
    own = graph.node("GatherElements", wide, columns, axis=1)
    new = graph.node("Where", is_first, _log_add_exp(graph, own, copied_logits), own)
    wide = graph.node("ScatterElements", wide, columns, new, axis=1)
    return graph.node("Where", graph.node("LessOrEqual", wide, lowest), graph.number("impossible", -np.inf), wide)


def _places(graph: Graph, weights: Value) -> Value:
    """Return 0, 1, ... S - 1, from `weights [N, S]`."""
    length = graph.node("Squeeze", graph.node("Shape", weights, start=1))
    return graph.node("Range", graph.integer(0), length, graph.integer(1))


def _log(graph: Graph, value: Value) -> Value:
    return graph.node("Log", graph.node("Max", value, graph.number("tiny", _TINY)))


def _log_sigmoid(graph: Graph, value: Value) -> Value:
    return graph.node("Neg", graph.node("Softplus", graph.node("Neg", value)))


def _log_add_exp(graph: Graph, first: Value, second: Value) -> Value:
    """Return log(exp first + exp second) = max + log(1 + exp -|first - second|)."""
    apart = graph.node("Abs", graph.node("Sub", first, second))
    return graph.node("Add", graph.node("Max", first, second), graph.node("Softplus", graph.node("Neg", apart)))
