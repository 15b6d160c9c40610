"""Kill a training at any moment, and at every file-system call of its saving: `python -m tests.system.kill_anywhere`.

Each session is a process of its own, forked from one that has imported everything and computed nothing, and is killed
by SIGKILL. Resumed to its end, a run must have the bytes and figures of one that was never stopped.
"""

import argparse
import collections
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import lightning_fabric  # noqa: F401  what a training imports late is imported here, once for all sessions
import torch
import torch.utils.tensorboard.summary
from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: F401

from tandem.runs.saving import Savings
from tandem.runs.session import Run
from tandem.runs.validation import Validator
from tests.support.runs import assert_same_run, run_tiny

SETTINGS = ("training.save_steps=3", "training.teacher_forcing.start=0.7", "training.accumulate=2")
CALLS = ["openat", "creat", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2"]
CALLS += ["mkdir", "mkdirat", "unlink", "unlinkat", "rmdir"]
"""What changes a disk; openat counts only where it creates."""
_FORK = multiprocessing.get_context("fork")


def forked(work: Callable[[], None]) -> "multiprocessing.process.BaseProcess":
    """A process that does this."""
    process = _FORK.Process(target=work)
    process.start()
    return process


def settings(epochs: int) -> tuple[str, ...]:
    return (*SETTINGS, f"training.epochs={epochs}")


def session(out: Path, epochs: int, doing: Connection | None = None, wait: Connection | None = None) -> None:
    """Train, anew or on; say what is being done, and before the first saving of an epoch wait to be told to go on."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    torch.set_num_threads(1)
    validate, save, train = Validator.validate, Savings.save, Run._train

    def say(what: str) -> None:
        if doing:
            doing.send(what)

    def validating(validator: Validator, *parts: object) -> object:
        say("validating")
        return validate(validator, *parts)  # type: ignore[arg-type]

    def saving(savings: Savings, *parts: object) -> None:
        say("saving")
        validated = parts[3].progress  # type: ignore[attr-defined]
        if wait and validated.epoch == 2 and not validated.batches:
            wait.send("here")
            wait.recv()
        save(savings, *parts)  # type: ignore[arg-type]
        if wait and validated.epoch == 2 and not validated.batches:
            os._exit(0)
        say("training")

    def training(run: Run, *parts: object) -> None:
        say("training")
        train(run, *parts)  # type: ignore[arg-type]
        say("evaluating")

    Validator.validate = validating  # type: ignore[method-assign,assignment]
    Savings.save, Run._train = saving, training  # type: ignore[method-assign,assignment]
    resume = (out / "current.json").exists()
    if not resume and out.exists():
        shutil.rmtree(out)  # killed before anything was saved: there is nothing to go on from
    say("preparing")
    run_tiny(out, *settings(epochs), resume=resume)


def to_the_end(out: Path, epochs: int) -> None:
    process = forked(partial(session, out, epochs))
    process.join()
    assert process.exitcode == 0, f"{out}: the run did not go on: exit code {process.exitcode}"


def kill_at_random(folder: Path, whole: Path, kills: int, epochs: int, seconds: float) -> collections.Counter[str]:
    """Kill runs, resuming each, until there were so many kills; what they did then."""
    chance, killed, number = random.Random(1), collections.Counter[str](), 0
    while killed.total() < kills:
        number += 1
        out = folder / f"killed-{number}"
        while killed.total() < kills:
            words, doing = _FORK.Pipe(duplex=False)
            process = forked(partial(session, out, epochs, doing))
            doing.close()
            process.join(chance.uniform(0, seconds))
            if process.exitcode is not None:
                assert process.exitcode == 0, f"{out}: the run did not go on"
                break
            process.kill()
            process.join()
            killed[last_word(words)] += 1
        to_the_end(out, epochs)
        assert_same_run(out, whole)
    return killed


def last_word(words: Connection) -> str:
    word = "starting"
    try:
        while words.poll():
            word = words.recv()
    except EOFError:
        pass
    return word


def watch(pid: int | None, arguments: list[str]) -> "subprocess.Popen[bytes] | None":
    """strace on a process, once it watches; None where it may not."""
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), *arguments], stderr=subprocess.DEVNULL)
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8"):
        if tracer.poll() is not None:
            return None
        time.sleep(0.002)
    return tracer


def can_watch() -> bool:
    """Whether strace is here and may watch a process, which not every container allows."""
    if shutil.which("strace") is None:
        return False
    process = forked(partial(time.sleep, 60))
    tracer = watch(process.pid, ["-o", os.devnull])
    process.kill()
    process.join()
    return tracer is not None and tracer.wait() is not None


def at_the_saving(out: Path, epochs: int) -> tuple["multiprocessing.process.BaseProcess", Connection]:
    """A session that stands before the saving after its second validation, and what lets it go on."""
    here, there = _FORK.Pipe()
    process = forked(partial(session, out, epochs, wait=there))
    assert here.recv() == "here"
    return process, here


def saved_under(out: Path, epochs: int, strace: list[str]) -> bool:
    """Watch that saving with strace; whether it was killed."""
    process, go_on = at_the_saving(out, epochs)
    tracer = watch(process.pid, strace)
    assert tracer is not None
    go_on.send("go on")
    process.join()
    tracer.wait()
    return process.exitcode == -signal.SIGKILL


def kill_at_each_call(folder: Path, whole: Path, epochs: int, every: int) -> collections.Counter[str]:
    """Kill one saving (after the second validation, so that older ones are removed) at its file-system calls."""
    start = folder / "start"
    process, _ = at_the_saving(start, epochs)
    process.kill()
    process.join()
    copy, log = folder / "copy", folder / "log"
    shutil.copytree(start, copy)
    assert not saved_under(copy, epochs, ["-e", f"trace={','.join('?' + call for call in CALLS)}", "-o", str(log)])
    counts: collections.Counter[str] = collections.Counter()
    targets: list[tuple[str, int]] = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        found = re.match(r"\d+ +(\w+)\((.*)", line)
        if found and "resumed" not in line:
            counts[found[1]] += 1
            if found[1] != "openat" or "O_CREAT" in found[2]:
                targets.append((found[1], counts[found[1]]))
    killed: collections.Counter[str] = collections.Counter()
    for name, number in targets[::every]:
        shutil.rmtree(copy)
        shutil.copytree(start, copy)
        inject = ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}", "-o", os.devnull]
        assert saved_under(copy, epochs, inject), f"call {number} of {name} never came"
        killed[name] += 1
        to_the_end(copy, epochs)
        assert_same_run(copy, whole)
    return killed


def table(title: str, counts: collections.Counter[str]) -> None:
    print(f"\n{title}: {counts.total()} kills, each run then the same as one that was never stopped")
    for name, count in sorted(counts.items()):
        print(f"  {name:<12}{count:>5}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="at random moments (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="5 kills, and every twelfth call of a saving")
    arguments = parser.parse_args()
    kills, epochs, every = (5, 3, 12) if arguments.quick else (arguments.kills, 12, 1)
    with tempfile.TemporaryDirectory(prefix="tandem-kill-") as name:
        folder = Path(name)
        os.environ["TANDEM_CACHE"] = str(folder / "cache")
        whole = folder / "whole"
        began = time.monotonic()
        to_the_end(whole, epochs)
        seconds = time.monotonic() - began
        print(f"a run of {epochs} epochs that is never stopped: {seconds:.1f} s")
        table("at random moments", kill_at_random(folder, whole, kills, epochs, min(seconds, 2.0)))
        if not can_watch():
            print("\nstrace is not installed, or may not watch processes here: no kills at single calls")
            return
        short = folder / "short"
        to_the_end(short, 3)
        table("at a saving's file-system calls", kill_at_each_call(folder, short, 3, every))


if __name__ == "__main__":
    main()
