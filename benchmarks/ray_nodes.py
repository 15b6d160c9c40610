"""A Ray cluster of several nodes on this machine, any of which may be killed and is then started again. Linux alone."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from benchmarks.descendants import TAG, Descendant, descendants, kill

_START_SECONDS = 300.0
_TRIES = 5


class RayNodes:
    """Nodes of one core each. The first is the head; without it, there is no cluster."""

    def __init__(self, count: int, folder: Path) -> None:
        """Take the number of nodes, and a folder with a short path for Ray's own files."""
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        folder.mkdir()
        token = folder / "token"
        token.write_text(secrets.token_hex(32), encoding="utf-8")
        self.environment = {
            "RAY_ADDRESS": self._address,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        """What a driver needs in its environment."""
        self._nodes: list[_Node | None] = [None] * count

    def __enter__(self) -> Self:
        """Start all nodes."""
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        """End all nodes."""
        for node in filter(None, self._nodes):
            node.end()

    def mend(self) -> None:
        """Start the nodes again that have ended; all of them, where the head has."""
        for number, node in enumerate(self._nodes):
            if node is not None and node.ended():
                node.end()
                self._nodes[number] = None
        if self._nodes[0] is None:
            self.__exit__()
            self._nodes = [None] * len(self._nodes)
        for number, node in enumerate(self._nodes):
            if node is None:
                self._nodes[number] = self._start(head=number == 0)

    def _start(self, *, head: bool) -> "_Node":
        """Start a node. On a busy machine Ray gives up after some seconds, so try again a few times."""
        for _ in range(_TRIES - 1):
            with suppress(RuntimeError):
                return self._start_once(head=head)
        return self._start_once(head=head)

    def _start_once(self, *, head: bool) -> "_Node":
        where = ["--head", "--port", self._address.rpartition(":")[2]] if head else ["--address", self._address]
        where += ["--temp-dir", str(self._folder / "ray"), "--include-dashboard=false"] if head else []
        return _Node(where, self._folder / f"{secrets.token_hex(4)}.log", self.environment)

    def processes(self) -> Iterator[Descendant]:
        """Yield the processes of all nodes, the workers of jobs among them."""
        for node in filter(None, self._nodes):
            yield from descendants(node.tag)


class _Node:
    """A node: the command that starts it and waits beside it, and what this started."""

    def __init__(self, where: list[str], log: Path, environment: dict[str, str]) -> None:
        self.tag = secrets.token_hex(8)
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus", "1"]
        command += ["--object-store-memory", str(80 * 2**20), "--disable-usage-stats", *where]
        own = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
        with log.open("wb") as file:
            own |= environment | {TAG: self.tag}
            self._process = subprocess.Popen(command, stdout=file, stderr=file, env=own)
        until = time.monotonic() + _START_SECONDS
        while "Ray runtime started" not in (said := log.read_text(encoding="utf-8", errors="replace")):
            if self._process.poll() is not None or time.monotonic() > until:
                self.end()
                raise RuntimeError(f"a node of Ray did not start: {said[-2000:]}")
            time.sleep(0.1)

    def ended(self) -> bool:
        """Return whether the node has died, though what is left of it may not know that yet."""
        raylets = (each for each in descendants(self.tag) if "raylet/raylet" in each.command)
        return self._process.poll() is not None or next(raylets, None) is None

    def end(self) -> None:
        """Kill everything of the node."""
        while running := list(descendants(self.tag)):
            for each in running:
                kill(each.pid)
            self._process.poll()  # what is waited for no longer has an environment
            time.sleep(0.1)
