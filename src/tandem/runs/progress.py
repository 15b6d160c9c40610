"""Counting what is done of some work."""

from collections.abc import Callable

from tandem.terminal import OnProgress


def progress_counter(work: str, total: int, on_progress: OnProgress) -> Callable[[int], object]:
    """Report that no unit is completed yet, and return a function that takes the number of newly completed units."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        on_progress(work, done, total)

    on_progress(work, done, total)
    return add
