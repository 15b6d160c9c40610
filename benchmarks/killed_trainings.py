"""Trainings whose processes are killed at random, and that other numbers of processes go on with. Linux alone."""

import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpora import made_texts
from benchmarks.descendants import TAG, descendants
from benchmarks.rounds import Figures, rounded
from benchmarks.run_sums import differing, sums_of

_PAIRS, _WORDS = 400, (60, 50)
_MOST_PROCESSES = 4
_PATIENCE = 600.0
"""The seconds after which a training that neither saves nor ends is taken to hang."""
_WORKER = "tandem.runs.worker"
_NUMBERS = re.compile(r"\d+")
_GOES_ON = "The training goes on from"
_RECIPE = """
seed = 1
[data]
train = {{ kind = "files", source = "{folder}/source", target = "{folder}/target" }}
validation_fraction = 0.1
[text]
source = {{ tokenizer = "word" }}
target = {{ tokenizer = "word" }}
[model]
cell = "gru"
hidden = 32
embedding = 16
layers = 1
attention = "luong"
word_dropout = 0.1
[training]
epochs = 12
patience = 100
batch_size = 16
shards = 4
exact_sum = true
save_steps = 3
average_decay = 0.9
accumulate = 2
precision = "float32"
teacher_forcing = {{ start = 0.7 }}
[search]
beam = 2
max_length_factor = 1.0
max_length_extra = 2
"""


class FaultError(Exception):
    """A training hangs, ends with an error although nothing was killed, or leaves processes running."""


def kill_trainings(kills: int, seed: int, pause: Sequence[float], folder: Path) -> Figures:
    """Kill processes at random moments until there were so many kills; return counts of what happened.

    A run that has come to its end is compared with one that one process has trained undisturbed, and then another one
    begins. Raise FaultError for what no kill explains.
    """
    made = _Folder(folder)
    whole = made.start(folder / "whole", 1)
    whole.process.wait()
    whole.check_ended(undisturbed=True)
    killing = _Killing(made, kills, random.Random(seed), pause)
    wanted, runs, spoilt = sums_of(whole.out), 0, {}
    while killing.killed.total() < kills:
        runs += 1
        out = folder / f"killed-{runs}"
        while not killing.train(out):
            pass
        if names := differing(sums_of(out), wanted):
            spoilt[str(runs)] = names
    return {**killing.figures(), "runs": runs, "files": len(wanted), "differing": spoilt}


@dataclass(frozen=True)
class _Training:
    """A training that was started: its first process, and the tag of all of them."""

    out: Path
    log: Path
    tag: str
    processes: int
    process: subprocess.Popen[bytes]

    def is_running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for_save(self) -> None:
        """Wait until the training has saved something or has ended. Raise FaultError where it does neither."""
        pointer, began = self.out / "current.json", time.monotonic()
        saved = pointer.read_bytes() if pointer.exists() else b""
        while self.is_running() and (pointer.read_bytes() if pointer.exists() else b"") == saved:
            if time.monotonic() - began > _PATIENCE:
                raise FaultError(f"the training hangs: {self.said()}")
            time.sleep(0.01)

    def kill_one(self, chance: random.Random) -> str | None:
        """Kill one of the processes; return what it was, or None where it had just ended."""
        kinds = {each.pid: "worker" if _WORKER in each.command else "helper" for each in descendants(self.tag)}
        kinds[self.process.pid] = "launcher" if self.processes > 1 else "only process"
        victim = chance.choice(sorted(kinds))
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return None
        if victim == self.process.pid:
            self.process.wait()
        return kinds[victim]

    def check_ended(self, *, undisturbed: bool) -> float:
        """Return how many seconds it takes until all processes have ended.

        Raise FaultError where they do not, and for a training that was undisturbed and ended with an error.
        """
        began = time.monotonic()
        while left := list(descendants(self.tag)):
            if time.monotonic() - began > _PATIENCE:
                raise FaultError(f"{len(left)} processes were left running: {left}")
            time.sleep(0.01)
        if undisturbed and self.process.returncode:
            raise FaultError(f"an undisturbed training ended with an error: {self.said()}")
        return time.monotonic() - began


class _Folder:
    """A folder with a corpus and a recipe, in which trainings are started."""

    def __init__(self, path: Path) -> None:
        self._path = path
        for name, side in zip(("source", "target"), zip(*made_texts(_PAIRS, _WORDS, seed=1), strict=True), strict=True):
            (path / name).write_text("\n".join(side) + "\n", encoding="utf-8", newline="\n")
        self._recipe = path / "killed.toml"
        self._recipe.write_text(_RECIPE.format(folder=path), encoding="utf-8", newline="\n")

    def start(self, out: Path, processes: int) -> _Training:
        """Start or resume a training by so many processes."""
        tag, log = secrets.token_hex(8), out.with_suffix(".log")
        places = {TAG: tag, "OMP_NUM_THREADS": "1", "TANDEM_CACHE": str(self._path / "cache")}
        what = ["--resume"] if (out / "current.json").exists() else [self._recipe]
        words = ["train", *what, "--out", out, "--processes", processes, "--device", "cpu"]
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tandem", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | places,
            )
        return _Training(out, log, tag, processes, process)


class _Killing:
    """Starts trainings, kills their processes, and counts."""

    def __init__(self, folder: _Folder, kills: int, chance: random.Random, pause: Sequence[float]) -> None:
        self._folder = folder
        self._kills = kills
        self._chance = chance
        self._pause = pause
        self.killed: Counter[str] = Counter()
        self._started: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._went_on = 0
        self._slowest_end = 0.0

    def train(self, out: Path) -> bool:
        """Train by a random number of processes and kill some; return whether the training came to its end."""
        training, before = self._folder.start(out, self._chance.randint(1, _MOST_PROCESSES)), self.killed.total()
        self._started[str(training.processes)] += 1
        while training.is_running():
            # Some saves are waited for, so that the run comes to its end in spite of the kills.
            for _ in range(self._chance.randint(0, 2)):
                training.wait_for_save()
            time.sleep(self._chance.uniform(*self._pause))
            if (
                self.killed.total() < self._kills
                and training.is_running()
                and (kind := training.kill_one(self._chance))
            ):
                self.killed[kind] += 1
                print(f"kill {self.killed.total()} of {self._kills}: {kind}", file=sys.stderr, flush=True)
        seconds = training.check_ended(undisturbed=self.killed.total() == before)
        self._slowest_end, said = max(self._slowest_end, seconds), training.said()
        self._went_on += said.count(_GOES_ON)
        if training.process.returncode not in (0, -signal.SIGKILL):  # as where the last of several processes was killed
            self._errors[_NUMBERS.sub("N", said.splitlines()[-1])] += 1
        return training.process.returncode == 0

    def figures(self) -> Figures:
        """Return the counts."""
        return {
            "kills": dict(sorted(self.killed.items())),
            "starts_by_processes": dict(sorted(self._started.items())),
            "went_on_with_fewer": self._went_on,
            "errors": dict(self._errors),
            "seconds_until_all_had_ended": rounded(self._slowest_end),
        }
