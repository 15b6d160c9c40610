"""The command as a process of its own, among other processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.model_paths import read_current
from tests.support.runs import number_pairs

TANDEM = (sys.executable, "-c", "from tandem.cli import main; main()")
SOURCE = Path(__file__).parents[2] / "src"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and signals as POSIX has them")


def started(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "PYTHONUNBUFFERED": ""}
    pipe = subprocess.PIPE
    command = [*TANDEM, *map(str, arguments)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=cwd)


def test_a_reader_that_leaves_ends_it_quietly(run: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("eins zwei\n" * 5_000, encoding="utf-8")
    with started("translate", run, "--beam", 1, "--batch-size", 4, "--input", tmp_path / "in") as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(b"\n")
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.wait(timeout=60)
    assert process.returncode in {0, 1}


def test_a_reader_that_left_before_a_short_answer_is_no_trouble(run: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("eins\n", encoding="utf-8")
    with started("score", run, "--source", tmp_path / "a", "--target", tmp_path / "a") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=60)
    assert process.returncode in {0, 1}


def test_a_signal_stops_a_training_that_goes_on_later(tmp_path: Path) -> None:
    for side, name in enumerate(("a.de", "a.en")):
        (tmp_path / name).write_text("".join(pair[side] + "\n" for pair in number_pairs(60)), encoding="utf-8")
    small = [
        part
        for value in ("model.hidden=8", "model.embedding=6", "patience=1000", "epochs=100000")
        for part in ("--set", value if "." in value else f"training.{value}")
    ]
    with started("train", "--source", "a.de", "--target", "a.en", "--out", "run", *small, cwd=tmp_path) as process:
        assert process.stdout is not None
        while not (tmp_path / "run" / "current.json").exists() and process.poll() is None:
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert b"Go on with:\n  tandem train --resume --out run\n" in out
    assert read_current(tmp_path / "run").last is not None
