"""`tandem bulk` measured: processor time against one process, memory by the number of lines, and random kills.

    python -m benchmarks.bulk MODEL SOURCE --lines 1000000 --engines local --output bulk.json
    python -m benchmarks.bulk MODEL SOURCE --memory 100000 1000000 5000000
    python -m benchmarks.bulk MODEL SOURCE --lines 20000 --kills 100
    python -m benchmarks.bulk MODEL SOURCE --lines 20000 --kills 100 --engines ray --nodes 2

SOURCE is a file with a text a line, which is repeated until there are as many lines as asked for.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import chain, islice, product, repeat
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.bulk_kills import Kills, kind_of, sum_of
from benchmarks.descendants import Watch, started_with
from benchmarks.ray_nodes import RayNodes

_FEW_LINES = 64
"""The lines of a job that is all startup, next to nothing."""


class Usage(NamedTuple):
    """What a command took, with all processes that it started and waited for."""

    cpu: float
    """Seconds of processor time."""
    seconds: float
    memory: dict[str, float]
    """The most memory of one of the processes of each kind, in MiB."""


def used(command: Sequence[object]) -> Usage:
    """Run a command of Tandem, and return what it took. Raise CalledProcessError where it fails."""
    started = time.monotonic()
    with Watch(tag := secrets.token_hex(8)) as watch:
        process = started_with(tag, command, subprocess.PIPE, {})
        assert process.stderr is not None
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, stderr=message.decode())
    # Of the processes that Ray starts many are not waited for, and the others are counted to the last tick here.
    cpu = max(usage.ru_utime + usage.ru_stime, sum(each.cpu for each in watch.processes))
    memory: dict[str, float] = {}
    for each in watch.processes:
        kind = "driver" if each.pid == process.pid else kind_of(each) or "other"
        memory[kind] = max(memory.get(kind, 0.0), each.memory)
    return Usage(cpu, time.monotonic() - started, memory)


def write_lines(source: Path, count: int, path: Path) -> Path:
    """Write so many lines, those of a source again and again."""
    lines = source.read_bytes().splitlines(keepends=True)
    with path.open("wb") as file:
        file.writelines(islice(chain.from_iterable(repeat(lines)), count))
    return path


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
        """Return the most memory of a process of each kind, by the engine and the number of lines."""
        rows = []
        for engine, count in product(self.options.engines, self.options.memory):
            usage = self.bulk(count, engine)[0]
            memory = {kind: round(value, 1) for kind, value in sorted(usage.memory.items())}
            rows.append({"engine": engine, "lines": count, "MiB": memory, "seconds": round(usage.seconds, 1)})
        return rows

    def kills(self, engine: str, nodes: RayNodes | None) -> dict[str, Any]:
        """Kill processes at random, and begin their commands again, until a job has survived them all."""
        _, expected = self.one(self.options.lines)
        kills = Kills(self.options, lambda output: self.bulk_command(self.options.lines, engine, output), nodes)
        return {"engine": engine, "lines": self.options.lines, **kills.figures(self.folder, expected)}


def _row(name: str, usage: Usage, startup: Usage, work: float, base: float) -> dict[str, Any]:
    return {
        "side": name,
        "cpu": round(usage.cpu, 2),
        "startup": round(startup.cpu, 2),
        "work": round(work, 2),
        "ratio": round(work / base, 4),
        "seconds": round(usage.seconds, 1),
        "MiB": round(max(usage.memory.values()), 1),
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
    parser.add_argument("--nodes", type=int, default=0, help="kill on a Ray cluster of so many nodes on this machine")
    parser.add_argument("--pause", type=float, nargs=2, default=[0.2, 1.5], help="seconds between two kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="add the figures to this JSON file")
    return parser.parse_args()


def main() -> None:
    """Measure what the options ask for, print it, and write it down."""
    options = _options()
    figures: dict[str, Any] = {"model": options.model.name, "source": options.source.name, "beam": options.beam}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Ray may still write its logs
        bench = Bench(options, Path(folder))
        if options.kills:
            with RayNodes(options.nodes, Path(folder) / "nodes") if options.nodes else nullcontext() as nodes:
                figures["kills"] = [bench.kills(engine, nodes) for engine in options.engines]
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
