"""Where the rooms are wired together: training a recipe, evaluating a model, comparing or averaging several."""

from tandem.runs.analyse import analyse
from tandem.runs.average import average
from tandem.runs.compare import RunComparison, compare
from tandem.runs.evaluate import Evaluation, evaluate
from tandem.runs.train import train

__all__ = ["Evaluation", "RunComparison", "analyse", "average", "compare", "evaluate", "train"]
