"""The scores of a run's best checkpoint, kept as `scores.json` when the training ends."""

from math import isfinite
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from tandem.errors import CheckpointError
from tandem.files.atomic import replace_file
from tandem.files.seals import read_sealed, sealed
from tandem.metrics.score import Score
from tandem.runs.evaluation import Evaluation

SCORES = "scores.json"


class _SavedScore(NamedTuple):
    name: str
    value: float | None  # None: it was infinite
    signature: str


class RunScores(NamedTuple):
    """What a run's best checkpoint was worth at the end of its training."""

    checkpoint: str
    """The name of the checkpoint that was scored. Another may be the best by now."""
    corpus: str
    """The part of the data that it was scored on: test, validation or training."""
    scores: tuple[_SavedScore, ...]

    def finite(self) -> list[Score]:
        """Return the scores that are numbers."""
        return [Score(score.name, score.value, score.signature) for score in self.scores if score.value is not None]


_CONTENT = TypeAdapter(RunScores)


def write_scores(run: Path, checkpoint: str, corpus: str, evaluation: Evaluation) -> None:
    """Keep the scores of a checkpoint. Raise NotWrittenError where that is impossible."""
    scores = [
        {"name": score.name, "value": score.value if isfinite(score.value) else None, "signature": score.signature}
        for score in evaluation.scores
    ]
    replace_file(run / SCORES, sealed({"checkpoint": checkpoint, "corpus": corpus, "scores": scores}))


def read_scores(run: Path, checkpoint: str) -> RunScores | None:
    """Return the scores of this checkpoint; None where the run has none of it. Raise CheckpointError for damage."""
    path = run / SCORES
    if not path.exists():
        return None
    content = {key: value for key, value in read_sealed(path).items() if key != "sha256"}
    try:
        scores = _CONTENT.validate_python(content)
    except ValueError as error:
        raise CheckpointError(f"{path}: damaged: it does not list scores as Tandem writes them. Remove it") from error
    return scores if scores.checkpoint == checkpoint else None
