"""The training loop and what it is made of: teacher forcing, loss, learning rates, events."""

from tandem.training.forcing import TeacherForcing
from tandem.training.loop import LoopSettings, Progress, Training
from tandem.training.schedule import Schedule

__all__ = ["LoopSettings", "Progress", "Schedule", "TeacherForcing", "Training"]
