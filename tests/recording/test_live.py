import io
import math
import re

import pytest
from rich.console import Console

from tandem.recording import Recorder, live_display
from tandem.recording.live import LiveDisplay, PlainLines
from tandem.training.events import Event, Finished, Sample, Started, StepDone, Validated, Validation

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Clock:
    """A clock that a test winds by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(terminal: bool, width: int = 100) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    environment = {"TERM": "xterm-256color"}
    return Console(file=file, force_terminal=terminal, width=width, _environ=environment), file


def samples(count: int) -> tuple[Sample, ...]:
    return tuple(Sample(f"Quelle {n}", f"[bold]reference {n}[/bold]", f"out {n}\x1b[2J") for n in range(count))


def training(loss: float = 2.0, epochs: int = 2) -> list[Event]:
    events: list[Event] = [Started(epochs, 2, 1_234)]
    for epoch in range(1, epochs + 1):
        for step in (2 * epoch - 1, 2 * epoch):
            events.append(StepDone(epoch, step, loss, 1500.0, 0.1, 1.0, 0.5))
        scores = {"bleu": 10.0 + epoch}
        events.append(Validated(epoch, 2 * epoch, loss, Validation(loss, scores, samples(5)), epoch == 1, 7.25))
    return [*events, Finished("all epochs done", 1, 75.0)]


def show(recorder: Recorder, events: list[Event]) -> None:
    for event in events:
        recorder.record(event)
    recorder.close()
    recorder.close()


def lines_of(file: io.StringIO) -> list[str]:
    return [line.rstrip() for line in CONTROL.sub("", file.getvalue()).split("\n")]


def test_the_console_decides_which_display_it_is() -> None:
    assert isinstance(live_display(console(terminal=True)[0]), LiveDisplay)
    assert isinstance(live_display(console(terminal=False)[0]), PlainLines)
    dumb = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(live_display(dumb), PlainLines)


def test_plain_lines_have_no_control_codes_and_are_never_broken() -> None:
    narrow, file = console(terminal=False, width=20)
    show(PlainLines(narrow), training())
    text = file.getvalue()
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert text.splitlines()[0] == "Training: 2 epochs of 2 steps, 1,234 parameters"
    assert (
        "epoch 1/2 done: train loss 2.000, validation loss 2.000, perplexity 7.39, bleu 11.00, 7.2 s (best)"
        in text.splitlines()
    )
    assert text.splitlines()[-1] == "Training is over: all epochs done; best epoch 1; 1:15"


@pytest.mark.parametrize("terminal", [True, False])
def test_three_samples_are_shown_as_they_are(terminal: bool) -> None:
    out, file = console(terminal)
    show(live_display(out), training(epochs=1))
    text = "\n".join(lines_of(file))
    for n in range(3):
        assert f"Quelle {n}" in text
        assert f"[bold]reference {n}[/bold]" in text
        assert f"out {n}\N{REPLACEMENT CHARACTER}[2J" in text
    assert "Quelle 3" not in text


def test_a_plain_line_comes_after_the_seconds_and_not_before() -> None:
    out, file = console(terminal=False)
    clock = Clock()
    recorder = PlainLines(out, seconds=10, clock=clock)
    recorder.record(Started(1, 100, 1))
    for step in range(1, 51):
        clock.now += 1
        recorder.record(StepDone(1, step, 2.0, 1500.0, 0.1, 1.0, 0.5))
    lines = file.getvalue().splitlines()[1:]
    assert [line.split("  ")[1] for line in lines] == [f"step {n}/100" for n in (10, 20, 30, 40, 50)]
    assert lines[-1].endswith("loss 2.000  perplexity 7.39  1,500 tokens/s  epoch 0:50, run 0:50 left")


def test_the_terminal_keeps_a_row_an_epoch_and_no_bar() -> None:
    out, file = console(terminal=True)
    show(LiveDisplay(out, Clock()), training())
    lines = lines_of(file)
    for row in (
        " epoch  train loss  valid loss  perplexity     bleu  seconds",
        "     1       2.000       2.000        7.39    11.00      7.2  best",
        "     2       2.000       2.000        7.39    12.00      7.2",
    ):
        # What the terminal wipes away before it writes a row stands before it in the stream.
        assert any(line.endswith(row) for line in lines), row
    assert lines[-2] == "Training is over: all epochs done; best epoch 1; 1:15"
    assert file.getvalue().count("\x1b[?25l") == file.getvalue().count("\x1b[?25h") == 1


def test_the_bar_tells_where_the_training_stands() -> None:
    out, file = console(terminal=True, width=80)
    clock = Clock()
    recorder = LiveDisplay(out, clock)
    recorder.record(Started(3, 50, 1))
    for step in range(1, 21):
        clock.now += 2
        recorder.record(StepDone(1, step, 2.0, 1500.0, 0.1, 1.0, 0.5))
    file.truncate(0)
    out.print(recorder.bottom())
    recorder.close()
    first, second = [line for line in lines_of(file) if "epoch" in line][:2]
    assert first.strip("\0").startswith("epoch 1/3")
    assert first.endswith("20/50")
    assert second == "loss 2.000  perplexity 7.39  1,500 tokens/s  epoch 1:00, run 4:20 left"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("loss", [1e9, math.inf, math.nan])
def test_a_loss_beyond_measure_is_shown_all_the_same(terminal: bool, loss: float) -> None:
    out, file = console(terminal)
    show(live_display(out), training(loss))
    assert ("inf" in file.getvalue()) == (not math.isnan(loss))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_training_may_end_before_it_was_validated(terminal: bool) -> None:
    out, file = console(terminal)
    show(live_display(out), [Started(2, 2, 1, 3), Finished("interrupted", 0, 1.0)])
    assert "Training goes on after step 3: 2 epochs of 2 steps, 1 parameters" in file.getvalue()
    assert "Training is over: interrupted; no epoch was validated; 0:01" in file.getvalue()
