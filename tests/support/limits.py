"""Too little room for a test's files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size")


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """What a full disk is to a program: writing ends in the midst of a file."""
    import resource  # not everywhere

    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
