"""Memory that the processes of one machine share, in which gradients are added up without being sent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

_FOLDER = Path("/dev/shm")  # a file system in memory, where Linux has one


class SharedRows:
    """A matrix that several processes map into their memory: rows of `width` numbers."""

    def __init__(self, rows: int, width: int, dtype: torch.dtype, path: Path) -> None:
        """Map the file at this path, which is large enough."""
        self.rows: Tensor = torch.from_file(str(path), shared=True, size=rows * width, dtype=dtype).view(rows, width)

    def holds(self, rows: int, width: int, dtype: torch.dtype) -> bool:
        """Return whether there are so many rows of such numbers."""
        return len(self.rows) >= rows and self.rows.shape[1] == width and self.rows.dtype == dtype


@contextmanager
def reserved_file(size: int) -> Iterator[Path | None]:
    """Yield a new file of so many bytes of memory, which goes at the end of the block; None where there is no room."""
    if not _FOLDER.is_dir():
        yield None
        return
    descriptor, name = tempfile.mkstemp(prefix="tandem-", dir=_FOLDER)
    try:
        try:
            # Without the reservation a process would be ended by SIGBUS where memory runs out.
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            yield None
        else:
            yield Path(name)
    finally:
        os.close(descriptor)
        Path(name).unlink(missing_ok=True)
