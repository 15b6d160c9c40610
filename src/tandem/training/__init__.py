"""The training loop and what it is made of: teacher forcing, loss, learning rates, events."""

from tandem.training.forcing import TeacherForcing
from tandem.training.loop import LoopProgress, LoopSettings, TrainingLoop
from tandem.training.schedule import Schedule
from tandem.training.weight_average import WeightAverage

__all__ = ["LoopProgress", "LoopSettings", "Schedule", "TeacherForcing", "TrainingLoop", "WeightAverage"]
