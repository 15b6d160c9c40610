"""The mean of several checkpoints is a checkpoint; what does not fit together is said."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

import tandem
from tandem.checkpoint import load_checkpoint
from tandem.errors import CheckpointError
from tandem.files.locks import lock
from tandem.model_paths import read_current
from tandem.models import CellType
from tests.support.models import CELL_TYPES
from tests.support.runs import copied, number_pairs, saved, shared_run, untrained


def made(folder: Path, name: str, seed: int, cell: CellType = "lstm", *settings: str) -> Path:
    """A checkpoint of weights that the seed decides."""
    return saved(untrained(cell, f"seed={seed}", *settings), folder / name)


def weights(path: Path) -> dict[str, Tensor]:
    return load_checkpoint(path).model.state_dict()


def assert_equal(one: Path, other: Path) -> None:
    """Bit for bit."""
    ours, theirs = weights(one), weights(other)
    assert [name for name, weight in ours.items() if not torch.equal(weight, theirs[name])] == []


@pytest.mark.parametrize("tied", ["true", "false"])
@pytest.mark.parametrize("cell", CELL_TYPES)
def test_each_weight_is_the_mean(cell: CellType, tied: str, tmp_path: Path) -> None:
    paths = [made(tmp_path, f"{seed}", seed, cell, f"model.tie_output={tied}") for seed in (1, 2, 3)]
    translator = tandem.average(paths, out=tmp_path / "mean", device="cpu")
    found, each = weights(tmp_path / "mean"), [weights(path) for path in paths]
    assert found.keys() == each[0].keys()
    for name, weight in found.items():
        expected = torch.stack([of[name].double() for of in each]).mean(dim=0)
        torch.testing.assert_close(weight.double(), expected, rtol=2**-24, atol=0)
    assert load_checkpoint(tmp_path / "mean").recipe == load_checkpoint(paths[0]).recipe
    assert translator.translate(["eins zwei"])[0].tokens


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_copies_of_one_model_are_that_model(count: int, tmp_path: Path) -> None:
    path = made(tmp_path, "one", 1)
    tandem.average([path] * count, out=tmp_path / "mean", device="cpu")
    assert_equal(path, tmp_path / "mean")


def test_the_order_does_not_matter_beyond_rounding(tmp_path: Path) -> None:
    paths = [made(tmp_path, f"{seed}", seed) for seed in (1, 2, 3, 4)]
    tandem.average(paths, out=tmp_path / "one", device="cpu")
    tandem.average(paths[::-1], out=tmp_path / "other", device="cpu")
    ours, theirs = weights(tmp_path / "one"), weights(tmp_path / "other")
    for name, weight in ours.items():
        torch.testing.assert_close(weight, theirs[name], rtol=2**-23, atol=0)


def test_of_a_run_the_best_checkpoint_is_taken(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = shared_run(tmp_path_factory.getbasetemp())
    best = read_current(run).best
    assert best
    tandem.average([run], out=tmp_path / "mean", device="cpu")
    assert_equal(run / best, tmp_path / "mean")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("model.hidden=9",), "other: model.hidden is 9 in its recipe.toml, and 8 in "),
        (("text.reverse_source=true",), "other: text.reverse_source is True in its recipe.toml, and False in "),
        (
            ("text.target.tokenizer=whitespace",),
            "other: target.tokenizer.json is not the same: tokens are of the kind word in the first, whitespace in the",
        ),
    ],
)
def test_what_differs_first_is_named(settings: tuple[str, ...], message: str, tmp_path: Path) -> None:
    one, other = made(tmp_path, "one", 1), made(tmp_path, "other", 2, "lstm", *settings)
    with pytest.raises(CheckpointError) as caught:
        tandem.average([one, one, other], out=tmp_path / "mean")
    assert message in str(caught.value)
    assert str(one) in str(caught.value)
    assert str(caught.value).endswith("Only models of one shape and vocabulary can be averaged")
    assert not (tmp_path / "mean").exists()


def test_dropout_may_have_changed_on_the_way(tmp_path: Path) -> None:
    one, other = made(tmp_path, "one", 1), made(tmp_path, "other", 1, "lstm", "model.dropout=0.3")
    tandem.average([one, other], out=tmp_path / "mean", device="cpu")
    assert_equal(one, tmp_path / "mean")
    assert load_checkpoint(tmp_path / "mean").recipe.model.dropout == 0.2


def test_a_token_that_differs_is_named(tmp_path: Path) -> None:
    one = made(tmp_path, "one", 1)
    pairs = [(source.replace("vier", "vieux"), target) for source, target in number_pairs(40)]
    other = saved(untrained(pairs=pairs), tmp_path / "other")
    message = r"source\.tokenizer\.json is not the same: token \d+ is '▁vier' in the first, '▁vieux' in the second"
    with pytest.raises(CheckpointError, match=message):
        tandem.average([one, other], out=tmp_path / "mean")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    one, other = made(tmp_path, "one", 1), made(tmp_path, "other", 2)
    before = {path: path.read_bytes() for path in other.iterdir()}
    with pytest.raises(CheckpointError, match="other already exists, and is not overwritten"):
        tandem.average([one], out=other)
    assert {path: path.read_bytes() for path in other.iterdir()} == before


def test_nothing_and_what_is_no_model_are_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="name at least one run or checkpoint"):
        tandem.average([], out=tmp_path / "mean")
    with pytest.raises(CheckpointError, match="nowhere: there is no such run, checkpoint or export"):
        tandem.average([tmp_path / "nowhere"], out=tmp_path / "mean")
    damaged = copied(made(tmp_path, "one", 1), tmp_path / "damaged")
    shutil.copy(made(tmp_path, "two", 2) / "model.safetensors", damaged)
    with pytest.raises(CheckpointError, match=r"damaged.model\.safetensors"):
        tandem.average([tmp_path / "one", damaged], out=tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_foreign_files_stay_and_a_second_process_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path, "one", 1)
    (tmp_path / ".mean.partial").mkdir()
    (tmp_path / ".mean.partial" / "thesis.txt").write_text("work", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"has something in it that Tandem did not put there"):
        tandem.average([path], out=tmp_path / "mean", device="cpu")
    assert (tmp_path / ".mean.partial" / "thesis.txt").read_text(encoding="utf-8") == "work"
    with (
        lock(tmp_path / ".other.lock", print),
        pytest.raises(CheckpointError, match="another process is writing it"),
    ):
        tandem.average([path], out=tmp_path / "other", device="cpu")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="link already exists"):
        tandem.average([path], out=tmp_path / "link", device="cpu")
    assert not (tmp_path / ".mean.lock").exists()
