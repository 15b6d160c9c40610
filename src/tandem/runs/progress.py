"""How far a piece of work has come, told to whoever shows it."""

from collections.abc import Callable

from tandem.preparation.contents import Hear


def adding_up(what: str, total: int, hear: Hear) -> Callable[[int], object]:
    """A function that takes how much more was done, and tells `hear` how much of the total is done by then."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        hear(what, done, total)

    hear(what, done, total)
    return add
