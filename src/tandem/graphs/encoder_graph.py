"""The encoder as an ONNX graph: sources in, the decoder's first state and what attention looks at out.

Inputs: `source [S, B]` and `lengths [B]`; of a model with features also `features [F, B]`, which begin with `<sos>`,
`features_lengths [B]`, and `places [S, B]`, where each position's output stands among those of both parts, one under
another. Outputs: `state [B, P]`, the parts of each layer of the decoder side by side; with attention also
`values [B, S, M]` and `keys`, which are `[B, A, S]` for products with queries and `[B, S, A]` for the additive score.

Letters: `S` source length, `B` sources, `F` features, `E` embedding, `H` hidden size, `D` directions, `P` numbers of a
state, `M` size of a position, `A` size of a key.
"""

import math

from tandem.graphs.cells import CELLS, Layer, read_whole
from tandem.graphs.graph import FloatArray, Graph, Make, Type, Value, Weights
from tandem.graphs.sizes import GraphSizes


def make_encoder_graph(sizes: GraphSizes) -> Graph:
    """Return the graph of a model's encoder, of its bridge, and of the projection of its attention's keys."""
    graph = Graph("encoder", sizes.kept)
    source = graph.input("source", ["S", "B"], Type.INT64)
    lengths = graph.input("lengths", ["B"], Type.INT64)
    outputs, final = _read(graph, "encoder", sizes, sizes.source, source, lengths)
    if sizes.features:
        features = graph.input("features", ["F", "B"], Type.INT64)
        features_lengths = graph.input("features_lengths", ["B"], Type.INT64)
        places = graph.input("places", ["S", "B"], Type.INT64)
        beside, beside_final = _read(graph, "encoder.features", sizes, sizes.features, features, features_lengths)
        outputs = _at_places(graph, graph.concat(outputs, beside, axis=0), places, sizes.position)
        final = [
            [graph.concat(*both) for both in zip(*layers, strict=True)]
            for layers in zip(final, beside_final, strict=True)
        ]
    parts = _bridged(graph, sizes, final) if sizes.bridged else [part for layer in final for part in layer]
    graph.output("state", graph.concat(*parts), ["B", sizes.layers * sizes.hidden * CELLS[sizes.cell].parts])
    if sizes.attention:
        _remember(graph, sizes, outputs)
    return graph


def _read(
    graph: Graph, name: str, sizes: GraphSizes, vocabulary: int, source: Value, lengths: Value
) -> tuple[Value, list[list[Value]]]:
    """Return the outputs `[S, B, D H]` and the final state of each layer, parts of `[B, D H]`."""
    cell = CELLS[sizes.cell]
    scale = math.sqrt(sizes.embedding) if sizes.scaled else 1.0
    values = graph.lookup(
        f"{name}.embedding",
        source,
        (vocabulary, sizes.embedding),
        lambda weights: (weights[f"{name}.embedding.weight"] * scale).astype("f4"),
    )
    if not graph.multiplies_integers:  # the operations for whole layers want them so
        lengths = graph.node("Cast", lengths, to=Type.INT32)
    final = []
    for number in range(sizes.encoder_layers):
        read = sizes.position if number else sizes.embedding
        ways = [
            Layer(f"{name}.rnn", number, read, sizes.hidden, way) for way in (False, True)[: 1 + sizes.bidirectional]
        ]
        values, states = read_whole(graph, cell, f"{name}.{number}", ways, values, lengths)
        final.append(states)
    return values, final


def _at_places(graph: Graph, outputs: Value, places: Value, size: int) -> Value:
    """Return the outputs, `[., B, M]`, at `places [S, B]`: `[S, B, M]`."""
    wide = graph.node("Expand", graph.node("Unsqueeze", places, graph.integers(2)), graph.integers(1, 1, size))
    return graph.node("GatherElements", outputs, wide, axis=0)


def _bridged(graph: Graph, sizes: GraphSizes, final: list[list[Value]]) -> list[Value]:
    """Return the decoder's first state, layer by layer: its parts, `[B, H]` each."""
    parts: list[Value] = []
    read = sizes.position * (2 if sizes.features else 1)
    for layer in range(sizes.layers):
        own = final[min(layer, len(final) - 1)]
        for part, value in zip(("hidden", "cell"), own, strict=False):
            name = f"bridge.{part}.{layer}"
            made = graph.linear(name, value, (sizes.hidden, read), stored(f"{name}.weight"), stored(f"{name}.bias"))
            parts.append(graph.node("Tanh", made) if part == "hidden" else made)
    return parts


def _remember(graph: Graph, sizes: GraphSizes, outputs: Value) -> None:
    """Make the memory of `outputs [S, B, M]`."""
    keys = values = graph.node("Transpose", outputs, perm=[1, 0, 2])
    graph.output("values", values, ["B", "S", sizes.position])
    if sizes.score != "dot":
        shape = (sizes.hidden, sizes.position)
        keys = graph.project("keys", values, shape, stored("decoder.attention.score.memory.weight"))
    if sizes.score == "additive":
        graph.output("keys", keys, ["B", "S", sizes.key])
    else:  # for products with queries
        graph.output("keys", graph.node("Transpose", keys, perm=[0, 2, 1]), ["B", sizes.key, "S"])


def stored(name: str) -> Make:
    """Return what takes a weight as it is in a checkpoint."""

    def make(weights: Weights) -> FloatArray:
        return weights[name]

    return make
