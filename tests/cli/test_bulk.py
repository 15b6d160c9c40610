"""`tandem bulk`: what the command prints, and what it says of a job."""

import json
from pathlib import Path

from tests.support.console import Tandem


def test_a_job_its_status_and_the_same_command_again(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    (elsewhere / "in").write_text("eins zwei\ndrei\n", encoding="utf-8", newline="\n")
    command = ("bulk", run, "--input", "i*", "--output", "out", "--processes", 1, "--quiet")
    assert tandem(*command) == (0, "", "")
    wanted = tandem("translate", run, "--input", "in").out
    assert (elsewhere / "out" / "output" / "in").read_text(encoding="utf-8") == wanted
    assert "tandem: 2 lines of 1 file: done, in out/output" in tandem(*command[:-1]).err
    status = tandem("bulk", "--status", "out")
    assert status.code == 0
    assert status.lines[0] == "out: translate, complete"
    assert status.lines[1].split() == ["lines", "2", "of", "2", "(100.0%),", "0", "not", "translated"]
    assert json.loads(tandem("bulk", "--status", "out", "--json").out)["shards_done"] == 1
    found = tandem(*command, "--beam", 1)
    assert found.code == 1
    assert "this job was begun with beam 2 (now 1)" in found.err


def test_what_is_missing_is_said(tandem: Tandem, run: Path) -> None:
    found = tandem("bulk", run, "--input", "in")
    assert found.code == 2
    assert "--output" in found.err
    assert tandem("bulk", "--status", "nowhere").err == (
        "tandem: nowhere: there is no bulk job, or one whose inputs are still being read (job.json)\n"
    )
