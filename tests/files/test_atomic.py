"""A file or a directory is written whole and flushed, or not at all; what was there before is unchanged."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tandem.errors import NotWrittenError
from tandem.files import atomic
from tandem.files.atomic import flush, replace_file
from tandem.files.seals import check_directory, write_directory


def refusing(call: Callable[..., Any], error: OSError, *, directories: bool) -> Callable[..., Any]:
    """The call, but for directories or for files it fails with this error."""

    def refuse(path: Any, *rest: Any) -> Any:
        if os.path.isdir(path) is directories:  # noqa: PTH112 - also a number of an open file
            raise error
        return call(path, *rest)

    return refuse


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("open", PermissionError(errno.EACCES, "Permission denied")),  # Windows
        ("fsync", OSError(errno.EINVAL, "Invalid argument")),  # some network file systems
    ],
)
def test_directories_that_cannot_be_flushed_are_written_all_the_same(
    call: str, error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, call, refusing(getattr(os, call), error, directories=True))
    write_directory(tmp_path / "d", {"a": lambda path: path.write_text("this is a")})
    check_directory(tmp_path / "d", ("a",))
    replace_file(tmp_path / "f", "text")
    assert (tmp_path / "f").read_text() == "text"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_flushed_is_an_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("old")
    error = OSError(number, "no")
    monkeypatch.setattr(os, "fsync", refusing(os.fsync, error, directories=False))
    with pytest.raises(NotWrittenError, match="f: cannot be written: no"):
        replace_file(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "old"


def test_a_directory_on_a_broken_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", refusing(os.fsync, OSError(errno.EIO, "no"), directories=True))
    with pytest.raises(OSError, match="no"):
        flush(tmp_path)


def test_windows_flushes_files_that_are_open_for_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes, real = [], os.open

    def noted(path: Path, mode: int) -> int:
        modes.append(mode)
        return real(path, mode)

    monkeypatch.setattr(atomic, "_WINDOWS", True)
    monkeypatch.setattr(os, "open", noted)
    (tmp_path / "f").write_text("text")
    flush(tmp_path / "f")
    assert modes == [os.O_RDWR]


@pytest.mark.parametrize("times", [2, 9])
def test_a_file_that_another_program_has_open_for_a_moment_is_replaced(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As virus scanners do on Windows."""
    (tmp_path / "f").write_text("old")
    real, tries = Path.replace, []

    def replace(path: Path, target: Path) -> Path:
        tries.append(path)
        if len(tries) <= times:
            raise PermissionError(errno.EACCES, "in use")
        return real(path, target)

    monkeypatch.setattr(atomic, "_WINDOWS", True)
    monkeypatch.setattr(atomic, "_WAITS", (0, 0, 0))
    monkeypatch.setattr(Path, "replace", replace)
    if times == 2:
        replace_file(tmp_path / "f", "new")
        assert (tmp_path / "f").read_text() == "new"
    else:
        with pytest.raises(NotWrittenError, match="f: cannot be written: in use"):
            replace_file(tmp_path / "f", "new")
        assert (tmp_path / "f").read_text() == "old"


@pytest.mark.parametrize("text", ["line\nline\n", "line\r\nline\n"])
def test_line_ends_are_written_as_they_are(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "linesep", "\r\n")
    replace_file(tmp_path / "f", text)
    assert (tmp_path / "f").read_bytes() == text.encode()


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("work", encoding="utf-8")
    (tmp_path / "f.partial").symlink_to(tmp_path / "victim")
    replace_file(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "new"
    assert (tmp_path / "victim").read_text() == "work"


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_foreign_folder_in_the_way_is_named_and_stays(kind: str, tmp_path: Path) -> None:
    foreign = tmp_path / ("foreign" if kind == "link" else ".d.partial")
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("work", encoding="utf-8")
    if kind == "link":
        (tmp_path / ".d.partial").symlink_to(foreign)
    with pytest.raises(NotWrittenError, match=r"\.d\.partial has something in it that Tandem did not put there"):
        write_directory(tmp_path / "d", {"a": lambda path: path.write_text("new")})
    assert (foreign / "thesis.txt").read_text() == "work"
    assert not (tmp_path / "d").exists()
