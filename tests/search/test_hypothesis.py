from tandem.search import Hypothesis


def test_it_is_finished_when_the_end_was_scored_too() -> None:
    assert Hypothesis((7, 8), -6.0, (-1.0, -2.0, -3.0)).finished
    assert not Hypothesis((7, 8), -3.0, (-1.0, -2.0)).finished


def test_its_log_probability_is_the_sum_whatever_it_was_ranked_by() -> None:
    assert Hypothesis((7,), -1.5, (-1.0, -2.0)).log_probability == -3.0
