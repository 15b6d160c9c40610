"""Random kills of the processes of bulk jobs, for `benchmarks.bulk`. Linux alone."""

import argparse
import hashlib
import random
import secrets
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.descendants import Descendant, descendants, kill, started_with
from benchmarks.ray_nodes import RayNodes

_HANGS_SECONDS = 900.0
"""A driver that has no shard done for so long has stopped for good."""

_WEIGHTS = {"head": 0.15}
"""How often kinds of processes are killed: without the head of a Ray cluster, a job takes a minute to end."""


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Kills:
    """Jobs whose processes are killed at random, and whose commands are begun again until they end by themselves."""

    def __init__(
        self, options: argparse.Namespace, command: Callable[[Path], list[object]], nodes: RayNodes | None
    ) -> None:
        """Take the options of the command line, the command of a job in a folder, and the cluster that it runs on."""
        self._options = options
        self._command = command
        self._nodes = nodes
        self._environment = {} if nodes is None else nodes.environment
        self._chance = random.Random(options.seed)
        self._killed: Counter[str] = Counter()
        self._failed = 0

    def figures(self, folder: Path, expected: str) -> dict[str, Any]:
        """Return what was killed, and how many outputs had the expected sum. A job's folder is made in this one."""
        jobs = equal = 0
        while self._killed.total() < self._options.kills:
            output = folder / f"killed-{jobs}"
            self._disturb(output)
            (made,) = (output / "output").iterdir()
            jobs, equal = jobs + 1, equal + (sum_of(made) == expected)
            shutil.rmtree(output)
        return {
            "killed": dict(sorted(self._killed.items())),
            "commands that failed": self._failed,
            "jobs": jobs,
            "jobs with the same bytes": equal,
        }

    def _disturb(self, output: Path) -> None:
        """Do a job, of which a process is killed now and then, and begin it again until it ends by itself."""
        log = output.with_suffix(".err")
        while True:
            if self._nodes is not None:
                self._nodes.mend()
            with log.open("wb") as errors:
                driver = started_with(tag := secrets.token_hex(8), self._command(output), errors, self._environment)
            while driver.poll() is None:
                self._wait(driver, output)
                if self._killed.total() < self._options.kills and driver.poll() is None:
                    self._kill_one(driver, tag)
                    if self._nodes is not None:
                        self._nodes.mend()
            if driver.returncode == 0:
                return
            if driver.returncode != -signal.SIGKILL:
                self._failed += 1
                said = log.read_text(encoding="utf-8", errors="replace").strip()
                print(f"failed ({driver.returncode}):", *said.splitlines()[-1:], flush=True)

    def _kill_one(self, driver: subprocess.Popen[bytes], tag: str) -> None:
        """Kill a random process of a random kind."""
        kinds: dict[str, list[int]] = {"driver": [driver.pid]}
        for each in [*descendants(tag), *(self._nodes.processes() if self._nodes is not None else ())]:
            if (kind := kind_of(each)) and each.pid != driver.pid:
                kinds.setdefault(kind, []).append(each.pid)
        names = sorted(kinds)
        (kind,) = self._chance.choices(names, [_WEIGHTS.get(name, 1.0) for name in names])
        kill(self._chance.choice(kinds[kind]))
        self._killed[kind] += 1

    def _wait(self, driver: subprocess.Popen[bytes], output: Path) -> None:
        """Wait for no or a few shards, so that the job comes to its end in spite of kills, and then for a while."""
        wanted = len(list((output / "ledger").glob("*.json"))) + self._chance.randint(0, 2)
        until = time.monotonic() + _HANGS_SECONDS
        while len(list((output / "ledger").glob("*.json"))) < wanted and driver.poll() is None:
            if time.monotonic() > until:
                driver.kill()
                raise RuntimeError(f"{output} hangs: {(output / 'log.jsonl').read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        time.sleep(self._chance.uniform(*self._options.pause))


def kind_of(process: Descendant) -> str:
    """Return what a process is in a job: a worker, a node of Ray or the node that is its head; "" for other help."""
    if "raylet/raylet" in process.command:
        return "head" if "--head" in process.command else "node"
    workers = ("tandem.bulk.engines.local", "ray::RemoteWorker", "ray::UDFActor")
    return "worker" if any(name in process.command for name in workers) else ""
