"""What the training loop tells: its events, its progress, its best epoch, and when it stops."""

import pytest
import torch
from torch.nn import functional as F

from tandem.batches import Batches
from tandem.models import Seq2Seq
from tandem.text import PAD_ID
from tandem.training import LoopProgress, LoopSettings, Schedule, TeacherForcing
from tandem.training.events import Finished, Started, StepDone, Validated, Validation
from tests.support.corpora import random_corpus
from tests.support.models import small_model
from tests.support.trainings import scripted, sgd, steps_of, training, validations_of

CORPUS = random_corpus(22)
BATCHES = Batches(CORPUS, 4, 1)  # 6 batches, the last of 2 pairs


def test_events_come_in_order() -> None:
    model = small_model(source=12)
    run = training(model, sgd(model), BATCHES, LoopSettings(epochs=2))
    events = list(run.events())
    one_epoch = [StepDone] * 6 + [Validated]
    assert [type(event) for event in events] == [Started, *one_epoch, *one_epoch, Finished]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert events[0] == Started(epochs=2, steps_per_epoch=6, parameters=parameters, first_step=0)
    steps = steps_of(events)
    assert [event.step for event in steps] == list(range(1, 13))
    assert [event.epoch for event in steps] == [1] * 6 + [2] * 6
    assert [(event.epoch, event.step) for event in validations_of(events)] == [(1, 6), (2, 12)]
    assert isinstance(events[-1], Finished)
    assert (events[-1].reason, events[-1].best_epoch) == ("all 2 epochs done", 1)


@pytest.mark.parametrize(("epochs", "ends"), [(0.5, [3]), (1.5, [6, 9]), (2.01, [6, 12]), (0.001, [1])])
def test_a_part_of_an_epoch_at_the_end_is_validated_as_a_whole_one_is(epochs: float, ends: list[int]) -> None:
    model = small_model(source=12)
    run = training(model, sgd(model), BATCHES, LoopSettings(epochs))
    events = list(run.events())
    assert isinstance(events[0], Started)
    assert events[0].total_steps == run.total_steps == ends[-1]
    assert [event.step for event in steps_of(events)] == list(range(1, ends[-1] + 1))
    assert [(event.epoch, event.step) for event in validations_of(events)] == list(enumerate(ends, 1))
    assert (run.progress.epoch, run.progress.step, run.progress.batches) == (len(ends), ends[-1], 0)
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == f"all {epochs} epochs done"


def test_numbers_in_events_make_sense() -> None:
    model = small_model(source=12)
    events = list(training(model, sgd(model, 0.05), BATCHES, LoopSettings(epochs=1)).events())
    for event in steps_of(events):
        assert 0 < event.loss < 10
        assert event.tokens_per_second > 0
        assert event.learning_rate == 0.05
        assert event.gradient_norm > 0
        assert event.teacher_forcing_ratio == 1.0
    (validated,) = validations_of(events)
    assert validated.epoch_seconds > 0
    assert isinstance(events[-1], Finished)
    assert events[-1].seconds >= validated.epoch_seconds


def test_a_tied_weight_is_counted_once_and_a_frozen_one_not_at_all() -> None:
    model = small_model(source=12, tie_output=True)
    model.encoder.embedding.weight.requires_grad_(False)
    started = next(training(model, sgd(model), BATCHES, LoopSettings(epochs=1)).events())
    assert isinstance(started, Started)
    each = {id(p): p.numel() for p in model.parameters() if p.requires_grad}
    assert started.parameters == sum(each.values())


def test_each_steps_loss_is_cross_entropy_per_real_token() -> None:
    """The weights stand still (rate 0), so that each step can be measured again."""
    model = small_model(source=12)
    events = list(training(model, sgd(model, 0.0), BATCHES, LoopSettings(epochs=1)).events())
    total, tokens = 0.0, 0
    for event, batch in zip(steps_of(events), BATCHES.epoch(1), strict=True):
        with torch.no_grad():
            logits = model(batch.source, batch.target, 1.0, src_len=batch.source_lengths)
        gold = batch.target[1:].flatten()
        expected = F.cross_entropy(logits[1:].flatten(0, 1), gold, ignore_index=PAD_ID)
        assert event.loss == pytest.approx(float(expected), rel=1e-5)
        total, tokens = total + event.loss * batch.target_tokens, tokens + batch.target_tokens
    (validated,) = validations_of(events)
    assert validated.train_loss == pytest.approx(total / tokens)
    assert tokens == CORPUS.target_tokens


def test_the_loss_that_is_told_is_without_label_smoothing() -> None:
    trained = []
    for smoothing in (0.0, 0.3):
        model = small_model(source=12)
        settings = LoopSettings(epochs=1, label_smoothing=smoothing)
        trained.append(steps_of(training(model, sgd(model, 0.0), BATCHES, settings).events()))
    plain, smoothed = trained
    assert [event.loss for event in plain] == pytest.approx([event.loss for event in smoothed])
    norms = [[event.gradient_norm for event in events] for events in trained]
    assert all(abs(one - other) > 1e-3 for one, other in zip(*norms, strict=True))


def test_rates_and_ratios_follow_their_schedules() -> None:
    model = small_model(source=12)
    optimizer = torch.optim.SGD(
        [
            {"params": list(model.encoder.parameters()), "lr": 0.2},
            {"params": list(model.decoder.parameters()), "lr": 0.02},
        ]
    )
    forcing = TeacherForcing("linear", start=0.9, end=0.1)
    schedule = Schedule("linear", warmup_steps=3)
    run = training(model, optimizer, BATCHES, LoopSettings(epochs=2), schedule=schedule, forcing=forcing)
    for event in run.events():
        if isinstance(event, StepDone):
            factor = schedule.rate(event.step, 12, 6, ())
            assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.2 * factor, 0.02 * factor])
            assert event.learning_rate == pytest.approx(0.2 * factor)
            assert event.teacher_forcing_ratio == pytest.approx(forcing.ratio(event.step - 1, 12))


def test_plateau_hears_of_the_validations() -> None:
    model = small_model(source=12)
    run = training(
        model,
        sgd(model, 0.8),
        BATCHES,
        LoopSettings(epochs=4),
        schedule=Schedule("plateau", factor=0.5, patience=1),
        validate=scripted([1.0, 2.0, 0.5, 0.6]),
    )
    rates = {event.epoch: event.learning_rate for event in steps_of(run.events())}
    assert rates == {1: 0.8, 2: 0.8, 3: 0.4, 4: 0.4}


def test_the_best_epoch_is_the_one_with_the_lowest_criterion() -> None:
    model = small_model(source=12)
    losses = [3.0, 2.0, 2.5, 2.0, 1.0]
    run = training(model, sgd(model), BATCHES, LoopSettings(epochs=5), validate=scripted(losses))
    events = list(run.events())
    validated = list(validations_of(events))
    assert [event.validation for event in validated] == [Validation(loss) for loss in losses]
    assert [event.best for event in validated] == [True, True, False, False, True]  # as good is no better
    assert run.progress == LoopProgress(epoch=5, step=30, best_epoch=5, history=tuple(losses))
    assert isinstance(events[-1], Finished)
    assert events[-1].best_epoch == 5


def test_progress_is_up_to_date_when_an_epoch_is_told_of() -> None:
    """Whoever saves at a validation saves what the next epoch starts from."""
    model = small_model(source=12)
    run = training(model, sgd(model), BATCHES, LoopSettings(epochs=3), validate=scripted([2.0, 1.0, 3.0]))
    seen = [run.progress for event in run.events() if isinstance(event, Validated)]
    assert seen == [
        LoopProgress(1, 6, 1, (2.0,)),
        LoopProgress(2, 12, 2, (2.0, 1.0)),
        LoopProgress(3, 18, 2, (2.0, 1.0, 3.0)),
    ]


@pytest.mark.parametrize(
    ("patience", "losses", "epochs"),
    [(1, [2.0, 1.0, 1.5, 0.1], 3), (2, [2.0, 3.0, 1.0, 1.5, 1.2, 0.1], 5), (2, [1.0, 1.0, 1.0, 0.5], 3)],
)
def test_patience_ends_the_training(patience: int, losses: list[float], epochs: int) -> None:
    model = small_model(source=12)
    settings = LoopSettings(epochs=6, patience=patience)
    run = training(model, sgd(model), BATCHES, settings, validate=scripted(losses))
    *_, finished = run.events()
    assert run.progress.epoch == epochs
    assert isinstance(finished, Finished)
    assert finished.reason == f"no better for {patience} validations"
    assert finished.best_epoch == run.progress.best_epoch == epochs - patience


def test_a_training_whose_patience_was_at_an_end_does_not_go_on() -> None:
    model = small_model(source=12)
    progress = LoopProgress(3, 18, 1, (1.0, 2.0, 3.0))
    run = training(model, sgd(model), BATCHES, LoopSettings(epochs=9, patience=2), progress=progress)
    started, finished = run.events()
    assert isinstance(started, Started)
    assert started.first_step == 18
    assert isinstance(finished, Finished)
    assert finished.reason == "no better for 2 validations"


def test_a_training_that_is_over_has_nothing_left_to_do() -> None:
    model = small_model(source=12)
    run = training(model, sgd(model), BATCHES, LoopSettings(epochs=2))
    list(run.events())
    started, finished = run.events()
    assert isinstance(started, Started)
    assert started.first_step == 12
    assert isinstance(finished, Finished)


def test_the_model_trains_in_training_mode_and_is_validated_in_evaluation_mode() -> None:
    model: Seq2Seq = small_model(source=12, dropout=0.4)
    modes: list[bool] = []

    def validate() -> Validation:
        modes.append(model.training)
        return Validation(1.0)

    run = training(model, sgd(model), BATCHES, LoopSettings(epochs=2), validate=validate)
    assert all(model.training for event in run.events() if isinstance(event, StepDone))
    assert modes == [False, False]
    assert not model.training
