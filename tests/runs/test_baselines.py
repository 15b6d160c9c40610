"""A trained model stands beside copying and looking up, and one that is worse is told so."""

from pathlib import Path

from tandem.metrics import Score
from tandem.runs.baselines import Baseline
from tandem.runs.execution import TrainingResult
from tests.support.runs import number_pairs, run_tiny


def test_an_untrained_model_is_worse_than_looking_up(tmp_path: Path) -> None:
    pairs = number_pairs(40)
    result: TrainingResult = run_tiny(tmp_path / "run", "training.epochs=1", pairs=[*pairs, ("gleich", "gleich")])
    copying, nearest = result.baselines
    assert (copying.name, nearest.name) == ("copying the source", "the target of the nearest training source")
    assert copying.score.name == nearest.score.name == result.evaluation.scores[0].name
    assert nearest.better
    assert "better than the model, which has" in nearest.message()
    assert nearest.message() in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_lower_edit_rate_is_better() -> None:
    low, high = Score("ter", 10.0, "TER"), Score("ter", 90.0, "TER")
    assert Baseline("copying", low, model=50.0).better
    assert not Baseline("copying", high, model=50.0).better
    assert Baseline("copying", Score("exact", 90.0, "exact"), model=50.0).better
    assert Baseline("copying", Score("exact", 10.0, "exact"), model=50.0).message() == "copying: exact 10.00"
