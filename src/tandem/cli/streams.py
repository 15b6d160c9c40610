"""The standard streams, which may be closed, or whose reader may have ended."""

import io
import json
import os
import sys
from typing import BinaryIO

from tandem.errors import OutputError
from tandem.files.json_values import without_infinities
from tandem.terminal import printable_lines


def stand_in_for_closed() -> None:
    """Open the null device for each standard stream that was closed before the start, as `>&-` does.

    Otherwise the next opened file would get the number of the stream, and libraries that write to standard error would
    write into it; and `print(file=sys.stderr)` without a standard error writes to standard output.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115 - open until the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115


def tolerate_encoding() -> None:
    """Replace characters that the encoding of standard output lacks, as Python does for standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def standard_output() -> BinaryIO:
    """Return the stream for results. Raise OutputError if it was closed before the start."""
    if sys.stdout is None:
        raise OutputError(
            "standard output is closed: leave it open, or send it to a file, so that the results are kept"
        )
    return sys.stdout.buffer


def notify(message: str) -> None:
    """Write a sentence for the user to standard error: a `Notify`. If its reader has ended, the command goes on."""
    try:
        print(f"tandem: {printable_lines(message)}", file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def write_line(line: str) -> None:
    """Write a line of ASCII to standard output at once. If its reader has ended, the command goes on."""
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(content: object) -> None:
    """Print an object as JSON in ASCII, which contains no terminal controls."""
    print(json.dumps(without_infinities(content), indent=2, allow_nan=False), flush=True)
