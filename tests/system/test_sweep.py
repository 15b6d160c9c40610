"""A small version of the sweep of docs/reliability.md: one command, stopped at a few of its file events."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_command_that_is_stopped_goes_on_and_touches_no_foreign_file() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.system.sweep", "--commands", "average", "--kinds", "signals", "--most", "2"],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    commands, endings, faults = done.stdout.splitlines()[-3:]
    assert int(commands.split()[1]) >= 12  # three signals at two events or more, and the same command after each
    assert re.search(r"\d+ killed", endings)
    assert faults == "0 faults"
