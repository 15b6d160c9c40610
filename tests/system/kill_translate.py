"""Kill translations of a file and resume them: the file must be that of a run that was never stopped.

    python -m tests.system.kill_translate --kills 30

Each run is a process of its own that SIGKILL ends: first at every single step by which it touches the files, then at
random moments, over and over until the file is complete.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tandem.cli import main
from tests.support.runs import NUMBERS, saved, untrained

FORMS: dict[str, tuple[str, ...]] = {"plain": (), "json": ("--json",), "n-best": ("--n-best", "2")}
SHORT = ("search.max_length_factor=1", "search.max_length_extra=3")
OLD = b"what was there before\n"


def begun(work: Callable[[], object]) -> int:
    """Start a process that does this work, and say which it is."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os._exit(code)
    return process


def ended(process: int) -> int:
    """Wait for a process: its exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


class Job:
    """One file to be translated, again and again."""

    def __init__(self, folder: Path, name: str, lines: int) -> None:
        self.folder, self.form = folder, FORMS[name]
        self.input, self.output = folder / f"{lines}.txt", folder / f"{name}.out"
        chance = random.Random(lines)
        words = [*NUMBERS, "fremd", ""]
        texts = [" ".join(chance.choices(words, k=chance.randint(0, 7))) for _ in range(lines)]
        self.input.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
        self.partial = folder / f"{name}.out.partial"
        assert ended(begun(lambda: self.translate())) == 0
        self.whole = self.output.read_bytes()

    def translate(self, *options: str) -> None:
        model, files = str(self.folder / "model"), ("--input", str(self.input), "--output", str(self.output))
        sys.argv = ["tandem", "translate", model, *files, "--batch-size", "4", *self.form, *options]
        with Path(os.devnull).open("w") as sys.stderr:
            main()

    def start_anew(self, old: bytes) -> None:
        shutil.rmtree(self.partial, ignore_errors=True)
        self.output.write_bytes(old)

    def check(self, old: bytes, code: int) -> None:
        """Whatever happened: there is the old file or the whole new one, and that only where it was finished."""
        found = self.output.read_bytes()
        assert found == self.whole or (found == old and code != 0), f"{self.output}: neither old nor complete"

    def killed_at_step(self, step: int) -> None:
        """Translate, to be killed right before the run touches its files for the `step`th time."""
        seen = 0

        def watch(event: str, arguments: Sequence[Any]) -> None:
            nonlocal seen
            if event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}:
                seen += any(str(self.output) in str(argument) for argument in arguments)
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        self.translate()


def kill_at_every_step(job: Job, stride: int) -> int:
    """Kill a run at its first step, another `stride` steps later, and so on, and resume each. How many were killed."""
    for killed, step in enumerate(count(1, stride)):
        job.start_anew(OLD)
        code = ended(begun(lambda: job.killed_at_step(step)))  # noqa: B023 - it is over when the loop goes on
        job.check(OLD, code)
        if code == 0:
            return killed
        assert code == -signal.SIGKILL
        if job.output.read_bytes() == OLD and not job.partial.exists():
            job.output.unlink()  # nothing was begun
        assert ended(begun(lambda: job.translate("--resume"))) == 0
        assert job.output.read_bytes() == job.whole, f"step {step}"
        assert not job.partial.exists(), f"step {step}"
    raise AssertionError("a run has an end")


def kill_at_random(job: Job, kills: int, chance: random.Random) -> tuple[int, int]:
    """Kill runs at random moments, resuming until complete: files completed, kills that left one unfinished."""
    started = time.monotonic()
    job.start_anew(b"")
    job.output.unlink()
    assert ended(begun(lambda: job.translate())) == 0
    longest = time.monotonic() - started
    files, unfinished, killed = 0, 0, 0
    while killed < kills or job.partial.exists():
        if not job.partial.exists():
            job.output.unlink(missing_ok=True)
        process = begun(lambda: job.translate("--resume"))
        if killed < kills:
            time.sleep(chance.uniform(0, 0.7 * longest))
            os.kill(process, signal.SIGKILL)
        code = ended(process)
        killed += code == -signal.SIGKILL
        unfinished += code == -signal.SIGKILL and (job.partial / "job.json").exists()
        if code == 0:
            assert job.output.read_bytes() == job.whole
            assert not job.partial.exists()
            files += 1
        else:
            assert code == -signal.SIGKILL
            assert not job.output.exists() or job.output.read_bytes() == job.whole
    return files, unfinished


def run(forms: list[str], stride: int, kills: int, lines: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        assert ended(begun(lambda: saved(untrained("lstm", *SHORT), path / "model"))) == 0
        for number, name in enumerate(forms):
            steps = kill_at_every_step(Job(path, name, 100), stride)
            print(f"{name}: killed at {steps} steps, resumed, equal", flush=True)
            files, unfinished = kill_at_random(Job(path, name, lines), kills, random.Random(seed + number))
            print(
                f"{name}: {lines:,} lines, {kills} kills at random moments, {unfinished} left an unfinished file, "
                f"{files} files, equal",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Kill translations and resume them.")
    parser.add_argument("--kills", type=int, default=30, help="of each form, at random moments")
    parser.add_argument("--stride", type=int, default=1, help="kill at every so many-th step; 1 is at each")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    run(given.forms, given.stride, given.kills, given.lines, given.seed)
