"""Worker processes that share a socket. They are forked before any model is loaded; the parent process watches them."""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tandem.errors import TandemError
from tandem.processes import cores
from tandem.terminal import Notify

GATHERED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which prometheus-client, when it is imported, looks for the folder that the processes share."""
_PAUSE = 1.0
"""Seconds before a killed worker is replaced."""


def in_processes(count: int, notify: Notify) -> int | None:
    """Return in each of `count` new workers; in the calling process, return None once all workers have ended.

    In a worker, the value is the reading end of a pipe that ends with the parent process. The parent passes SIGTERM and
    SIGHUP on to the workers. It replaces a worker that is killed, and stops all workers if one exits by itself. Raise
    TandemError if the system cannot fork.
    """
    if sys.platform == "win32":
        raise TandemError("several workers need a system that can fork, which Windows cannot: leave out --workers")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // count)))
    os.environ[GATHERED] = folder = tempfile.mkdtemp(prefix="tandem-metrics-")
    reading, writing = os.pipe()  # nothing is written: the system closes the writing end however this process ends
    watch = _Watch(Path(folder), notify)
    missing = count
    while missing or watch.workers:
        for _ in range(missing):
            if watch.fork():
                os.close(writing)
                return reading
        missing = watch.one_ended()
    shutil.rmtree(folder, ignore_errors=True)
    if watch.interrupted:
        raise KeyboardInterrupt
    if watch.code:
        sys.exit(watch.code)
    return None


class _Watch:
    """The process that watches the workers."""

    def __init__(self, folder: Path, notify: Notify) -> None:
        self.workers: set[int] = set()
        self.code = 0
        self.interrupted = False
        self._stopping = False
        self._folder = folder
        self._notify = notify
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._pass_on)

    def fork(self) -> bool:
        """Start a worker, and return True in it. Signals are blocked, so that the wrong process passes none on."""
        signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        try:
            if self._stopping:
                return False
            worker = os.fork()
            if worker:
                self.workers.add(worker)
                return False
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            return True
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    def one_ended(self) -> int:
        """Wait until a worker ends; return how many to start in its place."""
        worker, status = os.wait()
        self.workers.discard(worker)
        code = os.waitstatus_to_exitcode(status)
        if not self._missing():
            return 0
        if code >= 0:
            self.code = code or 1
            self._stop()
            return 0
        for file in self._folder.glob(f"gauge_live*_{worker}.db"):
            file.unlink(missing_ok=True)
        self._notify(f"worker {worker} was killed by signal {-code}: another one starts in its place")
        time.sleep(_PAUSE)
        return self._missing()

    def _missing(self) -> int:
        return 0 if self._stopping else 1

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            for worker in self.workers:
                os.kill(worker, signal.SIGHUP)
            return
        self.interrupted = self.interrupted or number == signal.SIGINT
        self._stop()

    def _stop(self) -> None:
        self._stopping = True
        for worker in self.workers:
            os.kill(worker, signal.SIGTERM)
