"""What is held out depends on the texts and the seed alone, whole sources at a time."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tandem
from tandem.errors import CorpusError
from tandem.preparation.chunks import first_by_chance
from tandem.preparation.sources import held_out

SIZES = Counter(f"s{n % 700}" for n in range(1000))

some_sizes = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=2)


@given(some_sizes, st.floats(0.001, 0.999), st.integers(), st.integers(1, 20))
def test_something_is_held_out_and_something_left(sizes: dict[str, int], share: float, seed: int, at_most: int) -> None:
    pairs = sum(sizes.values())
    held = held_out(sizes, pairs, share, seed, at_most=at_most)
    assert held
    assert held < sizes.keys()
    wanted = min(max(1, round(share * pairs)), at_most)
    assert sum(sizes[source] for source in held) <= max(min(sizes.values()), wanted)


@given(some_sizes, st.integers(0, 99), st.integers(1, 4))
def test_the_first_by_chance_are_enough_to_choose_from(sizes: dict[str, int], seed: int, at_most: int) -> None:
    single = dict.fromkeys(sizes, 1)
    some = first_by_chance(single, seed, max(2, at_most))
    assert held_out(some, len(single), 0.9, seed, at_most=at_most) == held_out(
        single, len(single), 0.9, seed, at_most=at_most
    )


@pytest.mark.parametrize(("fraction", "count"), [(0.1, 100), (0.015, 15), (0.5, 500), (0.9, 900)])
def test_the_fraction_is_met(fraction: float, count: int) -> None:
    held = held_out(SIZES, 1000, fraction, 1, at_most=1000)
    assert sum(SIZES[source] for source in held) == pytest.approx(count, abs=1)


def test_at_most_bounds_the_held_out_part() -> None:
    assert sum(SIZES[source] for source in held_out(SIZES, 1000, 0.5, 1, at_most=30)) == 30


def test_another_seed_holds_out_others_and_the_order_of_sources_nothing() -> None:
    held = held_out(SIZES, 1000, 0.1, 1, at_most=1000)
    assert held != held_out(SIZES, 1000, 0.1, 2, at_most=1000)
    assert held == held_out(dict(reversed(SIZES.items())), 1000, 0.1, 1, at_most=1000)


def test_another_process_holds_out_the_same() -> None:
    program = (
        "from collections import Counter; from tandem.preparation.sources import held_out;"
        "print(*held_out(Counter(f's{n % 700}' for n in range(1000)), 1000, 0.1, 5, at_most=99))"
    )
    assert tandem.__file__ is not None
    environment = dict(os.environ, PYTHONPATH=str(Path(tandem.__file__).parents[1]), PYTHONHASHSEED="12345")
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert set(printed.split()) == held_out(SIZES, 1000, 0.1, 5, at_most=99)


@pytest.mark.parametrize("sizes", [{}, {"a": 1}, {"a": 2}])
def test_fewer_than_two_sources_stop(sizes: dict[str, int]) -> None:
    pairs = sum(sizes.values())
    with pytest.raises(CorpusError, match=rf"two distinct source texts, but the {pairs} pairs have {len(sizes)}\."):
        held_out(sizes, pairs, 0.5, 1, at_most=9)


def test_without_a_fraction_sources_to_validate_on_are_named_even_if_there_is_one() -> None:
    assert held_out({"a": 3}, 3, 0.0, 1, at_most=9) == {"a"}
    assert held_out(SIZES, 1000, 0.0, 1, at_most=2000) == set(SIZES)
    assert sum(SIZES[source] for source in held_out(SIZES, 1000, 0.0, 1, at_most=30)) == 30
