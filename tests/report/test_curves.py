import math

import pytest

from tandem.report.curves import Row, figure, read_curves


def validated(epoch: int, step: int, loss: float | None, *, best: bool = False, **scores: float) -> Row:
    return {
        "event": "validated",
        "step": step,
        "epoch": epoch,
        "train_loss": 2.0,
        "validation_loss": loss,
        "scores": scores,
        "best": best,
        "epoch_seconds": 3.0,
    }


def step(number: int, loss: float | None) -> Row:
    return {
        "event": "step",
        "step": number,
        "epoch": 1,
        "loss": loss,
        "learning_rate": 0.1,
        "tokens_per_second": 9.0,
    }


STARTED: Row = {"event": "started", "step": 0, "epochs": 3, "steps_per_epoch": 10, "parameters": 5}


def test_steps_and_validations_share_one_axis_of_epochs() -> None:
    run = read_curves([STARTED, step(5, 4.0), step(10, 3.0), validated(1, 10, 3.5), step(15, 2.0)])
    loss = run.charts[0]
    assert loss.x_label == "epoch"
    assert [[(point.x, point.y) for point in series.points] for series in loss.series] == [
        [(0.5, 4.0), (1.0, 3.0), (1.5, 2.0)],
        [(1.0, 3.5)],
    ]
    assert loss.series[1].points[0].place == "epoch 1, step 10"


def test_without_the_length_of_an_epoch_the_axis_is_of_steps() -> None:
    loss = read_curves([step(5, 4.0), step(10, 3.0)]).charts[0]
    assert loss.x_label == "optimiser step"
    assert [point.x for point in loss.series[0].points] == [5, 10]


def test_charts_with_nothing_to_show_are_left_out() -> None:
    assert read_curves([]).charts == []
    assert read_curves([STARTED]).charts == []
    titles = [chart.title for chart in read_curves([STARTED, step(5, None)]).charts]
    assert titles == ["Learning rate", "Target tokens per second"]


def test_every_score_has_its_line_even_if_it_came_late() -> None:
    run = read_curves([STARTED, validated(1, 10, 3.0, bleu=1.0), validated(2, 20, 3.0, bleu=2.0, chrf=30.0)])
    assert run.score_names == ["bleu", "chrf"]
    scores = next(chart for chart in run.charts if chart.title == "Validation scores")
    assert [[point.y for point in series.points] for series in scores.series] == [[1.0, 2.0], [None, 30.0]]


def test_an_epoch_validated_twice_counts_as_it_was_in_the_end() -> None:
    run = read_curves([STARTED, validated(1, 10, 3.0), STARTED, validated(1, 10, 2.5), validated(2, 20, 2.0)])
    assert [(epoch.number, epoch.validation_loss) for epoch in run.epochs] == [(1, 2.5), (2, 2.0)]


def test_only_the_last_of_the_best_is_the_best() -> None:
    rows = [validated(1, 10, 3.0, best=True), validated(2, 20, 2.0, best=True), validated(3, 30, 2.5)]
    assert [epoch.best for epoch in read_curves(rows).epochs] == [False, True, False]
    assert [epoch.best for epoch in read_curves([validated(1, 10, 3.0)]).epochs] == [False]


@pytest.mark.parametrize("loss", [None, math.nan, math.inf, 1e300])
def test_a_loss_beyond_measure_is_a_gap(loss: float | None) -> None:
    run = read_curves([STARTED, step(5, loss), validated(1, 10, loss), validated(2, 20, 2.0)])
    assert run.epochs[0].validation_loss is None
    assert run.epochs[0].perplexity is None
    assert run.epochs[1].perplexity == pytest.approx(math.exp(2))
    assert [series.name for series in run.charts[0].series] == ["validation"]


def test_only_numbers_are_figures() -> None:
    values = [1, 2.5, True, "3", None, math.nan, math.inf]
    assert [figure(value) for value in values] == [1, 2.5, None, None, None, None, None]
