"""A run means its best checkpoint: the pointer to it, damaged pointers, and pointers that a training moves."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tandem.checkpoint import load_checkpoint
from tandem.errors import CheckpointError
from tandem.model_paths import Current, checkpoint_of, read_current, read_models, write_current
from tandem.translation import load
from tests.support.checkpoints import rewrite
from tests.support.runs import copied, number_pairs, shared_run


@pytest.fixture
def run(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a run."""
    return copied(shared_run(tmp_path_factory.getbasetemp()), tmp_path / "run")


def test_a_run_means_its_best_checkpoint(run: Path, tmp_path: Path) -> None:
    current = read_current(run)
    write_current(run, Current(current.best, "checkpoints/epoch-009", current.resume))
    best = checkpoint_of(run)
    assert best == run / str(current.best)
    alone = copied(best, tmp_path / "alone")
    assert checkpoint_of(alone) == alone
    sources = [source for source, _ in number_pairs(5, seed=3)]
    assert load(run, device="cpu").translate(sources) == load(alone, device="cpu").translate(sources)


def test_what_resuming_needs_is_never_needed_to_translate(run: Path) -> None:
    for name in ("resume", "tensorboard"):
        shutil.rmtree(run / name)
    for name in ("recipe.toml", "metrics.jsonl", "report.html"):
        (run / name).unlink()
    assert load(run, device="cpu").translate(["eins zwei"])[0].tokens != ()


def test_what_is_no_model_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(CheckpointError, match="nowhere: there is no such run, checkpoint or export"):
        load(tmp_path / "nowhere")
    for name in ("empty", "file"):
        with pytest.raises(CheckpointError, match=f"{name}: this is neither a run .* nor a checkpoint"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    "place", ["../outside", "/etc", "checkpoints/../../outside", "C:\\a", "~", "", "a\x00b", 3, None]
)
@pytest.mark.parametrize("key", ["best", "last", "resume"])
def test_the_pointer_may_not_leave_the_run(key: str, place: object, run: Path) -> None:
    rewrite(run / "current.json", **{key: place})
    said = re.escape(f"current.json: damaged: {place!r} is not a path inside the run")
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(run)


@pytest.mark.parametrize("link", ["checkpoints", "checkpoints/epoch-002"])
def test_the_pointer_may_not_lead_through_a_link(link: str, run: Path, tmp_path: Path) -> None:
    rewrite(run / "current.json", best="checkpoints/epoch-002")
    (run / link).rename(tmp_path / "elsewhere")
    (run / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=r"current\.json: checkpoints/epoch-002 is or lies behind a link"):
        load_checkpoint(run)
    linked = tmp_path / "linked"  # but what a user names may be a link
    linked.symlink_to(run / "checkpoints" / "epoch-002")
    assert load_checkpoint(linked).recipe.model.hidden == 8


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", "[" * 9999, '{"best": "a", "last": "b"}'])
def test_a_pointer_that_is_none_is_damaged(content: str, run: Path) -> None:
    (run / "current.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"current\.json: damaged"):
        load_checkpoint(run)


def test_a_pointer_to_nothing_says_what_is_missing(run: Path) -> None:
    shutil.rmtree(checkpoint_of(run))
    with pytest.raises(CheckpointError, match=r"current\.json: it names checkpoints/epoch-00\d, which is not there"):
        load_checkpoint(run)


def test_the_pointer_is_what_was_written(tmp_path: Path) -> None:
    for current in (Current("a", "b", "c"), Current("b", "b", "d")):
        write_current(tmp_path, current)
        assert read_current(tmp_path) == current
    assert [path.name for path in tmp_path.iterdir()] == ["current.json"]


@pytest.mark.parametrize("name", ["format.json", "model.safetensors", "source.tokenizer.json"])
def test_a_reader_follows_the_pointer_again_where_a_training_has_moved_it(
    name: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a training replaces its best: a new checkpoint, the pointer, then the old one is removed."""
    old = checkpoint_of(run)
    real = Path.open
    read: list[Path] = []

    def move(path: Path, *rest: Any, **named: Any) -> Any:
        if path == old / name and not read:
            read.append(path)
            copied(old, run / "checkpoints" / "epoch-010")
            write_current(run, Current("checkpoints/epoch-010", "checkpoints/epoch-010", "resume/step-1"))
            shutil.rmtree(old)
        return real(path, *rest, **named)

    monkeypatch.setattr(Path, "open", move)
    assert load_checkpoint(run).recipe.model.hidden == 8
    assert read


def test_a_damage_that_no_training_explains_is_told_at_once(run: Path) -> None:
    (checkpoint_of(run) / "model.safetensors").unlink()
    tries: list[Path] = []

    def read(directories: list[Path]) -> None:
        tries.extend(directories)
        raise CheckpointError("damaged")

    with pytest.raises(CheckpointError, match="damaged"):
        read_models([run], read)
    assert len(tries) == 1
