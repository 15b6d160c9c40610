"""Reading small files that may be anything at all: only ordinary ones, and no more of them than there may be."""

import stat
from pathlib import Path


def read_text(path: Path, most: int) -> str:
    """The text of a file of at most `most` bytes. OSError or UnicodeDecodeError where it is anything else.

    A pipe or a device is never opened: reading it might have no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not an ordinary file")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it has more than {most:,} bytes, the most that such a file may have")
    return content.decode("utf-8")
