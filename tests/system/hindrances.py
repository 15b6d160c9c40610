"""Runs commands in processes that are hindered: by signals, by limits, and by small disks."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import lightning_fabric  # noqa: F401  what a command imports late is imported here, once for all commands
import torch.utils.tensorboard.summary  # noqa: F401
from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: F401

from tandem.cli import main

Hindrance = Callable[[], None]
"""What is done to a process before its command runs."""

_WRITING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_SECONDS = 120
"""A command that takes longer hangs."""
HUNG = 1000
"""The exit code of a command that hangs."""


def run(words: Sequence[str], folder: Path, hinder: Hindrance = lambda: None) -> tuple[int, str]:
    """Run a command in a folder; its exit code, negative for a signal, and what it said on standard error."""
    log = folder.parent / "log"
    process = os.fork()
    if process == 0:
        _become(words, folder, log, hinder)
    ends = time.monotonic() + _SECONDS
    while not (ended := os.waitpid(process, os.WNOHANG))[0]:
        if time.monotonic() > ends:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return HUNG, log.read_text("utf-8", "replace")
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(ended[1]), log.read_text("utf-8", "replace")


def _become(words: Sequence[str], folder: Path, log: Path, hinder: Hindrance) -> None:
    """Be the command's process, in the child of a fork; never returns."""
    code = 1
    try:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.environ["TANDEM_CACHE"] = str(folder / "cache")
        sys.argv = ["tandem", *words]
        hinder()
        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001  what a program that is not caught prints
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def at_event(number: int, number_of_signal: int) -> Hindrance:
    """Send the process a signal as it is about to change a file for the so-many-th time."""

    def hinder() -> None:
        left = number

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in _WRITING or (event == "open" and _writes(arguments)):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), number_of_signal)

        sys.addaudithook(hook)

    return hinder


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def limited(kind: str, limit: int) -> Hindrance:
    """Give the process no more of something: file descriptors, memory beyond what it has, or bytes a file."""

    def hinder() -> None:
        import resource

        if kind == "memory":
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + limit,) * 2)
        elif kind == "descriptors":
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        else:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return hinder


def signals(events: int, most: int) -> Iterator[tuple[str, Hindrance]]:
    """Each signal at about `most` of the events, spread over all of them."""
    step = max(1, events // most)
    for number in range(1, events + 1, step):
        for number_of_signal in _SIGNALS:
            name = signal.Signals(number_of_signal).name
            yield f"{name} at file event {number}", at_event(number, number_of_signal)


def limits() -> Iterator[tuple[str, Hindrance]]:
    """Limits that grow by half, of descriptors by a fifth."""
    for kind, first, last in (("descriptors", 8, 40), ("memory", 1 << 20, 1 << 29), ("file size", 1, 1 << 20)):
        limit = float(first)
        while limit < last:
            yield f"{kind} of at most {limit:.0f}", limited(kind, int(limit))
            limit *= 1.5 if kind != "descriptors" else 1.2


def count_events(words: Sequence[str], folder: Path) -> int:
    """How often a command that nothing hinders is about to change a file."""
    counted = folder.parent / "events"

    def hinder() -> None:
        descriptor = os.open(counted, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event in _WRITING or (event == "open" and _writes(arguments)):
                os.write(descriptor, b".")

        sys.addaudithook(hook)

    code, log = run(words, folder, hinder)
    assert code == 0, f"{words}: exit code {code}: {log}"
    return counted.stat().st_size


@contextmanager
def small_disk(folder: Path, content: Path, room: int) -> Iterator[Callable[[], object]]:
    """A file system in memory at `folder`, with this content and so much room beside it; yields what enlarges it."""
    _call("mount", "-t", "tmpfs", "-o", "size=1g", "tandem-sweep", str(folder))
    try:
        shutil.copytree(content, folder, dirs_exist_ok=True)
        disk = os.statvfs(folder)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        _call("mount", "-o", f"remount,size={used + room}", str(folder))
        yield lambda: _call("mount", "-o", "remount,size=1g", str(folder))
    finally:
        _call("umount", str(folder))


def can_mount(base: Path) -> bool:
    trial = base / "trial"
    trial.mkdir(exist_ok=True)
    try:
        with small_disk(trial, trial, 1 << 20):
            return True
    except (OSError, subprocess.CalledProcessError):
        print("full disks are left out: a tmpfs cannot be mounted")
        return False


def _call(*words: str) -> None:
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
