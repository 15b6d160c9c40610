"""The average of the last weights: its formula, what it leaves alone, and which model is validated."""

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from tandem.batches import Batches
from tandem.training import LoopSettings, WeightAverage
from tandem.training.events import StepDone
from tests.support.corpora import random_corpus
from tests.support.models import small_model
from tests.support.trainings import sgd, training

BATCHES = Batches(random_corpus(22), 4, 1)  # 6 batches


@pytest.mark.parametrize(("decay", "accumulate", "tied"), [(0.5, 1, True), (0.99, 1, False), (0.25, 2, False)])
def test_the_average_is_the_weighted_sum_of_all_weights_since_the_first_step(
    decay: float, accumulate: int, tied: bool
) -> None:
    model = small_model(source=12, tie_output=tied)
    average = WeightAverage(model, decay)
    expected = parameters_to_vector(model.parameters()).double()
    settings = LoopSettings(epochs=2, accumulate=accumulate)
    steps = 0
    for event in training(model, sgd(model, 0.5), BATCHES, settings, average=average).events():
        if isinstance(event, StepDone):
            steps += 1
            weights = parameters_to_vector(model.parameters()).detach().double()
            kept = min(decay, (1 + steps) / (10 + steps))
            expected = kept * expected + (1 - kept) * weights
            found = parameters_to_vector(average.model.parameters()).double()
            torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
            assert (found - weights).abs().max() > 1e-3
    assert steps == 12 // accumulate
    output = average.model.decoder.fc_out.weight
    assert (output is average.model.decoder.embedding.weight) == tied


def test_averaging_changes_nothing_of_what_is_trained() -> None:
    results = []
    for averages in (False, True):
        model = small_model(source=12, dropout=0.3)
        average = WeightAverage(model, 0.9) if averages else None
        list(training(model, sgd(model), BATCHES, LoopSettings(epochs=1), average=average).events())
        results.append(parameters_to_vector(model.parameters()))
    assert torch.equal(*results)


def test_weights_that_stand_still_are_their_own_average() -> None:
    model = small_model(source=12)
    average = WeightAverage(model, 0.9)
    list(training(model, sgd(model, 0.0), BATCHES, LoopSettings(epochs=1), average=average).events())
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, average.model.state_dict()[name]), name
