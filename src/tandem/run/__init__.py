"""Where the rooms are wired together: training a recipe, evaluating a model, averaging several."""

from tandem.run.average import average
from tandem.run.evaluate import Evaluation, evaluate
from tandem.run.train import train

__all__ = ["Evaluation", "average", "evaluate", "train"]
