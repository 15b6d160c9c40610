"""A directory is read when it is as it was written; else the file that is not is named."""

import errno
import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tandem.errors import CheckpointError, NotWrittenError
from tandem.files.seals import check_directory, read_sealed, sealed, write_directory

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


def test_what_is_there_is_not_written_over(directory: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(NotWrittenError, match="d: cannot be written: it is there already"):
        write_directory(directory, {"a": lambda path: path.write_text("new")})
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


BLOB, SHARED = "../../blobs/" + "0a" * 20, "../../blobs/0a/" + "0a" * 32


def cached(directory: Path, *links: str) -> Path:
    """The directory as a snapshot in the Hub's cache, whose `b` is the last of these links, each to the next."""
    snapshot = directory.with_name("hub") / "models--me--b" / "snapshots" / "c0"
    snapshot.parent.mkdir(parents=True)
    directory.rename(snapshot)
    file = snapshot / "b"
    for link in links:
        target = Path(os.path.normpath(file.parent / link))
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
        file.symlink_to(link)
        file = target
    return snapshot


@pytest.mark.parametrize("links", [(BLOB,), (BLOB, SHARED)])
def test_links_of_the_hub_s_cache_are_followed(links: tuple[str, ...], directory: Path) -> None:
    snapshot = cached(directory, *links)
    assert check_directory(snapshot, NAMES) >= set(NAMES)
    (snapshot / "b").resolve().write_text("B", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"b: damaged: .* Remove the folder models--OWNER--NAME that it is in"):
        check_directory(snapshot, NAMES)
    (snapshot / "b").resolve().unlink()
    with pytest.raises(CheckpointError, match="b: missing"):
        check_directory(snapshot, NAMES)


@pytest.mark.parametrize(
    "links",
    [
        ("../../blobs/secret",),
        ("../" + BLOB,),
        ("../../other/" + "0a" * 20,),
        (BLOB, "../../other/" + "0a" * 20),
        (BLOB, SHARED, "../../blobs/" + "0b" * 20),
    ],
)
def test_other_links_there_are_refused(links: tuple[str, ...], directory: Path) -> None:
    with pytest.raises(CheckpointError, match="b: it is a link"):
        check_directory(cached(directory, *links), NAMES)


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


@pytest.mark.skipif(os.name != "posix", reason="needs fork and limits of a file's size")
def test_what_a_process_left_that_was_killed_while_it_wrote_weights_is_in_nobodys_way(tmp_path: Path) -> None:
    """The library safetensors writes under a name of its own, which Tandem has to know to go on."""
    import resource

    def write() -> None:
        weights = {"weights": np.zeros(2**16, np.float32)}
        write_directory(tmp_path / "d", {"weights.safetensors": lambda path: save_file(weights, path)})

    def write_and_be_killed() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**10, resource.RLIM_INFINITY))
        write()

    process = multiprocessing.get_context("fork").Process(target=write_and_be_killed)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGXFSZ
    (left,) = (tmp_path / ".d.partial").iterdir()
    assert left.name != "weights.safetensors"
    write()
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["format.json", "weights.safetensors"]
