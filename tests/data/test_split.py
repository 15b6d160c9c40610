"""A carved split is a partition by source that depends on its arguments alone."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tandem
from tandem.data.pairs import Pair
from tandem.data.split import carve
from tandem.errors import CorpusError

PAIRS = [Pair(f"s{n % 700}", f"t{n}") for n in range(1000)]

some_pairs = st.lists(st.builds(Pair, st.sampled_from("abcdefgh"), st.text("xyz", max_size=2)), min_size=2).filter(
    lambda pairs: len({pair.source for pair in pairs}) > 1
)


@given(some_pairs, st.floats(0.001, 0.999), st.integers(), st.none() | st.integers(1, 20))
def test_it_is_a_partition_by_source(pairs: list[Pair], fraction: float, seed: int, at_most: int | None) -> None:
    train, held = carve(pairs, fraction, seed, at_most=at_most)
    assert train
    assert held
    assert Counter(train) + Counter(held) == Counter(pairs)
    assert not {pair.source for pair in train} & {pair.source for pair in held}
    sources = {pair.source for pair in held}
    assert held == [pair for pair in pairs if pair.source in sources]
    rarest = min(Counter(pair.source for pair in pairs).values())
    assert len(held) <= max(rarest, min(round(fraction * len(pairs)), at_most or len(pairs)))


@pytest.mark.parametrize(("fraction", "count"), [(0.1, 100), (0.015, 15), (0.5, 500), (0.9, 900)])
def test_the_fraction_is_met(fraction: float, count: int) -> None:
    assert len(carve(PAIRS, fraction, 1)[1]) == pytest.approx(count, abs=1)


def test_at_most_bounds_the_held_out_part() -> None:
    assert len(carve(PAIRS, 0.5, 1, at_most=30)[1]) == 30


def test_another_seed_holds_out_others() -> None:
    assert carve(PAIRS, 0.1, 1)[1] != carve(PAIRS, 0.1, 2)[1]


def test_the_order_of_the_pairs_does_not_choose() -> None:
    assert set(carve(PAIRS, 0.1, 3)[1]) == set(carve(PAIRS[::-1], 0.1, 3)[1])


def test_another_process_holds_out_the_same() -> None:
    program = (
        "from tandem.data.split import carve; from tandem.data.pairs import Pair;"
        "pairs = [Pair(f's{n % 700}', f't{n}') for n in range(1000)];"
        "print(*(pair.target for pair in carve(pairs, 0.1, 5)[1]))"
    )
    assert tandem.__file__ is not None
    environment = dict(os.environ, PYTHONPATH=str(Path(tandem.__file__).parents[1]), PYTHONHASHSEED="12345")
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert printed.split() == [pair.target for pair in carve(PAIRS, 0.1, 5)[1]]


@pytest.mark.parametrize("pairs", [[], [Pair("a", "b")], [Pair("a", "b"), Pair("a", "c")]])
def test_fewer_than_two_sources_stop(pairs: list[Pair]) -> None:
    message = rf"two distinct source texts, but the {len(pairs)} pairs have {min(len(pairs), 1)}\."
    with pytest.raises(CorpusError, match=message):
        carve(pairs, 0.5, 1)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_fraction_outside_its_range_stops(fraction: float) -> None:
    with pytest.raises(CorpusError, match=rf"between 0 and 1, both excluded, but is {fraction}"):
        carve(PAIRS, fraction, 1)


def test_a_bound_below_one_stops() -> None:
    with pytest.raises(CorpusError, match="at least one pair, but at most 0 were asked for"):
        carve(PAIRS, 0.5, 1, at_most=0)
