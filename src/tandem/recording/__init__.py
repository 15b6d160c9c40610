"""What listens to training events: the metrics file, TensorBoard, the live display."""

from tandem.recording.live import live_display
from tandem.recording.metrics_file import MetricsFile, read_metrics
from tandem.recording.recorder import Recorder, ResumePoint
from tandem.recording.tensorboard import TensorBoard

__all__ = ["MetricsFile", "Recorder", "ResumePoint", "TensorBoard", "live_display", "read_metrics"]
