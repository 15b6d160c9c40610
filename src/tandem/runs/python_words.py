"""Errors that a Python program gets speak of arguments, not of the command line's options."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.errors import TandemError

_ARGUMENTS = {"--out": "out", "--resume": "resume=True", "--set": "settings"}
_OPTION = re.compile(r"tandem [a-z]+ [^)\n]*|--[a-z-]+")
"""An option, or a whole command, which stays as it is."""


@contextmanager
def python_words() -> Iterator[None]:
    """Let a TandemError leave this block with the names of arguments in place of options."""
    try:
        yield
    except TandemError as error:
        error.args = (_OPTION.sub(lambda match: _ARGUMENTS.get(match[0], match[0]), str(error)),)
        raise
