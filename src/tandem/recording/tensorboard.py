"""TensorBoard's event files, written by PyTorch's own writer."""

from pathlib import Path
from typing import Protocol, assert_never

from tandem.metrics import perplexity
from tandem.recording.averages import StepMeans, StepWindow
from tandem.training.events import Event, Finished, Sample, Started, StepDone, Validated, Validation


class _Writer(Protocol):
    """What is used of `torch.utils.tensorboard.SummaryWriter`, whose methods carry no types."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...

    def add_text(self, tag: str, text_string: str, global_step: int) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """A recorder that writes curves under `train/` and `validation/`, and sample translations as text."""

    def __init__(self, folder: Path, every: int = 10, keep_until_step: int | None = None) -> None:
        """Open a new event file in the folder.

        `every`: how many optimiser steps one point of the training curves covers.
        `keep_until_step`: when a run goes on from that step, TensorBoard hides what an earlier file tells
        of later steps.
        """
        self._window = StepWindow(every)
        self._writer = _open(folder, keep_until_step)

    def record(self, event: Event) -> None:
        """Write the event's figures, or keep them for the mean of the next point."""
        match event:
            case Started():
                pass
            case StepDone():
                self._write_means(self._window.add(event))
            case Validated():
                self._write_means(self._window.flush())
                self._write_validation(event.validation, event.step)
                self._writer.flush()
            case Finished():
                self._write_means(self._window.flush())
                self._writer.flush()
            case _:
                assert_never(event)

    def close(self) -> None:
        """Write the steps that are still held and close the file; a second call does nothing."""
        self._write_means(self._window.flush())
        self._writer.close()

    def _write_means(self, means: StepMeans | None) -> None:
        if means is None:
            return
        step = means.last.step
        self._writer.add_scalar("train/loss", means.loss, step)
        self._writer.add_scalar("train/perplexity", perplexity(means.loss), step)
        self._writer.add_scalar("train/learning_rate", means.last.learning_rate, step)
        self._writer.add_scalar("train/gradient_norm", means.gradient_norm, step)
        self._writer.add_scalar("train/tokens_per_second", means.tokens_per_second, step)

    def _write_validation(self, validation: Validation, step: int) -> None:
        self._writer.add_scalar("validation/loss", validation.loss, step)
        self._writer.add_scalar("validation/perplexity", perplexity(validation.loss), step)
        for name, value in validation.scores.items():
            self._writer.add_scalar(f"validation/{name}", value, step)
        if validation.samples:
            text = "\n\n---\n\n".join(_markdown(sample) for sample in validation.samples)
            self._writer.add_text("validation/samples", text, step)


def _open(folder: Path, keep_until_step: int | None) -> _Writer:
    # Imported here: it takes a second or two, and only a training needs it.
    from torch.utils.tensorboard import SummaryWriter

    purge_step = None if keep_until_step is None else keep_until_step + 1
    writer: _Writer = SummaryWriter(str(folder), purge_step=purge_step)
    return writer


def _markdown(sample: Sample) -> str:
    # Indented lines are code to Markdown: what stands in them is shown as it is.
    lines = (
        f"source       {sample.source}",
        f"reference    {sample.reference}",
        f"translation  {sample.translation}",
    )
    return "\n".join(f"    {line}" for line in lines)
