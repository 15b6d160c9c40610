"""Where the rooms are wired together: training a recipe, evaluating a model, comparing or averaging several."""

from tandem.run.analyse import analyse
from tandem.run.average import average
from tandem.run.compare import RunComparison, compare
from tandem.run.evaluate import Evaluation, evaluate
from tandem.run.train import train

__all__ = ["Evaluation", "RunComparison", "analyse", "average", "compare", "evaluate", "train"]
