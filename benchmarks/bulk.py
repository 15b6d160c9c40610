"""`tandem bulk` measured: processor time against one process, memory by the number of lines, and random kills.

    python -m benchmarks.bulk MODEL SOURCE --lines 1000000 --engines local --output bulk.json
    python -m benchmarks.bulk MODEL SOURCE --memory 100000 1000000 5000000
    python -m benchmarks.bulk MODEL SOURCE --lines 20000 --kills 100

SOURCE is a file with a text a line, which is repeated until there are as many lines as asked for.
"""

import argparse
import hashlib
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.descendants import TAG, Descendant, Watch, descendants

_FEW_LINES = 64
"""The lines of a job that is all startup, next to nothing."""


class Usage(NamedTuple):
    """What a command took, with all processes that it started and waited for."""

    cpu: float
    """Seconds of processor time."""
    seconds: float
    memory: float
    """The most memory of one of the processes, in MiB."""


def used(command: Sequence[object]) -> Usage:
    """Run a command of Tandem, and return what it took. Raise CalledProcessError where it fails."""
    started = time.monotonic()
    with Watch(tag := secrets.token_hex(8)) as watch:
        process = started_with(tag, command, stderr=subprocess.PIPE)
        assert process.stderr is not None
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, stderr=message.decode())
    # Of the processes that Ray starts many are not waited for, and the others are counted to the last tick here.
    cpu = max(usage.ru_utime + usage.ru_stime, watch.cpu)
    return Usage(cpu, time.monotonic() - started, max(usage.ru_maxrss / 1024, watch.memory))


def started_with(tag: str, command: Sequence[object], stderr: int) -> subprocess.Popen[bytes]:
    """Start a command of Tandem, whose processes are known by a tag."""
    environment = os.environ | {TAG: tag}
    return subprocess.Popen([sys.executable, "-m", "tandem", *map(str, command)], stderr=stderr, env=environment)


def write_lines(source: Path, count: int, path: Path) -> Path:
    """Write so many lines, those of a source again and again."""
    lines = source.read_bytes().splitlines(keepends=True)
    with path.open("wb") as file:
        file.writelines(islice(chain.from_iterable(repeat(lines)), count))
    return path


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Bench:
    """Jobs of one model over lines of one source, in a folder of their own."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Take the options of the command line."""
        self.options = options
        self.folder = folder
        self.search = ["--beam", options.beam]

    def lines(self, count: int) -> Path:
        """Return a file of so many lines."""
        path = self.folder / f"{count}.txt"
        return path if path.exists() else write_lines(self.options.source, count, path)

    def one(self, count: int) -> tuple[Usage, str]:
        """Translate so many lines with one process; return what it took, and the sum of the output."""
        output = self.folder / "one"
        command = ["translate", self.options.model, "--input", self.lines(count), "--output", output]
        usage = used([*command, "--processes", 1, "--quiet", *self.search])
        return usage, sum_of(output)

    def bulk_command(self, count: int, engine: str, output: Path) -> list[object]:
        """Return the command of a bulk job of so many lines."""
        command = ["bulk", self.options.model, "--input", self.lines(count), "--output", output, "--engine", engine]
        command += ["--processes", self.options.processes, "--quiet", *self.search]
        # A job that is all startup has a shard for each worker, so that each of them loads the model.
        size = _FEW_LINES // self.options.processes if count == _FEW_LINES else self.options.shard_lines
        return [*command, *(["--shard-lines", size] if size else [])]

    def bulk(self, count: int, engine: str) -> tuple[Usage, str, float]:
        """Translate so many lines as a bulk job; also return the processor time of the shards alone."""
        output = self.folder / "bulk"
        shutil.rmtree(output, ignore_errors=True)
        usage = used(self.bulk_command(count, engine, output))
        records = [json.loads(path.read_text(encoding="utf-8")) for path in (output / "ledger").glob("*.json")]
        (made,) = (output / "output").iterdir()
        return usage, sum_of(made), sum(record["cpu_seconds"] for record in records)

    def costs(self) -> list[dict[str, Any]]:
        """Return what one process and each engine take for the same lines, startup apart."""
        count = self.options.lines
        startup, (whole, expected) = self.one(_FEW_LINES)[0], self.one(count)
        base = whole.cpu - startup.cpu
        rows = [_row("one process", whole, startup, base, base)]
        for engine in self.options.engines:
            startup = self.bulk(_FEW_LINES, engine)[0]
            usage, found, shards = self.bulk(count, engine)
            rows.append({**_row(engine, usage, startup, usage.cpu - startup.cpu, base), "shards_cpu": round(shards, 2)})
            rows[-1]["same bytes"] = found == expected
        return rows

    def memory(self) -> list[dict[str, Any]]:
        """Return the most memory of a process of a job, by the number of lines."""
        rows = []
        for count in self.options.memory:
            usage = self.bulk(count, self.options.engines[0])[0]
            rows.append({"lines": count, "MiB": round(usage.memory, 1), "seconds": round(usage.seconds, 1)})
        return rows

    def kills(self, engine: str) -> dict[str, Any]:
        """Kill workers and drivers at random, and begin their commands again, until a job has survived them all.

        Of Ray's own processes the one that is a node is killed, too.
        """
        chance, wanted = random.Random(self.options.seed), self.options.kills
        _, expected = self.one(self.options.lines)
        killed: Counter[str] = Counter()
        jobs = equal = 0
        while killed.total() < wanted:
            output = self.folder / f"killed-{jobs}"
            self._disturb(self.bulk_command(self.options.lines, engine, output), output, chance, killed)
            used(self.bulk_command(self.options.lines, engine, output))
            (made,) = (output / "output").iterdir()
            jobs, equal = jobs + 1, equal + (sum_of(made) == expected)
            shutil.rmtree(output)
        figures = {"engine": engine, "lines": self.options.lines, "killed": dict(killed)}
        return {**figures, "jobs": jobs, "jobs with the same bytes": equal}

    def _disturb(self, command: Sequence[object], output: Path, chance: random.Random, killed: Counter[str]) -> None:
        """Run a command until it ends by itself; kill one of its processes now and then, and begin it again."""
        while True:
            driver = started_with(tag := secrets.token_hex(8), command, stderr=subprocess.DEVNULL)
            while driver.poll() is None:
                self._wait(driver, output, chance)
                if killed.total() >= self.options.kills or driver.poll() is not None:
                    continue
                kinds: dict[str, list[int]] = {"driver": [driver.pid]}
                for each in descendants(tag):
                    if (kind := kind_of(each)) and each.pid != driver.pid:
                        kinds.setdefault(kind, []).append(each.pid)
                kind = chance.choice(sorted(kinds))
                kill(chance.choice(kinds[kind]))
                killed[kind] += 1
            if driver.wait() == 0:
                return

    def _wait(self, driver: subprocess.Popen[bytes], output: Path, chance: random.Random) -> None:
        """Wait for no or a few shards, so that the job comes to its end in spite of kills, and then for a while."""
        wanted = len(list((output / "ledger").glob("*.json"))) + chance.randint(0, 2)
        while len(list((output / "ledger").glob("*.json"))) < wanted and driver.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(*self.options.pause))


def kind_of(process: Descendant) -> str:
    """Return what a process is in a job: a worker, or a node of Ray; "" for what is only help."""
    if "raylet/raylet" in process.command:
        return "node"
    workers = ("tandem.bulk.engines.local", "daft.execution.udf_worker", "ray::RemoteWorker")
    return "worker" if any(name in process.command for name in workers) else ""


def kill(pid: int) -> None:
    """Kill a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def _row(name: str, usage: Usage, startup: Usage, work: float, base: float) -> dict[str, Any]:
    return {
        "side": name,
        "cpu": round(usage.cpu, 2),
        "startup": round(startup.cpu, 2),
        "work": round(work, 2),
        "ratio": round(work / base, 4),
        "seconds": round(usage.seconds, 1),
        "MiB": round(usage.memory, 1),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("--lines", type=int, default=0, help="compare the engines over so many lines")
    parser.add_argument("--engines", nargs="+", default=["local"])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--shard-lines", type=int)
    parser.add_argument("--memory", type=int, nargs="+", default=[], help="measure memory with so many lines")
    parser.add_argument("--kills", type=int, default=0, help="kill so many workers and drivers instead of comparing")
    parser.add_argument("--pause", type=float, nargs=2, default=[0.2, 1.5], help="seconds between two kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="add the figures to this JSON file")
    return parser.parse_args()


def main() -> None:
    """Measure what the options ask for, print it, and write it down."""
    options = _options()
    figures: dict[str, Any] = {"model": options.model.name, "source": options.source.name, "beam": options.beam}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        if options.kills:
            figures["kills"] = [bench.kills(engine) for engine in options.engines]
        elif options.lines:
            figures |= {"lines": options.lines, "processes": options.processes, "costs": bench.costs()}
        if options.memory:
            figures["memory"] = bench.memory()
    for name in ("costs", "memory", "kills"):
        for row in figures.get(name, []):
            print("  ".join(f"{key} {value}" for key, value in row.items()))
    if options.output is not None:
        # Imported last: a process that is started counts the memory of the one that starts it as its own.
        from benchmarks.machine import describe_machine

        before = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else []
        content = [*before, {**figures, "machine": describe_machine()}]
        options.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
