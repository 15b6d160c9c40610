"""A file has its name only when it is complete, and a job that was stopped goes on where it was."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tandem.bulk.job import Job
from tandem.bulk.partial_files import partial_file
from tandem.errors import OutputError

JOB = Job("input", "model", lines=3, changed=0.0, options={"beam": 5, "format": "plain"})
COMMAND = "tandem translate --resume"


def write(path: Path, job: Job | None, *, resume: bool, until: int = 3) -> list[str]:
    """Write the lines of a job, each saved, and stop before the line `until`; what the user was told."""
    messages: list[str] = []
    try:
        with partial_file(path, job, resume=resume, resume_command=COMMAND, notify=messages.append) as output:
            assert output is not None
            for line in range(output.done, 3):
                output.write(b"not saved" if line == until else f"{line}\n".encode())
                if line == until:
                    raise KeyboardInterrupt
                output.save(line + 1)
    except KeyboardInterrupt:
        pass
    return messages


@pytest.mark.parametrize("until", [1, 2])
def test_a_stopped_job_is_resumed_to_the_same_bytes(until: int, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("older\n", encoding="utf-8")
    messages = write(path, JOB, resume=False, until=until)
    assert messages == [f"stopped after {until} of 3 lines. Go on with:\n  {COMMAND}"]
    assert path.read_text(encoding="utf-8") == "older\n"
    assert write(path, JOB, resume=True) == []
    assert path.read_bytes() == b"0\n1\n2\n"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_nothing_is_kept_where_nothing_was_saved(tmp_path: Path) -> None:
    assert write(tmp_path / "out", JOB, resume=False, until=0) == []
    assert list(tmp_path.iterdir()) == []


def test_a_complete_file_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "out"
    write(path, JOB, resume=False)
    os.utime(path, (10, 10))
    with partial_file(path, JOB, resume=True, resume_command=COMMAND, notify=pytest.fail) as output:
        assert output is None
    assert path.stat().st_mtime == 10


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"input": "other"}, "another input"),
        ({"model": "other"}, "another model"),
        ({"options": {"beam": 1, "format": "plain"}}, "beam 5 (now 1)"),
    ],
)
def test_another_job_is_not_resumed(changes: dict[str, object], difference: str, tmp_path: Path) -> None:
    write(tmp_path / "out", JOB, resume=False, until=1)
    with pytest.raises(OutputError) as refused:
        write(tmp_path / "out", replace(JOB, **changes), resume=True)  # type: ignore[arg-type]
    assert f"was begun with {difference}: give the same again" in str(refused.value)


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    with (
        partial_file(tmp_path / "out", JOB, resume=False, resume_command=COMMAND, notify=pytest.fail),
        pytest.raises(OutputError, match="another process is writing it"),
    ):
        write(tmp_path / "out", JOB, resume=False)
