"""One step of a decoder as an ONNX graph: the search's `select`, the layers, attention, and the best next tokens.

Inputs: `tokens [N]`; `rows [N]`, the row of `state [R, P]` that each row continues; `count`, how many tokens of each
row are asked for; `bans [V]`, minus infinity for what may not follow; `asked [A, 2]`, rows with a token whose score is
asked for.

With attention: `keys` and `values` of the encoder; `bias [B, 1, S]`, minus infinity behind the end of a source;
`slots [B, Q]`, the rows that look at each source, filled up with any; `places [N]`, where each row stands among them.
With copying: `sources [N]`, the source of each row; `copies [B, S]`, the extended id of each position, or -1;
`firsts [B, S]`, the first position of that id; `columns [B, S]`, where the position's share goes.

Outputs: `ids [N, C]` and `scores [N, C]`, the best first; `eos [N]`; `asked_scores [A]`; `state_after [N, P]`;
`log_probabilities [N, V]` before bans, of extended ids `[N, V + S]`; with attention `weights [N, S]`.

Letters: `N` rows, `R` rows of the step before, `P` numbers of a state, `C` candidates, `B` sources, `S` source length,
`Q` rows of the source that has most, `H` hidden size, `M` size of a position, `V` vocabulary.
"""

import math

from tandem.graphs.cells import CELLS, Layer
from tandem.graphs.copying import copied
from tandem.graphs.encoder_graph import stored
from tandem.graphs.graph import Graph, Type, Value
from tandem.graphs.sizes import GraphSizes

_EOS_ID = 3


def make_step_graph(sizes: GraphSizes) -> Graph:
    """Return the graph of a step of a model's decoder."""
    graph = Graph("step", sizes.kept)
    cell = CELLS[sizes.cell]
    tokens, rows = (graph.input(name, ["N"], Type.INT64) for name in ("tokens", "rows"))
    width = sizes.layers * cell.parts
    state = graph.input("state", ["R", width * sizes.hidden])
    parts = graph.split(graph.node("Gather", state, rows), [sizes.hidden] * width)
    table = stored("decoder.fc_out.weight" if sizes.tied else "decoder.embedding.weight")
    named = "output" if sizes.tied else "decoder.embedding"  # a tied weight is stored once
    value = graph.lookup(named, tokens, (sizes.target, sizes.embedding), table)
    if sizes.scaled:
        value = graph.node("Mul", value, graph.number("scale", math.sqrt(sizes.embedding)))
    after: list[Value] = []
    context = weights = None
    for number in range(sizes.layers):
        layer = _layer(sizes, number)
        new = cell.step(graph, f"layer.{number}", layer, value, parts[number * cell.parts : (number + 1) * cell.parts])
        after += new
        value = new[0]
        if sizes.attention and number == sizes.layers_below - 1:
            context, weights = _look(graph, sizes, value)
        if context is not None and number < sizes.layers - 1:
            value = graph.concat(value, context)
    logits = _logits(graph, sizes, value, context, weights)
    graph.output("state_after", graph.concat(*after), ["N", width * sizes.hidden])
    if weights is not None:
        graph.output("weights", weights, ["N", "S"])
    _rank(graph, logits)
    return graph


def _layer(sizes: GraphSizes, number: int) -> Layer:
    """Return one of the decoder's layers, counted from 0."""
    above = number - sizes.layers_below
    if above >= 0:
        return Layer(f"decoder.upper.{above}", 0, sizes.hidden + sizes.position, sizes.hidden)
    return Layer("decoder.rnn", number, sizes.hidden if number else sizes.embedding, sizes.hidden)


def _look(graph: Graph, sizes: GraphSizes, queries: Value) -> tuple[Value, Value]:
    """Return the contexts `[N, M]` of `queries [N, H]`, and the weights `[N, S]`."""
    is_additive = sizes.score == "additive"
    keys = graph.input("keys", ["B", "S", sizes.key] if is_additive else ["B", sizes.key, "S"])
    values, bias = graph.input("values", ["B", "S", sizes.position]), graph.input("bias", ["B", 1, "S"])
    slots, places = graph.input("slots", ["B", "Q"], Type.INT64), graph.input("places", ["N"], Type.INT64)
    if is_additive:
        name, shape = "decoder.attention.score.query", (sizes.hidden, sizes.hidden)
        queries = graph.linear("query", queries, shape, stored(f"{name}.weight"), stored(f"{name}.bias"))
    spread = graph.node("Gather", queries, slots)  # (B, Q, H)
    scores = _additive(graph, sizes, spread, keys) if is_additive else graph.node("MatMul", spread, keys)
    weights = graph.node("Softmax", graph.node("Add", scores, bias), axis=2)
    contexts = graph.reshape(graph.node("MatMul", weights, values), -1, sizes.position)
    width = graph.node("Concat", graph.integers(-1), graph.node("Shape", bias, start=2), axis=0)
    flat = graph.node("Reshape", weights, width)  # (B Q, S)
    return graph.node("Gather", contexts, places), graph.node("Gather", flat, places)


def _additive(graph: Graph, sizes: GraphSizes, queries: Value, keys: Value) -> Value:
    """Return the scores `[B, Q, S]` of `queries [B, Q, A]` at `keys [B, S, A]`."""
    both = graph.node(
        "Add", graph.node("Unsqueeze", queries, graph.integers(2)), graph.node("Unsqueeze", keys, graph.integers(1))
    )  # (B, Q, S, A)
    vector = graph.weight(
        "vector", (sizes.hidden, 1), lambda weights: weights["decoder.attention.score.vector"][:, None]
    )
    return graph.node("Squeeze", graph.node("MatMul", graph.node("Tanh", both), vector), graph.integers(3))


def _logits(graph: Graph, sizes: GraphSizes, value: Value, context: Value | None, weights: Value | None) -> Value:
    """Return the logits of what may follow, `[N, V]`, or of extended ids, `[N, V + S]`."""
    read = sizes.read_by_output
    if context is not None:
        shape = (read, sizes.position + sizes.hidden)
        joined = graph.linear("join", graph.concat(context, value), shape, stored("decoder.attention.join.weight"))
        value = graph.node("Tanh", joined)
    elif read != sizes.hidden:
        value = graph.linear("projection", value, (read, sizes.hidden), stored("decoder.projection.weight"))
    logits = graph.linear(
        "output", value, (sizes.target, read), stored("decoder.fc_out.weight"), stored("decoder.fc_out.bias")
    )
    if not sizes.copies or weights is None:
        return logits
    names = (stored("decoder.copy_gate.weight"), stored("decoder.copy_gate.bias"))
    return copied(graph, logits, graph.linear("gate", value, (1, read), *names), weights)


def _rank(graph: Graph, logits: Value) -> None:
    """Make the outputs that say what may follow, from `logits [N, V]`."""
    scores = graph.node("LogSoftmax", logits, axis=1)
    graph.output("log_probabilities", scores, ["N", "V"])
    graph.output("eos", graph.node("Gather", scores, graph.integer(_EOS_ID), axis=1), ["N"])
    asked = graph.input("asked", ["A", 2], Type.INT64)
    graph.output("asked_scores", graph.node("GatherND", scores, asked), ["A"])
    allowed = graph.node("Add", scores, graph.input("bans", ["V"]))
    best, ids = graph.nodes("TopK", [allowed, graph.input("count", [1], Type.INT64)], 2, axis=1)
    graph.output("scores", best, ["N", "C"])
    graph.output("ids", ids, ["N", "C"], Type.INT64)
