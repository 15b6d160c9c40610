"""A run that was ended before anything of it was saved is started anew by the same call, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.errors import CheckpointError, TrainingError
from tandem.model_paths import is_model
from tandem.recipe import Recipe, load_recipe
from tandem_reproduction.trainings import train_once
from tests.support.limits import needs_limits, no_file_beyond
from tests.support.runs import assert_same_run, run_tiny, tiny_recipe


class Killed(BaseException):
    """The process is ended."""


def killed_at(monkeypatch: pytest.MonkeyPatch, run: Path, call: str, number: int) -> None:
    """Train in `run`, and be ended in the midst of the call of this function with this number."""
    module, _, name = call.rpartition(".")
    real, left = getattr(__import__(module, fromlist=[name]), name), iter(range(number))

    def counted(*arguments: object) -> object:
        if next(left, None) is None:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(call, counted)
        with pytest.raises(Killed):
            run_tiny(run)


POINTS = [
    ("tandem.runs.session.replace_file", 1),  # before the recipe
    ("tandem.files.atomic.move_into_place", 1),  # before the provenance has its name
    ("tandem.files.atomic.move_into_place", 4),  # before the checkpoint has its name
    ("tandem.files.atomic.move_into_place", 5),  # before what going on takes has its name
    ("tandem.files.atomic.move_into_place", 6),  # before the pointer has its name
]


@pytest.mark.parametrize(("call", "number"), POINTS)
def test_it_is_started_anew_and_ends_as_any_other(
    call: str, number: int, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    killed_at(monkeypatch, run, call, number)
    assert not is_model(run)
    killed_at(monkeypatch, run, "tandem.runs.saving.write_current", 0)  # and once more, over that
    (run / "choice.txt").write_text("a reason of the run before\n", encoding="utf-8")
    run_tiny(run)
    assert_same_run(run, shared)
    assert not (run / "choice.txt").exists()


def test_a_reproduction_begins_such_a_training_again(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    killed_at(monkeypatch, run, "tandem.runs.saving.write_current", 0)
    begun: list[bool] = []

    def train(recipe: Recipe, out: Path, resume: bool) -> None:
        begun.append(resume)
        assert recipe == tiny_recipe()
        run_tiny(out, resume=resume)

    assert train_once(load_recipe(run / "recipe.toml"), run, train)
    assert not train_once(load_recipe(run / "recipe.toml"), run, train)
    assert begun == [False]
    assert_same_run(run, shared)


def remove_provenance(run: Path) -> None:
    (run / "provenance.json").unlink()


def spoil_provenance(run: Path) -> None:
    (run / "provenance.json").write_text('{"made": "by hand"}', encoding="utf-8")


def link_recipe(run: Path) -> None:
    (run / "recipe.toml").rename(run.parent / "my.toml")
    (run / "recipe.toml").symlink_to("../my.toml")


def named(name: str) -> Callable[[Path], None]:
    def make(run: Path) -> None:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("somebody's", encoding="utf-8")

    make.__name__ = name
    return make


@pytest.mark.parametrize(
    "change",
    [
        *(remove_provenance, spoil_provenance, link_recipe, named("current.json"), named("notes.txt")),
        *(named("checkpoints/best"), named("checkpoints/epoch-002"), named("resume/mine"), named("tensorboard/notes")),
    ],
)
def test_a_directory_that_holds_anything_else_is_refused_and_left_as_it_is(
    change: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    killed_at(monkeypatch, run, "tandem.runs.saving.write_current", 0)
    change(run)
    before = contents(tmp_path)
    with pytest.raises(TrainingError, match="this is not an empty directory"):
        run_tiny(run)
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[Path, bytes | str]:
    """Each file's bytes, and where links lead."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    return {path: str(path.readlink()) if path.is_symlink() else path.read_bytes() for path in found}


@needs_limits
def test_where_the_disk_is_full_before_the_first_saving_the_advice_is_right(shared: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    size = max(path.stat().st_size for path in (shared / "checkpoints").rglob("*"))
    advice = r"mend what is in the way, and give the same command again: nothing was saved yet$"
    with no_file_beyond(size - 1), pytest.raises(CheckpointError, match=advice):
        run_tiny(run)
    run_tiny(run)
    assert_same_run(run, shared)
