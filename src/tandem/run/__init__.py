"""Where the rooms are wired together: training a recipe, evaluating a model."""

from tandem.run.evaluate import Evaluation, evaluate
from tandem.run.train import train

__all__ = ["Evaluation", "evaluate", "train"]
