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


class HangError(Exception):
    """A training neither saved anything nor ended for a long time, or processes were left running."""


def kill_trainings(kills: int, seed: int, pause: Sequence[float], folder: Path) -> Figures:
    """Kill processes at random moments until there were so many kills; return counts of what happened."""
    return _Killing(seed, pause, folder).run(kills)


class _Killing:
    """Runs of one recipe, in a folder of their own."""

    def __init__(self, seed: int, pause: Sequence[float], folder: Path) -> None:
        self._chance = random.Random(seed)
        self._pause = pause
        self._folder = folder
        self._temporary = folder / "temporary"
        self._temporary.mkdir()
        for name, side in zip(("source", "target"), zip(*made_texts(_PAIRS, _WORDS, seed=1), strict=True), strict=True):
            (folder / name).write_text("\n".join(side) + "\n", encoding="utf-8", newline="\n")
        self._recipe = folder / "killed.toml"
        self._recipe.write_text(_RECIPE.format(folder=folder), encoding="utf-8", newline="\n")
        self._killed: Counter[str] = Counter()
        self._started: Counter[int] = Counter()
        self._errors: Counter[str] = Counter()
        self._went_on = 0
        self._slowest_end = 0.0

    def run(self, kills: int) -> Figures:
        """Kill until there were so many kills, and compare each run with one that nothing disturbed."""
        whole = self._folder / "whole"
        process, _ = self._start(whole, 1)
        if process.wait():
            raise HangError("the undisturbed training ended with an error")
        wanted, runs, spoilt = sums_of(whole), 0, {}
        while self._killed.total() < kills:
            runs += 1
            out = self._folder / f"killed-{runs}"
            while not self._disturbed(out, kills):
                pass
            if names := differing(sums_of(out), wanted):
                spoilt[str(runs)] = names
        return {
            "kills": dict(sorted(self._killed.items())),
            "starts_by_processes": {str(number): count for number, count in sorted(self._started.items())},
            "went_on_with_fewer": self._went_on,
            "errors": dict(self._errors),
            "runs": runs,
            "files": len(wanted),
            "differing": spoilt,
            "seconds_until_all_had_ended": rounded(self._slowest_end),
        }

    def _start(self, out: Path, processes: int) -> tuple[subprocess.Popen[bytes], str]:
        """Start or resume a training by so many processes; return it with the tag of all its processes."""
        tag, self._log = secrets.token_hex(8), out.with_suffix(".log")
        places = {"OMP_NUM_THREADS": "1", "TANDEM_CACHE": self._folder / "cache", "TMPDIR": self._temporary, TAG: tag}
        what = ["--resume"] if (out / "current.json").exists() else [self._recipe]
        words = ["train", *what, "--out", out, "--processes", processes, "--device", "cpu"]
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tandem", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {name: str(value) for name, value in places.items()},
            )
        return process, tag

    def _disturbed(self, out: Path, kills: int) -> bool:
        """Train by a random number of processes and kill some; return whether the training came to its end."""
        processes = self._chance.randint(1, _MOST_PROCESSES)
        self._started[processes] += 1
        training, tag = self._start(out, processes)
        while training.poll() is None:
            self._wait(training, out)
            if self._killed.total() < kills and training.poll() is None:
                self._kill_one(training, tag, alone=processes == 1)
        self._check_ended(tag)
        said = self._log.read_text(encoding="utf-8", errors="replace")
        self._went_on += said.count(_GOES_ON)
        if training.returncode not in (0, -signal.SIGKILL):  # as where the last of several processes was killed
            self._errors[_NUMBERS.sub("N", said.splitlines()[-1]).replace(str(self._folder), "FOLDER")] += 1
        return training.returncode == 0

    def _wait(self, training: subprocess.Popen[bytes], out: Path) -> None:
        """Wait for no or a few saves, so that the run comes to its end in spite of kills, and then for a while."""
        pointer, began = out / "current.json", time.monotonic()
        for _ in range(self._chance.randint(0, 2)):
            saved = pointer.read_bytes() if pointer.exists() else b""
            while training.poll() is None and (pointer.read_bytes() if pointer.exists() else b"") == saved:
                if time.monotonic() - began > _PATIENCE:
                    raise HangError(f"the training hangs: {self._log.read_text(encoding='utf-8')}")
                time.sleep(0.01)
        time.sleep(self._chance.uniform(*self._pause))

    def _kill_one(self, training: subprocess.Popen[bytes], tag: str, *, alone: bool) -> None:
        """Kill one process of a training."""
        kinds = {each.pid: "worker" if _WORKER in each.command else "helper" for each in descendants(tag)}
        kinds[training.pid] = "only process" if alone else "launcher"
        victim = self._chance.choice(sorted(kinds))
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:  # it has just ended
            return
        if victim == training.pid:
            training.wait()
        self._killed[kinds[victim]] += 1
        print(f"kill {self._killed.total()}: {kinds[victim]}, of {len(kinds)} processes", file=sys.stderr, flush=True)

    def _check_ended(self, tag: str) -> None:
        """Wait until all processes of a training have ended. Raise HangError where they do not."""
        began = time.monotonic()
        while left := list(descendants(tag)):
            if time.monotonic() - began > _PATIENCE:
                raise HangError(f"{len(left)} processes were left running: {left}")
            time.sleep(0.01)
        self._slowest_end = max(self._slowest_end, time.monotonic() - began)
