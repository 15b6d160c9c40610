"""Removes only what Tandem wrote, known by its name and its folder, and never follows a link."""

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

Layout: TypeAlias = Mapping[re.Pattern[str], "Layout | None"]
"""What Tandem writes into a folder: patterns of names, each with the layout of that folder, or None for a file."""

_JUNCTION = 0xA0000003  # the tag of a junction, the link to a directory that Windows has besides symbolic links


def names(pattern: str) -> re.Pattern[str]:
    """Return a pattern of names for a layout."""
    return re.compile(pattern, re.ASCII)


def remove(path: Path, layout: Layout | None = None) -> bool:
    """Remove a file, or a folder with all that its `layout` names. Return whether nothing of it is left.

    Whatever the layout does not name stays, and so do links and the folders that contain what stays. Raise OSError
    where something that Tandem wrote cannot be removed.
    """
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    if _is_link(status) or stat.S_ISDIR(status.st_mode) == (layout is None):
        return False
    if layout is None:
        path.unlink(missing_ok=True)
        return True
    for entry, inner in named_in(path, layout):
        remove(entry, inner)
    if any(path.iterdir()):
        return False
    try:
        path.rmdir()
    except OSError as error:  # of a file that was created this moment
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def links_in(folder: Path, layout: Layout) -> Iterator[Path]:
    """Yield the links in places where Tandem would have written a file or a folder."""
    for entry, inner in named_in(folder, layout):
        status = entry.lstat()
        if _is_link(status):
            yield entry
        elif inner is not None and stat.S_ISDIR(status.st_mode):
            yield from links_in(entry, inner)


def named_in(folder: Path, layout: Layout) -> list[tuple[Path, Layout | None]]:
    """Return the entries of a folder that its layout names, with their layouts; nothing for a link or a file."""
    try:
        status = folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    if _is_link(status) or not stat.S_ISDIR(status.st_mode):
        return []
    return [
        (entry, inner)
        for entry in sorted(folder.iterdir())
        for pattern, inner in layout.items()
        if pattern.fullmatch(entry.name)
    ]


def _is_link(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION
