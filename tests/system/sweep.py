"""Stop commands wherever they touch a file, starve them, and give them extremes: `python -m tests.system.sweep`.

Each command is a process of its own, forked from one that has imported everything. Whatever happens to it, it must
print no traceback and touch no foreign file, and the same command, not hindered any more, must end as it should.
Full disks need the right to mount a tmpfs; without it they are left out, which is said.
"""

import argparse
import collections
import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

import lightning_fabric  # noqa: F401  what a command imports late is imported here, once for all
import torch.utils.tensorboard.summary
from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: F401

from tandem.cli import main
from tandem.corpora import public
from tests.recipe.test_extremes import EXTREMES, FOR_MACHINES, NUMBERS, as_set, edges
from tests.support.runs import number_pairs

Hindrance = Callable[[], None]
"""What is done to a process before its command runs."""

_WRITING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_SECONDS = 120
"""A command that takes longer hangs."""
_SMALL = [
    "--device", "cpu", "--set", "model.hidden=8", "--set", "model.embedding=6", "--set", "model.layers=1",
    "--set", "training.passes=1", "--set", "training.save_steps=2", "--set", "training.epochs=3",
]  # fmt: skip
_FOREIGN = (
    "thesis.txt", "run/thesis.txt", "run/checkpoints/mine/notes.txt", "run/checkpoints/.DS_Store", "cache/a/b",
    "fetched/thesis.txt", "claims/thesis.txt",
)  # fmt: skip


@dataclass(frozen=True)
class Command:
    """A command, and what must be there first."""

    name: str
    words: Sequence[str]
    after: Sequence[str] = ()
    """A command whose results it needs."""
    whole: Sequence[str] = ()
    """A command that ends well once the results are complete, for one that then refuses to write over them."""


TRAIN = ("train", "--source", "a.de", "--target", "a.en", "--out", "run", *_SMALL)
CHOOSE = ("train", "a.csv", "--out", "run", *_SMALL)
MEASURED = ("--source", "a.de", "--target", "a.en")
REPRODUCE = (
    "reproduce", "--recipe", "claims.toml", "--seeds", "1", "--members", "3", "--samples", "10", "--out", "claims",
    *_SMALL[:-2], "--set", "training.epochs=1",
)  # fmt: skip
COMMANDS = (
    Command("train", TRAIN),
    Command("choose", CHOOSE),
    Command("average", ("average", "run", "run", "--out", "mean"), TRAIN, ("describe", "mean")),
    Command("analyse", ("analyse", "run", *MEASURED, "--samples", "5", "--out", "page"), TRAIN),
    Command("evaluate", ("evaluate", "run", *MEASURED, "--output", "out.en", "--errors", "errors.tsv"), TRAIN),
    Command("translate", ("translate", "run", "--input", "a.de", "--output", "b.en"), TRAIN),
    Command("get", ("data", "get", "small", "--mirror", "http://127.0.0.1:{port}", "--folder", "fetched")),
    Command("clear", ("data", "cache", "--clear"), TRAIN),
    Command("reproduce", REPRODUCE),
)
_CLAIMS = """
[data]
train = {source = "a.de", target = "a.en"}
validation = {source = "a.de", target = "a.en"}
test = {source = "a.de", target = "a.en"}
"""
_FETCHED = {f"{name}.{side}": f"{name} of {side}\n" * 5000 for name in ("train", "val") for side in ("de", "en")}


@dataclass
class Counts:
    """What became of the commands that were hindered."""

    commands: int = 0
    endings: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, what: str, code: int, log: str) -> None:
        """Count one command by how it ended; whatever it may not do is kept as a fault."""
        self.commands += 1
        if code == -signal.SIGABRT and _ABORTED in log:
            self.endings["aborted by a library that got no memory"] += 1
            return
        self.endings["killed" if code == -signal.SIGKILL else f"exit code {code}"] += 1
        if "Traceback" in log or code in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT):
            self.faults.append(f"{what}: exit code {code}: {log.strip().splitlines()[-1:]}")
        if code == _HUNG:
            self.faults.append(f"{what}: hangs")


_HUNG = 1000
_ABORTED = "memory allocation of"
"""What a program in Rust says before it aborts, which no Python code can prevent."""
_ROOM = tuple(int(4096 * 1.6**step) for step in range(14))
"""Bytes that a disk has left: from a page to what all that a command writes fits into."""
_EXTREMES = "extremes"
_ENDLESS = ("training.epochs", "training.passes")
"""What makes a training as long as a number can say."""


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
            return _HUNG, log.read_text("utf-8", "replace")
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


def prepared(base: Path, command: Command) -> Path:
    """A folder with a corpus, foreign files in all places, and what the command needs."""
    folder = base / f"ready-{command.name}"
    folder.mkdir()
    pairs = number_pairs(40)
    for side, name in enumerate(("a.de", "a.en")):
        (folder / name).write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8")
    (folder / "a.csv").write_text("".join(f"{source},{target}\n" for source, target in pairs), encoding="utf-8")
    (folder / "claims.toml").write_text(_CLAIMS, encoding="utf-8")
    if command.after:
        code, log = run(command.after, folder)
        assert code == 0, log
    for name in _FOREIGN:
        if command.after or not name.startswith("run/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("work\n", encoding="utf-8")
    return folder


def foreign(folder: Path) -> dict[str, str]:
    """The foreign files that are there, with what they hold."""
    return {name: (folder / name).read_text("utf-8") for name in _FOREIGN if (folder / name).is_file()}


def sweep(command: Command, base: Path, counts: Counts, most: int, kinds: Collection[str]) -> None:
    """Hinder one command in each way, each time in a folder of its own, then let it go to its end."""
    ready = prepared(base, command)
    scratch = base / "counting" / command.name
    shutil.copytree(ready, scratch)
    events = count_events(command.words, scratch)
    folder = base / command.name
    ways = (("signals", signals(events, most)), ("limits", limits()))
    for what, hinder in chain.from_iterable(found for kind, found in ways if kind in kinds):
        shutil.copytree(ready, folder)
        _hinder(command, folder, what, counts, hinder)
        shutil.rmtree(folder)
    for room in _ROOM if "disks" in kinds and _can_mount(base) else ():
        folder.mkdir()
        with _small_disk(folder, ready, room) as enlarge:
            _hinder(command, folder, f"a disk with {room} bytes left", counts, enlarge=enlarge)
        folder.rmdir()


def _hinder(
    command: Command,
    folder: Path,
    what: str,
    counts: Counts,
    hinder: Hindrance = lambda: None,
    enlarge: Callable[[], object] = lambda: None,
) -> None:
    """Hinder one command in one way, then let it go to its end."""
    what = f"{command.name}, {what}"
    before = foreign(folder)
    code, log = run(command.words, folder, hinder)
    counts.add(what, code, log)
    if foreign(folder) != before:
        counts.faults.append(f"{what}: a foreign file was touched")
    enlarge()
    if code != 0:
        _go_on(command, folder, what, counts)
    if foreign(folder) != before:
        counts.faults.append(f"{what}: a foreign file was touched by going on")


def _go_on(command: Command, folder: Path, what: str, counts: Counts) -> None:
    """The same command, and for a run that was saved the one that resumes it, must now end as it should."""
    words = list(command.words)
    if words[0] == "train" and (folder / "run" / "current.json").exists():
        words = ["train", "--resume", "--out", "run", "--device", "cpu"]
    code, log = run(words, folder)
    counts.add(f"{what}, going on", code, log)
    if code != 0 and not (command.whole and run(command.whole, folder)[0] == 0):
        counts.faults.append(f"{what}: does not go on: {log.strip().splitlines()[-1:]}")


@contextmanager
def _small_disk(folder: Path, content: Path, room: int) -> Iterator[Callable[[], object]]:
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


def _can_mount(base: Path) -> bool:
    trial = base / "trial"
    trial.mkdir(exist_ok=True)
    try:
        with _small_disk(trial, trial, 1 << 20):
            return True
    except (OSError, subprocess.CalledProcessError):
        print("full disks are left out: a tmpfs cannot be mounted")
        return False


def _call(*words: str) -> None:
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)


def sweep_extremes(base: Path, counts: Counts) -> None:
    """Train with the largest and smallest numbers of each setting, and with the extremes of their types."""
    ready = prepared(base, Command("extremes", TRAIN))
    for name in NUMBERS:
        values = (*EXTREMES, *([] if name.endswith("_column") else edges(name)))
        enough = limited("memory", 1 << 30 if name.startswith(FOR_MACHINES) else 1 << 40)
        for value in {repr(value): value for value in values}.values():
            if name in _ENDLESS and value > 1:
                continue
            folder = base / "extreme"
            shutil.copytree(ready, folder)
            settings = ["training.epochs=1", *as_set(name, value)]
            code, log = run([*TRAIN, *(word for text in settings for word in ("--set", text))], folder, enough)
            counts.add(" ".join(settings), code, log)
            shutil.rmtree(folder)


@contextmanager
def _served(base: Path) -> Iterator[str]:
    """A server of a small public corpus, known to `tandem data get small`; its port."""
    folder = base / "served"
    folder.mkdir()
    files = []
    for name, text in _FETCHED.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        files.append(public.PublicFile(name, len(text), hashlib.sha256(text.encode()).hexdigest()))
    splits = {"train": ("train.de", "train.en"), "validation": ("val.de", "val.en")}
    corpus = public.PublicCorpus("small", "A small corpus", "Free.", "http://127.0.0.1:9", tuple(files), splits)
    public.PUBLIC = {**public.PUBLIC, "small": corpus}
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[5]
    finally:
        server.kill()
        server.wait()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="tests.system.sweep", description=__doc__)
    parser.add_argument("--commands", default=",".join([*(command.name for command in COMMANDS), _EXTREMES]))
    parser.add_argument("--most", type=int, default=40, help="file events a command at which signals come")
    parser.add_argument("--kinds", default="signals,limits,disks", help="how commands are hindered")
    options = parser.parse_args()
    torch.set_num_threads(1)
    counts, wanted = Counts(), options.commands.split(",")
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as port:
        for command in COMMANDS:
            if command.name in wanted:
                before = counts.commands
                command = replace(command, words=[word.format(port=port) for word in command.words])
                sweep(command, Path(folder), counts, options.most, options.kinds.split(","))
                print(f"{command.name:<10} {counts.commands - before:>5} commands", flush=True)
        if _EXTREMES in wanted:
            before = counts.commands
            sweep_extremes(Path(folder), counts)
            print(f"{_EXTREMES:<10} {counts.commands - before:>5} commands", flush=True)
    endings = ", ".join(f"{count} {ending}" for ending, count in counts.endings.most_common())
    print(f"{counts.commands:,} commands: {endings}")
    for fault in islice(counts.faults, 50):
        print(f"  {fault}")
    print(f"{len(counts.faults)} faults")
    sys.exit(bool(counts.faults))


if __name__ == "__main__":
    _main()
