"""Every way to keep weights multiplies, looks up and unpacks the same weight, as exactly as it promises."""

from collections.abc import Sequence

import numpy as np
import pytest

from tandem.exported import open_session
from tandem.graphs.graph import FloatArray, Graph, KeptWeights, Type
from tandem.graphs.kept_weights import BLOCKS, FLOAT32, ROWS, UNPACKED
from tandem.graphs.wire import Hole

WEIGHTS = {"float32": 1e-6, "unpacked": 0.004, "blocks": 0.004, "rows": 0.004}
"""The most that a number of a weight differs, as a share of the largest: half a step of 1 / 127."""
PRODUCTS = {"float32": 1e-6, "unpacked": 0.01, "blocks": 0.02, "rows": 0.02}
"""The most that a product differs, as a share of the largest that it could be: values have steps of 1 / 63."""
KINDS: dict[str, KeptWeights] = {"float32": FLOAT32, "unpacked": UNPACKED, "blocks": BLOCKS, "rows": ROWS}
SHAPES = [(5, 3), (7, 64), (33, 130)]
every_kind = pytest.mark.parametrize("kind", KINDS)


def weights(shape: tuple[int, int]) -> FloatArray:
    return np.random.default_rng(shape).standard_normal(shape).astype("f4")


def run(kind: str, shape: tuple[int, int], value: FloatArray, tokens: Sequence[int]) -> list[FloatArray]:
    """The weight in float32, the product with a value and a bias, the product of three dimensions, and some rows."""
    graph = Graph("law", KINDS[kind])
    read = graph.input("value", ["N", shape[1]])
    chosen = graph.input("tokens", ["T"], Type.INT64)
    made = weights(shape)
    graph.output("matrix", graph.matrix("whole", shape, lambda _: made), list(shape))
    product = graph.linear("product", read, shape, lambda _: made, lambda _: made[:, 0])
    graph.output("linear", product, ["N", shape[0]])
    deep = graph.project("deep", graph.node("Unsqueeze", read, graph.integers(0)), shape, lambda _: made)
    graph.output("project", deep, [1, "N", shape[0]])
    graph.output("rows", graph.lookup("table", chosen, shape, lambda _: made), ["T", shape[1]])
    content = b"".join(graph.values(each.name, {}) if isinstance(each, Hole) else each for each in graph.chunks())
    feeds = {"value": value, "tokens": np.array(tokens)}
    return open_session(content).run(["matrix", "linear", "project", "rows"], feeds)


@every_kind
@pytest.mark.parametrize("shape", SHAPES)
def test_all_that_is_done_with_a_weight_agrees_with_it(kind: str, shape: tuple[int, int]) -> None:
    made = weights(shape)
    value = np.random.default_rng(1).uniform(-1, 1, (9, shape[1])).astype("f4")
    value[3] *= 1e-3  # rows of other sizes: each is rounded by its own
    value[4] *= 1e3
    value[5] = 0
    matrix, linear, project, rows = run(kind, shape, value, [0, 4, 2, 4])
    near = WEIGHTS[kind] * np.abs(made).max()
    np.testing.assert_allclose(matrix, made, atol=near)
    bound = PRODUCTS[kind] * np.abs(value).max(axis=1, keepdims=True) * np.abs(made).sum(axis=1).max() + 1e-6
    assert (np.abs(project[0] - value @ made.T) <= bound).all()
    assert (np.abs(linear - made[:, 0] - value @ made.T) <= bound + 1e-5 * np.abs(value).max(axis=1)[:, None]).all()
    np.testing.assert_allclose(rows, made[[0, 4, 2, 4]], atol=near)


def test_products_of_integers_are_exact_and_do_not_depend_on_what_is_beside_them() -> None:
    """Whole numbers up to 63 and 127 are their own roundings, so nothing may be lost: neither a carry nor a sign."""
    shape = 4, 200
    made = np.full(shape, 127, "f4")
    made[1], made[2, ::2] = -127, -127
    made[3, 1:] = 0
    value = np.full((6, 200), 63, "f4")
    value[1], value[2, ::2], value[3, 1:] = -63, -63, 0
    graph = Graph("exact", ROWS)
    graph.output("linear", graph.linear("one", graph.input("value", ["N", 200]), shape, lambda _: made), ["N", 4])
    content = b"".join(graph.values(each.name, {}) if isinstance(each, Hole) else each for each in graph.chunks())
    session = open_session(content)
    (together,) = session.run(["linear"], {"value": value})
    np.testing.assert_allclose(together, value @ made.T, rtol=1e-6)
    for row in range(len(value)):
        (alone,) = session.run(["linear"], {"value": value[row : row + 1]})
        assert (alone == together[row]).all()
