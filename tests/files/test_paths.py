"""Only ordinary files are read, and none that is too large."""

import os
import sys
from pathlib import Path

import pytest

from tandem.errors import ArgumentError
from tandem.files.paths import expand_user, is_there, portable_name, read_text, resolved


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ä\r\nb\n".encode())
    assert read_text(tmp_path / "a", 6) == "ä\r\nb\n"
    with pytest.raises(OSError, match="it has 6 bytes, and such a file may have 5 at most"):
        read_text(tmp_path / "a", 5)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_text(tmp_path / "link", 6) == "ä\r\nb\n"


def test_what_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "binary", 9)
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "nothing", 9)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_nothing_but_an_ordinary_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="it is not an ordinary file"):
            read_text(path, 9)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("train.de-train.en", "train.de-train.en"),
        ("a:b/c\\d?", "a_b_c_d_"),
        ("con", "con_"),
        ("NUL.txt", "NUL.txt_"),
        ("end. .", "end"),
        ("...", "_"),
        ("größe 2", "größe 2"),
    ],
)
def test_names_are_such_as_every_system_takes(text: str, name: str) -> None:
    assert portable_name(text) == name


def test_any_text_may_be_asked_for_as_a_path(tmp_path: Path) -> None:
    assert is_there(tmp_path)
    assert not is_there(tmp_path / "missing")
    assert not is_there(tmp_path / ("ein Hund " * 100))


def test_a_home_directory_that_nobody_knows_is_an_error_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert expand_user("a/~b") == Path("a/~b")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("USERPROFILE", "/home/somebody")
    assert expand_user("~/a") == Path("/home/somebody/a")
    with pytest.raises(ArgumentError, match="~no-such-user/a: the system knows no such home directory"):
        expand_user("~no-such-user/a")


def test_links_in_a_circle_are_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "link").symlink_to(tmp_path)
    assert resolved(tmp_path / "link") == tmp_path.resolve()
    if sys.version_info < (3, 13):  # later ones leave it to whoever opens the file
        with pytest.raises(OSError, match="a"):
            resolved(tmp_path / "a")
