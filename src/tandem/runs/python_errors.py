"""Errors that reach a Python program name its arguments rather than the options of the command line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.errors import TandemError

_ARGUMENTS = {"--out": "out", "--resume": "resume=True", "--set": "settings"}
_OPTION = re.compile(r"tandem [a-z]+ [^)\n]*|--[a-z-]+")
"""An option, or a whole command, which is left as it is."""


@contextmanager
def with_argument_names() -> Iterator[None]:
    """Replace options by the names of arguments in the message of a TandemError that leaves this block."""
    try:
        yield
    except TandemError as error:
        error.args = (_OPTION.sub(lambda match: _ARGUMENTS.get(match[0], match[0]), str(error)),)
        raise
