"""Killed anywhere, or with no room on the disk: nothing that was saved is lost."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.checkpoint import load_checkpoint
from tests.support.console import Tandem, console
from tests.support.limits import needs_limits, no_file_beyond
from tests.support.runs import assert_same_run, copied, number_pairs

ROOT = Path(__file__).parents[2]
PLACES = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "OMP_NUM_THREADS": "1"}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, limits and strace as Linux has them")


def test_a_run_killed_anywhere_goes_on_as_if_nothing_had_been() -> None:
    command = [sys.executable, "-m", "tests.system.kill_anywhere", "--quick"]
    found = subprocess.run(
        command, cwd=ROOT, env=os.environ | PLACES, capture_output=True, text=True, timeout=300, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert "at random moments: 5 kills" in found.stdout


@pytest.fixture
def tandem(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Tandem:
    """The command, in a folder with a corpus."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    return console(monkeypatch, capsysbinary)


def write_corpus(folder: Path) -> None:
    for side, name in enumerate(("a.de", "a.en")):
        (folder / name).write_text("".join(pair[side] + "\n" for pair in number_pairs(60)), encoding="utf-8")


def command(epochs: int, *more: str) -> list[str]:
    values = ["model.hidden=8", "model.embedding=6", "training.save_steps=3", "training.precision=float32", *more]
    values += [f"training.epochs={epochs}", "training.learning_rate.schedule=constant", "model.attention=off"]
    sets = [part for value in values for part in ("--set", value)]
    return ["train", "--source", "a.de", "--target", "a.en", "--device", "cpu", *sets]


@needs_limits
@pytest.mark.parametrize(
    ("more", "hit"),
    [
        ((), {"model.safetensors", "optimizer.safetensors", "report.html"}),
        (("training.optimizer.name=sgd",), {"model.safetensors", "random.safetensors", "report.html"}),
    ],
    ids=["adam", "sgd"],
)
def test_a_full_disk_is_a_sentence_and_what_was_saved_stands(
    more: tuple[str, ...], hit: set[str], tandem: Tandem, tmp_path: Path
) -> None:
    assert tandem(*command(1, *more), "--out", "begun").code == 0
    assert tandem(*command(2, *more), "--out", "whole").code == 0
    large = [path for path in (tmp_path / "whole").rglob("*") if path.name in hit]
    named = set()
    for size in {path.stat().st_size * 9 // 10 for path in large}:
        run = copied(tmp_path / "begun", tmp_path / "run")
        with no_file_beyond(size):
            found = tandem("train", "--resume", "--out", "run", "--set", "training.epochs=2")
        said = re.fullmatch(
            r"tandem: run/(\S+): cannot be written: File too large\. What was there before is unchanged\. Make room "
            r"there, or mend what is in the way, and go on with --resume\n",
            found.err,
        )
        assert said, found.err
        assert found.code == 1
        named.add(Path(said[1]).name)
        assert not list(run.rglob("*partial"))
        load_checkpoint(run)
        assert tandem("train", "--resume", "--out", "run").code == 0
        assert_same_run(run, tmp_path / "whole")
        shutil.rmtree(run)
    assert named == hit
