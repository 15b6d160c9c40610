"""Stop commands wherever they touch a file, starve them, and give them extremes: `python -m tests.system.sweep`.

Each command is a process of its own, forked from one that has imported everything. Whatever happens to it, it must
print no traceback and touch no foreign file, and the same command, not hindered any more, must end as it should.
Full disks need the right to mount a tmpfs; without it they are left out, which is said.
"""

import argparse
import collections
import gzip
import hashlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

import torch

from tandem.corpora import public
from tests.recipe.test_extremes import EXTREMES, FOR_MACHINES, NUMBERS, as_set, edges
from tests.support.runs import number_pairs
from tests.system.hindrances import HUNG, Hindrance, can_mount, count_events, limited, limits, run, signals, small_disk

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
        if code == HUNG:
            self.faults.append(f"{what}: hangs")


_ABORTED = "memory allocation of"
"""What a program in Rust says before it aborts, which no Python code can prevent."""
_ROOM = tuple(int(4096 * 1.6**step) for step in range(14))
"""Bytes that a disk has left: from a page to what all that a command writes fits into."""
_EXTREMES = "extremes"
_ENDLESS = ("training.epochs", "training.passes")
"""What makes a training as long as a number can say."""


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
    for room in _ROOM if "disks" in kinds and can_mount(base) else ():
        folder.mkdir()
        with small_disk(folder, ready, room) as enlarge:
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
