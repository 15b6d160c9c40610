import math
from collections import Counter

import numpy as np
import pytest

from tandem.search import Sampling
from tests.search.tables import EOS, TableEngine, random_sources, random_table, search

ONE = [[2, 3]]


def first_tokens(method: Sampling, probabilities: list[float]) -> Counter[int]:
    """Return how often each token came first, of 4 tokens after the special ones; the outputs have one token each."""
    table = np.log(np.array([[1e-30, 1e-30, 1e-30, 1e-30, *probabilities]]))
    (samples,) = search(method, TableEngine(table), ONE, [1])
    return Counter(hypothesis.ids[0] - 4 for hypothesis in samples)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Sampling(20_000), [0.4, 0.3, 0.2, 0.1]),
        (Sampling(20_000, temperature=0.5), [16 / 30, 9 / 30, 4 / 30, 1 / 30]),
        (Sampling(20_000, top_k=2), [4 / 7, 3 / 7, 0, 0]),
        (Sampling(20_000, top_p=0.75), [4 / 9, 3 / 9, 2 / 9, 0]),
        (Sampling(20_000, top_p=0.7 - 1e-9), [4 / 7, 3 / 7, 0, 0]),
        (Sampling(20_000, top_p=1e-9), [1, 0, 0, 0]),
        (Sampling(20_000, top_k=3, top_p=0.5), [4 / 7, 3 / 7, 0, 0]),
    ],
)
def test_tokens_are_drawn_as_often_as_they_should(method: Sampling, expected: list[float]) -> None:
    drawn = first_tokens(method, [0.4, 0.3, 0.2, 0.1])
    for token, share in enumerate(expected):
        deviation = math.sqrt(share * (1 - share) / method.count)
        assert drawn[token] / method.count == pytest.approx(share, abs=4 * deviation)


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    engine, sources = random_table(1), random_sources(1, 8)
    one, again, other = (search(Sampling(5, seed=seed), engine, sources, [9] * 8) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_samples_of_a_source_and_equal_sources_are_drawn_apart() -> None:
    results = search(Sampling(50), random_table(1), [[2, 5, 3]] * 2, [9] * 2)
    assert results[0] != results[1]
    assert len({hypothesis.ids for hypothesis in results[0]}) > 10


def test_a_cold_sample_is_greedy() -> None:
    engine, sources = random_table(4), random_sources(4, 9)
    for hypotheses in search(Sampling(2, temperature=1e-6), engine, sources, [9] * 9):
        assert hypotheses[0] == hypotheses[1]


def test_a_sample_ends_with_eos_or_at_its_limit() -> None:
    engine = random_table(3)
    engine.table[:, EOS] = -30.0
    for hypotheses, limit in zip(
        search(Sampling(3), engine, random_sources(3, 4), [3, 0, 1, 6]), [3, 0, 1, 6], strict=True
    ):
        assert [len(hypothesis.ids) for hypothesis in hypotheses] == [limit] * 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"count": 0}, r"sample \(0\) must be at least 1"),
        ({"temperature": 0}, r"temperature \(0\) must be above 0 and at most 100"),
        ({"temperature": math.nan}, r"temperature \(nan\) must be above 0"),
        ({"top_k": 0}, r"top_k \(0\) must be at least 1"),
        ({"top_p": 0}, r"top_p \(0\) must be above 0 and at most 1"),
        ({"seed": -1}, r"seed \(-1\) must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(arguments: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Sampling(**arguments)  # type: ignore[arg-type]
