"""What one optimiser step does to the weights: accumulation, clipping, and a loss that is not finite."""

import copy
import math
from collections.abc import Callable
from itertools import islice
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from tandem.batches import Batches
from tandem.errors import TrainingError
from tandem.models import Seq2Seq
from tandem.names import AttentionKind
from tandem.text import PAD_ID
from tandem.training import LoopSettings, TeacherForcing
from tandem.training.events import Started, StepDone, Validated
from tandem.training.loop import GradientPer
from tests.support.corpora import random_corpus
from tests.support.models import CELL_TYPES, small_model
from tests.support.trainings import sgd, steps_of, training


def weights(model: Seq2Seq) -> Tensor:
    return parameters_to_vector(model.parameters()).detach().clone()


def first_step(model: Seq2Seq, batches: Batches, settings: LoopSettings, rate: float) -> tuple[StepDone, Tensor]:
    """The first step, and the weights after it."""
    for event in training(model, sgd(model, rate), batches, settings).events():
        if isinstance(event, StepDone):
            return event, weights(model)
    raise AssertionError("there was no step")


@pytest.mark.parametrize("cell_type", CELL_TYPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_two_small_batches_accumulated_are_one_big_one(cell_type: str, smoothing: float) -> None:
    """Whatever the padding, and although the two hold different numbers of tokens."""
    corpus = random_corpus(8)
    small, big = (Batches(corpus, size, 1, shuffle=False) for size in (4, 8))
    tokens = [batch.target_tokens for batch in small.epoch(1)]
    assert tokens[0] != tokens[1]
    results = []
    for batches, accumulate in ((small, 2), (big, 1)):
        settings = LoopSettings(epochs=1, accumulate=accumulate, label_smoothing=smoothing, clip_norm=None)
        model = small_model(cell_type, source=12)  # type: ignore[arg-type]
        results.append(first_step(model, batches, settings, 0.5))
    (one, ours), (other, expected) = results
    assert one.loss == pytest.approx(other.loss, rel=1e-5)
    assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-4)
    assert (ours - weights(small_model(cell_type, source=12))).abs().max() > 1e-3  # type: ignore[arg-type]
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("by_token", [False, True])
@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_r_drop_without_dropout_is_a_plain_step(cell_type: str, by_token: bool) -> None:
    """Both readings are then alike, also where they read predictions, and their divergence has no gradient."""
    batches = Batches(random_corpus(8), 4, 1)
    results = []
    for r_drop in (0.0, 5.0):
        model = small_model(cell_type, source=12, tie_output=True)  # type: ignore[arg-type]
        settings = LoopSettings(epochs=1, r_drop=r_drop, accumulate=2, gradient_per="sentence", clip_norm=None)
        forcing = TeacherForcing(start=0.5, by_token=by_token)
        step = steps_of(training(model, sgd(model), batches, settings, forcing=forcing).events())[0]
        results.append((step.loss, step.gradient_norm, weights(model)))
    (loss, norm, ours), (other_loss, other_norm, others) = results
    assert (loss, norm) == pytest.approx((other_loss, other_norm), rel=1e-5)
    torch.testing.assert_close(ours, others, atol=1e-6, rtol=0)


@pytest.mark.parametrize("attention", [None, "luong"])
def test_r_drop_reads_a_batch_twice_with_other_dropout(attention: AttentionKind | None) -> None:
    """Compared with whole logits. The loss that is told is the cross-entropy alone."""
    model = small_model(source=12, dropout=0.3, attention=attention)
    batches = Batches(random_corpus(8), 8, 1)
    (batch,) = batches.epoch(1)
    columns = batch.source.shape[1]
    torch.manual_seed(1_000_003 * 2 + 1)  # as the loop seeds the dropout of epoch 1
    features = model.features(
        batch.source.repeat(1, 2),
        batch.target.repeat(1, 2),
        torch.ones(len(batch.target) - 1, dtype=torch.bool),
        batch.source_lengths.repeat(2),
    )
    p, q = model.decoder.fc_out(features).log_softmax(dim=2).split(columns, dim=1)
    gold = batch.target[1:]
    real = gold != PAD_ID
    likelihoods = torch.stack([F.nll_loss(each[real], gold[real], reduction="sum") for each in (p, q)])
    divergences = torch.stack([(one.exp() * (one - other))[real].sum() for one, other in ((p, q), (q, p))])
    objective = likelihoods.sum() / 2 + 4.0 / 4 * divergences.sum()
    gradients = torch.autograd.grad(objective / batch.target_tokens, list(model.parameters()))
    settings = LoopSettings(epochs=1, r_drop=4.0, seed=2, clip_norm=None)
    step = steps_of(training(model, sgd(model), batches, settings).events())[0]
    assert step.loss == pytest.approx(float(likelihoods.sum().detach()) / 2 / batch.target_tokens, rel=1e-5)
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
    assert step.gradient_norm == pytest.approx(float(norm), rel=1e-4)
    assert (divergences > 0.01).all()


def test_what_is_left_of_an_epoch_makes_a_step_of_its_own() -> None:
    model = small_model(source=12)
    batches = Batches(random_corpus(22), 4, 1)  # 6 batches
    events = list(training(model, sgd(model), batches, LoopSettings(epochs=2, accumulate=4)).events())
    assert [event.step for event in steps_of(events)] == [1, 2, 3, 4]
    assert [event.step for event in events if isinstance(event, Validated)] == [2, 4]


@pytest.mark.parametrize(("size", "accumulate"), [(8, 1), (3, 1), (3, 2), (3, 9)])
@pytest.mark.parametrize("per", get_args(GradientPer))
def test_the_gradient_is_the_sum_over_the_sentences_divided(per: GradientPer, size: int, accumulate: int) -> None:
    """By the tokens or the sentences of the step, whatever batches make it and however small the last one is."""
    batches = Batches(random_corpus(8), size, 1)
    group = list(islice(batches.epoch(1), accumulate))
    model = small_model(source=12)
    before = weights(model)
    total = torch.zeros(())
    for batch in group:
        logits = model(batch.source, batch.target, 1.0, src_len=batch.source_lengths)
        gold = batch.target[1:].flatten()
        total = total + F.cross_entropy(logits[1:].flatten(0, 1), gold, ignore_index=PAD_ID, reduction="sum")
    tokens = sum(batch.target_tokens for batch in group)
    parts = torch.autograd.grad(total, list(model.parameters()))
    gradient = torch.cat([part.flatten() for part in parts])
    gradient /= tokens if per == "token" else sum(batch.source.shape[1] for batch in group)
    settings = LoopSettings(epochs=1, accumulate=accumulate, gradient_per=per, clip_norm=None)
    event, after = first_step(model, batches, settings, 1.0)
    torch.testing.assert_close(before - after, gradient, atol=1e-5, rtol=0)
    assert event.gradient_norm == pytest.approx(float(gradient.norm()), rel=1e-4)
    assert event.loss == pytest.approx(float(total.detach()) / tokens, rel=1e-5)  # per token whatever is divided by


@pytest.mark.parametrize("clip_norm", [0.05, 1e6, None])
def test_a_long_gradient_is_scaled_down_and_its_own_norm_is_told(clip_norm: float | None) -> None:
    """With plain SGD at rate 1 the weights move by the gradient."""
    model = small_model(source=12)
    before = weights(model)
    batches = Batches(random_corpus(8), 8, 1)
    event, after = first_step(model, batches, LoopSettings(epochs=1, clip_norm=clip_norm), 1.0)
    assert event.gradient_norm > 0.1
    moved = float((after - before).norm())
    expected = 0.05 if clip_norm == 0.05 else event.gradient_norm
    assert moved == pytest.approx(expected, rel=1e-3)


def test_clipping_keeps_the_gradients_direction() -> None:
    moves = []
    for clip_norm in (0.05, None):
        model = small_model(source=12)
        before = weights(model)
        _, after = first_step(model, Batches(random_corpus(8), 8, 1), LoopSettings(1, clip_norm=clip_norm), 1.0)
        moves.append(after - before)
    assert float(torch.cosine_similarity(moves[0], moves[1], dim=0)) == pytest.approx(1, abs=1e-4)


def test_padding_gets_no_gradient_as_a_target() -> None:
    """Nothing is learnt about predicting <pad> but that it is never right."""
    model = small_model(source=12)
    before = model.decoder.fc_out.bias.detach().clone()
    batches = Batches(random_corpus(8), 8, 1)
    assert next(batches.epoch(1)).target.eq(PAD_ID).any()
    first_step(model, batches, LoopSettings(1), 1.0)
    assert model.decoder.fc_out.bias[PAD_ID] < before[PAD_ID]


def after_poison(poison: Callable[[Seq2Seq], object]) -> str:
    """What the loop says when the model is poisoned after 4 good steps; what it must have left alone is checked."""
    model = small_model(source=12, dropout=0.2)
    run = training(model, sgd(model), Batches(random_corpus(22), 4, 1), LoopSettings(epochs=3))
    events = run.events()
    good = [next(events) for _ in range(5)]
    assert [type(event) for event in good] == [Started] + [StepDone] * 4
    poison(model)
    kept = copy.deepcopy(model.state_dict())
    with pytest.raises(TrainingError) as caught:
        next(events)
    assert run.progress.step == 4
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(weight, kept[name], equal_nan=True, atol=0, rtol=0)
    assert all(parameter.grad is None for parameter in model.parameters())
    return str(caught.value)


def test_a_loss_that_is_not_a_number_stops_the_training_before_it_spoils_the_weights() -> None:
    def poison(model: Seq2Seq) -> None:
        model.decoder.fc_out.bias.data[5] = float("nan")

    text = after_poison(poison)
    assert text.startswith("step 5 (epoch 1): the loss is nan and the gradient's norm nan")
    assert "Nothing of this step was kept" in text
    assert "Lower training.optimizer.learning_rate" in text
    assert "--set training.precision=float32" in text
    assert "--resume" in text


def test_a_gradient_that_overflows_stops_the_training_too() -> None:
    def poison(model: Seq2Seq) -> None:
        model.encoder.embedding.weight.register_hook(lambda grad: grad + math.inf)  # type: ignore[no-untyped-call]

    text = after_poison(poison)
    assert text.startswith("step 5 (epoch 1): the loss is ")
    assert "the gradient's norm inf" in text
    assert "nan" not in text


def test_sampled_feeding_trains_all_weights() -> None:
    model = small_model(source=12, dropout=0.2)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    forcing = TeacherForcing(start=0.0, by_token=True)
    list(training(model, sgd(model), Batches(random_corpus(22), 4, 1), LoopSettings(1), forcing=forcing).events())
    assert not [name for name, weight in model.named_parameters() if torch.equal(weight, before[name])]
