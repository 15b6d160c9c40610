"""All processes that come from a command, also those that left its session or that nobody waits for. Linux alone."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, Self

TAG = "TANDEM_BENCHMARK_TAG"
"""The variable in the environment by which they are known: whatever they start inherits it."""
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_SECONDS = 0.25


class Descendant(NamedTuple):
    """A process that runs."""

    pid: int
    command: str
    cpu: float
    """Seconds of processor time so far, those of its children apart."""
    memory: float
    """The most memory that it had, in MiB."""


def descendants(tag: str) -> Iterator[Descendant]:
    """Yield the processes that have a tag in their environment."""
    wanted = f"{TAG}={tag}".encode()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if wanted not in (path / "environ").read_bytes().split(b"\0"):
                continue
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            status = dict(line.split(":", 1) for line in (path / "status").read_text().splitlines() if ":" in line)
            peak = float(status.get("VmHWM", "0 kB").split()[0]) / 1024
            yield Descendant(int(path.name), command, (int(fields[11]) + int(fields[12])) / _TICK, peak)
        except OSError:  # it has ended
            continue


def started_with(
    tag: str, command: Sequence[object], stderr: IO[bytes] | int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a command of Tandem, whose processes are known by a tag, with more in its environment."""
    whole = [sys.executable, "-m", "tandem", *map(str, command)]
    return subprocess.Popen(whole, stderr=stderr, env={**os.environ, **environment, TAG: tag})


def kill(pid: int) -> None:
    """Kill a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


class Watch:
    """Adds up what all descendants of a command use, by looking at them four times a second."""

    def __init__(self, tag: str) -> None:
        """Know them by this tag."""
        self._tag = tag
        self._seen: dict[int, Descendant] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_SECONDS):
            for each in descendants(self._tag):
                self._seen[each.pid] = each

    @property
    def processes(self) -> list[Descendant]:
        """All of them, as they were when they were last seen."""
        return list(self._seen.values())
