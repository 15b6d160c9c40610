"""Tables of sentences, whose sums give the scores of the whole corpus and of every resample."""

import random

import numpy as np
import pytest

from tandem.metrics.bootstrap import Difference, Resampling, Table, difference_of_trainings
from tandem.metrics.tables import RESAMPLED, rate_of_sums

WORDS = ["a", "man", "rides", "Red", "bikes", "and", "Žluť", "走る", "run", "home", ".", "Paris", ",", "3.5", "don't"]


def corpus(seed: int, sentences: int = 60) -> tuple[list[str], list[list[str]]]:
    """Translations of which some words are wrong and some missing; some references are several, some lines empty."""
    rng = random.Random(seed)
    references = [
        [" ".join(rng.choices(WORDS, k=rng.randrange(1, 9))) for _ in range(rng.choice([1, 1, 2, 3]))]
        for _ in range(sentences)
    ]
    hypotheses = [
        " ".join(w if rng.random() < 0.8 else rng.choice(WORDS) for w in rng.choice(r).split() if rng.random() < 0.9)
        for r in references
    ]
    return hypotheses, references


@pytest.mark.parametrize("name", RESAMPLED)
@pytest.mark.parametrize("lowercase", [False, True])
def test_the_sums_give_the_score_of_the_corpus_and_of_any_part_of_it(name: str, lowercase: bool) -> None:
    score = RESAMPLED[name]
    hypotheses, references = corpus(3)
    hypotheses[:2] = ["", references[1][0].upper()]
    table = score.tabulate(hypotheses, references, lowercase=lowercase)
    for part in (slice(None), slice(0, 1), slice(1, 2), slice(5, 30)):
        expected = score.metric(hypotheses[part], references[part], lowercase=lowercase).value
        assert score.measure(table[part].sum(0)) == pytest.approx(expected, rel=1e-9)
    assert score.measure(np.stack([table.sum(0)] * 2)).shape == (2,)


def test_a_rate_of_nothing_is_none_or_all() -> None:
    assert rate_of_sums(np.array([[0, 0], [3, 0], [1, 4]])).tolist() == [0, 100, 25]


def runs(seed: int, count: int, spread: float, mean: float = 0.5, sentences: int = 400) -> list[Table]:
    """Tables of exact matches of runs, whose shares of right sentences vary by `spread` about `mean`."""
    rng = np.random.default_rng(seed)
    right = [rng.random(sentences) < rng.normal(mean, spread) for _ in range(count)]
    return [np.stack([each, np.ones(sentences)], axis=1).astype(np.int64) for each in right]


def difference(high: list[Table], low: list[Table]) -> Difference:
    return difference_of_trainings(high, low, Resampling(400, seed=1), rate_of_sums)


def test_runs_that_differ_by_their_seeds_alone_are_seldom_called_different() -> None:
    """Where only sentences were drawn, more than half of these would be."""
    found = [difference(runs(seed, 4, 0.1), runs(seed + 1000, 4, 0.1)) for seed in range(100)]
    assert sum(each.p_value < 0.05 for each in found) <= 15
    assert sum(each.interval.low <= 0 <= each.interval.high for each in found) >= 85


def test_a_large_difference_is_found_and_its_sign_is_that_of_the_first_side() -> None:
    better = difference(runs(1, 3, 0.01, 0.7), runs(2, 3, 0.01, 0.5))
    assert better.p_value < 0.01
    assert better.interval.low > 5
    worse = difference(runs(2, 3, 0.01, 0.5), runs(1, 3, 0.01, 0.7))
    assert worse.interval.value == -better.interval.value
    assert worse.interval.high < -5


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_the_same_does_not_differ(count: int) -> None:
    same = runs(1, 1, 0.1) * count
    assert difference(same, same) == Difference(interval=difference(same, same).interval, p_value=1.0)
    assert (difference(same, same).interval.low, difference(same, same).interval.high) == (0, 0)
