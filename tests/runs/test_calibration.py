"""A run learns how far its probabilities can be trusted, from what it was not trained on, and the same when resumed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tandem.checkpoint import load_checkpoint
from tandem.metrics.calibration import LEAST_OUTPUTS, Calibration
from tandem.model_paths import checkpoint_of
from tandem.recording import Recorder
from tandem.runs import average, evaluate
from tandem.runs.corpora import GivenPairs
from tandem.runs.evaluation import LEAST_CALIBRATED
from tandem.runs.execution import TrainingResult, run_recipe
from tandem.runs.stopping import Stopped
from tandem.runs.validation import calibrate
from tandem.translation import Translator, load
from tandem.translation.constructors import translator_from_members
from tests.support.runs import StopAfter, assert_same_run, number_pairs, tiny_recipe, untrained

TRAINED = number_pairs(40)
HELD_OUT = number_pairs(30, seed=2)
SETTINGS = ("training.epochs=3", "training.keep_last=3")


def trained(
    out: Path, *settings: str, held_out: int = 30, resume: bool = False, recorders: Sequence[Recorder] = ()
) -> TrainingResult:
    given = GivenPairs(TRAINED, HELD_OUT[:held_out])
    recipe = tiny_recipe(*SETTINGS, *settings)
    return run_recipe(recipe, out, device="cpu", resume=resume, given=given, recorders=recorders)


def calibrated(calibration: Calibration) -> Translator:
    made = untrained()
    tokenizers = made.source_tokenizer, made.target_tokenizer
    return translator_from_members(made.members, *tokenizers, device=made.device, calibration=calibration)


def test_the_best_epochs_have_a_calibration_and_states_have_none(tmp_path: Path) -> None:
    result = trained(tmp_path / "run")
    best = load_checkpoint(tmp_path / "run").calibration
    assert best is not None
    groups = [(source, (target,)) for source, target in HELD_OUT]
    assert best == calibrate(load(tmp_path / "run", device="cpu"), groups)
    found = result.translator.translate(["eins zwei"])[0]
    assert found.confidence == best.confidence(found.token_scores)
    assert list((tmp_path / "run/resume").rglob("calibration.json")) == []


def test_a_resumed_run_has_the_same_calibration(tmp_path: Path) -> None:
    trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        trained(tmp_path / "run", recorders=[StopAfter(6)])
    trained(tmp_path / "run", resume=True)
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert (checkpoint_of(tmp_path / "run") / "calibration.json").is_file()


def test_too_few_sources_calibrate_nothing(tmp_path: Path) -> None:
    result = trained(tmp_path / "run", held_out=LEAST_OUTPUTS - 1)
    assert load_checkpoint(tmp_path / "run").calibration is None
    assert result.translator.translate(["eins"])[0].confidence is None
    assert calibrate(result.translator, []) is None


def test_a_mean_of_models_has_no_calibration(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    assert average([tmp_path / "run"], out=tmp_path / "mean", device="cpu").calibration is None


def test_the_error_of_confidences_is_a_score_where_there_are_enough_sources() -> None:
    pairs = number_pairs(LEAST_CALIBRATED, seed=5)
    always = calibrated(Calibration(0.0, 0.0, 0.0))  # half of the outputs are right, it says
    evaluation = evaluate(always, pairs)
    assert evaluation.score("calibration_error") == pytest.approx(abs(50 - evaluation.score("exact")))
    signature = next(score.signature for score in evaluation.scores if score.name == "calibration_error")
    assert signature.startswith("calibration_error|case:mixed|bins:10|refs:any|")
    assert signature.endswith("|norm:nfc+space|search:beam:2|lp:1")
    assert [part.confidence for part in evaluation.reliability()] == [0.5] * 10
    assert "calibration_error" not in {score.name for score in evaluate(always, pairs[1:]).scores}
    assert "calibration_error" not in {score.name for score in evaluate(untrained(), pairs).scores}
    assert evaluate(untrained(), pairs).reliability() == []
