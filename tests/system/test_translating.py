"""Translating a file as a process of its own: it may be killed, told to stop, and its streams may be closed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.test_processes import TANDEM, started

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and signals as POSIX has them")


def test_a_killed_translation_goes_on_to_the_same_bytes() -> None:
    # The whole of it, for the other forms and with more kills: see the module's docstring.
    command = [sys.executable, "-m", "tests.system.kill_translate"]
    sizes = ["--forms", "n-best", "--stride", "6", "--kills", "2", "--lines", "120"]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # since it forks
    done = subprocess.run(
        [*command, *sizes], cwd=ROOT, env=os.environ | one_thread | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "n-best: 120 lines, 2 kills at random moments" in done.stdout


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_what_was_done_and_says_how_to_go_on(
    stop: signal.Signals, code: int, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("eins zwei\n" * 20_000, encoding="utf-8")
    command = ("translate", run, "--input", "in", "--output", "out", "--beam", 1, "--batch-size", 4)
    with started(*command, cwd=tmp_path) as process:
        account = tmp_path / "out.partial" / "job.json"
        while process.poll() is None and not (account.exists() and json.loads(account.read_text())["lines"] > 32):
            time.sleep(0.01)
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, b"")
    said, command_line = err.decode().splitlines()
    assert said.startswith("tandem: stopped after ")
    assert said.endswith(" of 20,000 lines. Go on with:")
    assert command_line == f"  tandem translate --resume {' '.join(map(str, command[1:]))}"


def shell(line: str, run: Path, tmp_path: Path) -> subprocess.CompletedProcess[bytes]:
    """A line of a shell, with $TANDEM and $RUN, in an empty folder with a file `a`."""
    (tmp_path / "a").write_text("eins\nzwei\n", encoding="utf-8")
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    variables = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "RUN": str(run), "PYTHONUNBUFFERED": ""}
    command = ["sh", "-c", f'tandem() {{ "$PYTHON" -c "$CODE" "$@"; }}; {line}']
    environment = os.environ | variables | {"PYTHON": TANDEM[0], "CODE": TANDEM[2]}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)


def test_a_closed_output_is_said(run: Path, tmp_path: Path) -> None:
    found = shell('tandem translate "$RUN" eins >&-', run, tmp_path)
    said = b"tandem: standard output is closed: leave it open, or send it to a file, so that the results are kept\n"
    assert (found.returncode, found.stdout, found.stderr) == (1, b"", said)


def test_closed_streams_do_not_disturb_a_file(run: Path, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("eins " * 1001 + "\nzwei\n", encoding="utf-8")  # which would be warned of
    found = shell('tandem translate "$RUN" --beam 1 --input long --output out <&- >&- 2>&-', run, tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
    found = shell('tandem translate "$RUN" --beam 1 --input long 2>&-', run, tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (0, (tmp_path / "out").read_bytes(), b"")


def test_nobody_who_hears_the_warnings_is_no_reason_to_stop(run: Path, tmp_path: Path) -> None:
    (tmp_path / "long").write_text(("eins " * 1001 + "\n") * 3, encoding="utf-8")
    found = shell('(tandem translate "$RUN" --beam 1 --input long > out; echo $? > code) 2>&1 | true', run, tmp_path)
    assert found.stderr == b""
    assert (tmp_path / "code").read_text() == "0\n"
    assert (tmp_path / "out").read_bytes().count(b"\n") == 3
