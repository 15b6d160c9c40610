"""Errors for too little memory, which say what did not fit and which setting makes it smaller."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.errors import MemoryShortage

_SIGNS = (
    *("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory"),
    *("bad_alloc", "can't start new thread", "threadpoolbuilderror"),
)
"""What torch, its libraries and the system report when memory is short."""


def is_shortage(error: BaseException) -> bool:
    """Return whether an error says that memory is short."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return any(sign in str(error).lower() for sign in _SIGNS)


def shortage(what: str, remedy: str, error: BaseException) -> MemoryShortage:
    """Return the error to raise where memory is too short for `what`; `remedy` says what to do."""
    first = next(iter(str(error).splitlines()), "")  # where it says how much was asked for
    return MemoryShortage(f"{what}: there is not enough memory{f' ({first[:200]})' if first else ''}. {remedy}")


def physical_memory() -> int | None:
    """Return the bytes of memory that this machine has; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


@contextmanager
def memory_for(what: str, remedy: str) -> Iterator[None]:
    """Raise MemoryShortage where memory is too short for `what` the block makes; `remedy` says what to do."""
    try:
        yield
    except BaseException as error:
        # A panic in a library in Rust is not an Exception, and its class cannot be imported.
        panic = type(error).__name__ == "PanicException"
        if not (panic or isinstance(error, (MemoryError, RuntimeError, OSError))) or not is_shortage(error):
            raise
        raise shortage(what, remedy, error) from error
