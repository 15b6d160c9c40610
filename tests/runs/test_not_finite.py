"""A loss that is infinite or NaN stops the training with the step and a remedy."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from tandem.errors import TrainingError
from tandem.model_paths import read_current
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import run_recipe
from tandem.search.steps import no_output_error
from tandem.translation.translator import Translator
from tests.support.runs import number_pairs, run_tiny, tiny_recipe

REMEDY = r"Lower training\.optimizer\.learning_rate, set training\.clip_norm"


def test_the_first_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=rf"^step 1 \(epoch 1\): the loss is (inf|nan) .*{REMEDY}"):
        run_tiny(tmp_path, "model.init_range=1e37")


def test_a_later_step_is_named_and_no_checkpoint_is_broken(tmp_path: Path) -> None:
    settings = ("training.optimizer.learning_rate=1e38", "training.clip_norm=off")
    with pytest.raises(TrainingError, match=rf"^step [2-5] \(epoch 1\): the loss is .*{REMEDY}"):
        run_tiny(tmp_path, *settings)
    assert not (tmp_path / "current.json").exists()


def test_a_validation_that_is_not_finite_is_named(tmp_path: Path) -> None:
    settings = ("training.optimizer.learning_rate=1e38", "training.optimizer.name=sgd", "training.batch_size=100")
    with pytest.raises(TrainingError, match=rf"^step 1 \(epoch 1\): the validation loss is (inf|nan); .*{REMEDY}"):
        run_tiny(tmp_path, *settings)


def test_a_validation_without_a_translation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a search raises of a model without any output of a probability above zero; its own tests make one.
    monkeypatch.setattr(Translator, "translate", Mock(side_effect=no_output_error(0)))
    with pytest.raises(TrainingError, match=rf"^step 5 \(epoch 1\): Search found no output .*{REMEDY}"):
        run_tiny(tmp_path)


def test_a_run_that_broke_late_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    given = GivenPairs(number_pairs(40), number_pairs(8, seed=2))
    run_recipe(tiny_recipe(), tmp_path, device="cpu", given=given)
    broken = tiny_recipe("training.epochs=4", "training.optimizer.learning_rate=1e38", "training.clip_norm=off")
    with pytest.raises(TrainingError, match=r"^step 1[1-5] \(epoch 3\)"):
        run_recipe(broken, tmp_path, device="cpu", given=given, resume=True)
    assert read_current(tmp_path).last == "checkpoints/epoch-002"
    run_recipe(tiny_recipe("training.epochs=3"), tmp_path, device="cpu", given=given, resume=True)
    assert read_current(tmp_path).last == "checkpoints/epoch-003"
