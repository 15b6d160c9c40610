"""What a user does with models: train, evaluate, compare, analyse and average them."""

from tandem.runs.analyses import analyse
from tandem.runs.averaging import average
from tandem.runs.comparison import RunComparison, compare
from tandem.runs.evaluation import Evaluation, evaluate
from tandem.runs.trainer import train

__all__ = ["Evaluation", "RunComparison", "analyse", "average", "compare", "evaluate", "train"]
