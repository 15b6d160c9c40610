"""A directory is read when it is as it was written; else the file that is not is named."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tandem.errors import CheckpointError
from tandem.files import storage
from tandem.files.storage import check_directory, flush, read_sealed, replace_file, sealed, write_directory

NAMES = ("a", "b", "c")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    contents = {name: f"this is {name}\n" * 20 for name in NAMES}
    write_directory(tmp_path / "d", {name: lambda path: path.write_text(contents[path.name]) for name in NAMES})
    check_directory(tmp_path / "d", NAMES)
    return tmp_path / "d"


@pytest.mark.parametrize("content", [{}, {"a": 1}, {"format": 1, "files": {"ä\ud800": [None, 1.5]}}])
def test_what_is_sealed_is_read(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "f").write_text(sealed(content), encoding="utf-8", newline="\n")
    assert read_sealed(tmp_path / "f") == json.loads(sealed(content))
    assert list(read_sealed(tmp_path / "f"))[-1] == "sha256"


@pytest.mark.parametrize(
    ("before", "after"),
    [('"a": 1', '"a": 2'), ('"a": 1', '"a":  1'), ('"a": 1', '"a": 1,\n  "a": 1'), ("\n}", "\r\n}"), ("}\n", "}\n\n")],
)
def test_any_change_breaks_the_seal(before: str, after: str, tmp_path: Path) -> None:
    text = sealed({"a": 1})
    assert before in text
    (tmp_path / "f").write_text(text.replace(before, after), encoding="utf-8", newline="")
    with pytest.raises(CheckpointError, match=r"f: damaged: its content is not what was saved \(SHA-256\)\. Copy it"):
        read_sealed(tmp_path / "f")


@pytest.mark.parametrize("content", ["", "{", "[" * 9999, '{"a":' * 300 + "1" + "}" * 300, "9" * 5000, "\x00", "nul"])
def test_what_is_no_json_is_damaged(content: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match="f: damaged: it"):
        read_sealed(tmp_path / "f")


def test_a_change_of_one_file_names_it_alone(directory: Path) -> None:
    (directory / "b").write_text("this is a\n" * 20)
    with pytest.raises(CheckpointError, match=r"^\S*/d/b: damaged: its content .* \(SHA-256\)\. Ask$"):
        check_directory(directory, NAMES, remedies={"b": "Ask"})


def test_a_change_of_several_files_names_each_and_what_they_do_not_fit(directory: Path) -> None:
    (directory / "a").write_text("short")
    (directory / "c").unlink()
    said = (
        r"d/format\.json: it fits only 1 of its 3 files: .*:\n  \S*/a: damaged: it has 5 .*\n  \S*/c: missing: [^\n]*$"
    )
    with pytest.raises(CheckpointError, match=said):
        check_directory(directory, NAMES)


def test_a_file_that_is_not_listed_is_no_part_of_it(directory: Path) -> None:
    (directory / "d").write_text("more")
    said = r"format\.json: damaged: it must list a, d, names alone, but it lists 'a', 'b', 'c'\. Copy it again"
    with pytest.raises(CheckpointError, match=said):
        check_directory(directory, ("a", "d"))


def test_a_part_of_the_files_can_be_checked(directory: Path) -> None:
    (directory / "b").unlink()
    check_directory(directory, ("a", "c"))


@pytest.mark.parametrize("listed", [None, 3, {}, {"size": "240"}, {"size": True}, {"size": 200, "sha256": None}])
def test_a_list_that_says_nothing_of_a_file_does_not_pass(listed: object, directory: Path) -> None:
    description = json.loads((directory / "format.json").read_text(encoding="utf-8"))
    del description["sha256"]
    description["files"]["b"] = listed
    (directory / "format.json").write_text(sealed(description), encoding="utf-8")
    with pytest.raises(CheckpointError, match="d/b: damaged: "):
        check_directory(directory, NAMES)


def test_whoever_may_read_one_file_may_read_all(tmp_path: Path) -> None:
    def secretive(path: Path) -> None:
        path.write_text("x", encoding="utf-8")
        path.chmod(0o600)

    write_directory(tmp_path / "d", {"a": secretive})
    assert len({path.stat().st_mode for path in (tmp_path / "d").iterdir()}) == 1


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
    with pytest.raises(CheckpointError, match="f: cannot be written: no"):
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

    monkeypatch.setattr(storage, "_WINDOWS", True)
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

    monkeypatch.setattr(storage, "_WINDOWS", True)
    monkeypatch.setattr(storage, "_WAITS", (0, 0, 0))
    monkeypatch.setattr(Path, "replace", replace)
    if times == 2:
        replace_file(tmp_path / "f", "new")
        assert (tmp_path / "f").read_text() == "new"
    else:
        with pytest.raises(CheckpointError, match="f: cannot be written: in use"):
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


def test_what_is_there_is_not_written_over(directory: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(CheckpointError, match="d: cannot be written: it is there already"):
        write_directory(directory, {"a": lambda path: path.write_text("new")})
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_foreign_folder_in_the_way_is_named_and_stays(kind: str, tmp_path: Path) -> None:
    foreign = tmp_path / ("foreign" if kind == "link" else ".d.partial")
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("work", encoding="utf-8")
    if kind == "link":
        (tmp_path / ".d.partial").symlink_to(foreign)
    with pytest.raises(CheckpointError, match=r"\.d\.partial has something in it that Tandem did not put there"):
        write_directory(tmp_path / "d", {"a": lambda path: path.write_text("new")})
    assert (foreign / "thesis.txt").read_text() == "work"
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("name", ["format.json", "b"])
def test_a_file_that_cannot_be_read_is_not_called_damaged(
    name: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def refuse(path: Path, *rest: Any, **named: Any) -> Any:
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match=rf"d/{name}: cannot be read: Permission denied\. Check its permissions"):
        check_directory(directory, NAMES)
