"""How the live display words figures and texts."""

import math
from collections.abc import Iterable

from tandem.metrics import perplexity
from tandem.recording.progress import TrainingProgress
from tandem.terminal import counted, printable
from tandem.training.events import Finished, Sample, Started, Validated

SAMPLES = 3


def duration(seconds: float | None) -> str:
    """Return such as `0:07`, `12:34` or `3:02:01`; `-` for what is not known."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def loss_figure(loss: float) -> str:
    """Return a loss with three decimals; `-` when it is not a number."""
    return "-" if math.isnan(loss) else f"{loss:.3f}"


def perplexity_figure(loss: float) -> str:
    """Return the perplexity of a loss in seven characters or fewer; `-` when it is not a number."""
    value = perplexity(loss)
    if math.isnan(value):
        return "-"
    return f"{value:.2f}" if value < 10_000 else f"{value:.1e}"


def standing(progress: TrainingProgress) -> str:
    """Return loss, perplexity, speed and the time left, as one line."""
    figures = (
        f"loss {loss_figure(progress.loss)}",
        f"perplexity {perplexity_figure(progress.loss)}",
        f"{progress.tokens_per_second:,.0f} tokens/s",
    )
    left = f"epoch {duration(progress.epoch_seconds_left())}, run {duration(progress.run_seconds_left())} left"
    return "  ".join((*figures, left))


def beginning(event: Started) -> str:
    """Return the first line of a training."""
    epochs, steps = counted(event.epochs, "epoch"), counted(event.steps_per_epoch, "step")
    size = f"{epochs} of {steps}, {event.parameters:,} parameters"
    return f"Training goes on after step {event.first_step:,}: {size}" if event.first_step else f"Training: {size}"


def table_header(scores: Iterable[str]) -> str:
    """Return the headings above the rows of `table_row`, for these scores."""
    names = ("train loss", "valid loss", "perplexity", *map(printable, scores), "seconds")
    return " epoch" + "".join(name.rjust(_width(name)) for name in names)


def table_row(event: Validated) -> str:
    """Return an epoch's figures under the headings of `table_header`; the best one so far is marked."""
    loss, scores = event.validation.loss, event.validation.scores
    cells = [
        ("train loss", loss_figure(event.train_loss)),
        ("valid loss", loss_figure(loss)),
        ("perplexity", perplexity_figure(loss)),
        *((printable(name), f"{value:.2f}") for name, value in scores.items()),
        ("seconds", f"{event.epoch_seconds:.1f}"),
    ]
    figures = "".join(figure.rjust(_width(name)) for name, figure in cells)
    return f"{event.epoch:>6}{figures}{'  best' if event.best else ''}"


def epoch_line(event: Validated, epochs: int) -> str:
    """Return an epoch's figures as one line that needs no headings."""
    loss = event.validation.loss
    parts = [
        f"train loss {loss_figure(event.train_loss)}",
        f"validation loss {loss_figure(loss)}",
        f"perplexity {perplexity_figure(loss)}",
        *(f"{printable(name)} {value:.2f}" for name, value in event.validation.scores.items()),
        f"{event.epoch_seconds:.1f} s",
    ]
    return f"epoch {event.epoch}/{epochs} done: {', '.join(parts)}{' (best)' if event.best else ''}"


def sample_lines(sample: Sample) -> list[tuple[str, str]]:
    """Return the label and text of each line that shows a sample."""
    return [
        ("source", printable(sample.source.replace("\t", "  "))),  # before features
        ("reference", printable(sample.reference)),
        ("translation", printable(sample.translation)),
    ]


def ending(event: Finished) -> str:
    """Return the last line of a training."""
    kept = f"best epoch {event.best_epoch}" if event.best_epoch else "no epoch was validated"
    return f"Training is over: {printable(event.reason)}; {kept}; {duration(event.seconds)}"


def _width(name: str) -> int:
    return max(len(name), 7) + 2
