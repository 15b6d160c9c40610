"""Checkpoints averaged from the command line."""

from pathlib import Path

from tests.support.console import Tandem


def test_the_mean_translates(tandem: Tandem, run: Path) -> None:
    found = tandem("average", run, run, "--out", "the mean")
    assert found == (0, "The mean of 2 is in the mean. Use it:\n  tandem translate 'the mean' --help\n", "")
    texts = ("eins zwei", "drei")
    assert tandem("translate", "the mean", *texts).out == tandem("translate", run, *texts).out


def test_what_is_there_is_not_written_over(tandem: Tandem, run: Path) -> None:
    found = tandem("average", run, "--out", run)
    assert (found.code, found.out) == (1, "")
    assert found.err == f"tandem: {run} already exists, and is not overwritten. Choose another name, or remove it\n"
