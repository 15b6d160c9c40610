"""What is removed is what Tandem wrote; foreign files stay, and what links lead to."""

from pathlib import Path

import pytest

from tandem.files.removal import Layout, links_in, names, remove
from tandem.runs.saving import RUN_LAYOUT
from tests.support.runs import copied, shared_run

LAYOUT: Layout = {names(r"a\.txt"): None, names(r"d-\d"): {names("b"): None}}


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def made(folder: Path, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def test_what_the_layout_names_goes_and_the_folder_with_it(tmp_path: Path) -> None:
    assert remove(made(tmp_path / "x", "a.txt", "d-1/b", "d-2/b"), LAYOUT)
    assert list(tmp_path.iterdir()) == []
    assert remove(tmp_path / "x", LAYOUT)  # once more, and of a file
    assert remove(tmp_path / "x")


def test_what_it_does_not_name_stays_with_the_folders_around_it(tmp_path: Path) -> None:
    foreign = {"a.txt~", "a.text", "d-1/.DS_Store", "d-10/b", "thesis/a.txt", "d-2/b/c", "d-3"}
    folder = made(tmp_path / "x", *foreign, "a.txt", "d-1/b")
    assert not remove(folder, LAYOUT)
    assert tree(folder) == foreign | {"d-1", "d-10", "thesis", "d-2", "d-2/b"}


@pytest.mark.parametrize("name", ["a.txt", "d-1", "d-2/b"])
def test_no_link_is_followed_or_removed(name: str, tmp_path: Path) -> None:
    victim = made(tmp_path / "victim", "a.txt", "b", "d-1/b")
    folder = made(tmp_path / "x", "d-2/other")
    (folder / name).symlink_to(victim)
    assert list(links_in(folder, LAYOUT)) == [folder / name]
    assert not remove(folder, LAYOUT)
    assert not remove(folder / name, LAYOUT)
    assert (folder / name).is_symlink()
    assert tree(victim) == {"a.txt", "b", "d-1", "d-1/b"}


def test_the_layout_of_a_run_names_all_that_a_training_writes(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = copied(shared_run(tmp_path_factory.getbasetemp()), tmp_path / "run")
    assert list(links_in(run, RUN_LAYOUT)) == []
    assert remove(run, RUN_LAYOUT)
