"""`python -m benchmarks.tasks`: what somebody gets who brings pairs along and no recipe.

Each task is trained and measured by the commands that a user types, without any setting but the seed. What was
measured stands in --output; what stands there is not measured again, so the command goes on where it was stopped.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.inflection_data import make_inflection
from benchmarks.machine import describe_machine
from benchmarks.task_data import Pair, TaskData, make_addresses, make_dates, make_spelling

Row = dict[str, Any]
"""One training and its measurement."""

_SMALL = [
    "--set",
    "model.hidden=128",
    "--set",
    "model.embedding=64",
    "--set",
    "training.epochs=10",
]  # minutes on a core
_SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the tasks that are asked for, and print the medians."""
    options = _parse(arguments)
    rows: list[Row] = json.loads(options.output.read_text("utf-8"))["rows"] if options.output.exists() else []
    with tempfile.TemporaryDirectory() as scratch:
        for seed in options.seeds:
            for name in options.tasks:
                if any(row["task"] == name and row["seed"] == seed for row in rows):
                    continue
                row = measure(name, seed, options.runs or Path(scratch), options.more)
                rows.append(row)
                print(_line(row), flush=True)
                content = {"machine": describe_machine(), "rows": sorted(rows, key=lambda r: (r["task"], r["seed"]))}
                options.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(table(rows))


def measure(name: str, seed: int, runs: Path, more: Sequence[str]) -> Row:
    """Train one task with one seed and measure it."""
    folder = runs / f"{name}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    train, evaluate = TASKS[name](folder)
    run = folder / "run"
    cpu_before, began = _cpu_seconds(), time.perf_counter()
    _tandem("train", *train, "--out", str(run), "--set", f"seed={seed}", *more)
    seconds, cpu = time.perf_counter() - began, _cpu_seconds() - cpu_before
    found = json.loads(_tandem("evaluate", str(run), *evaluate, "--json"))
    scores = {key: score["value"] for key, score in found["scores"].items()}
    return {
        "task": name,
        "seed": seed,
        "train": ["tandem", "train", *_by_name(train), *more],
        "evaluate": ["tandem", "evaluate", *_by_name(evaluate)],
        "seconds": round(seconds),
        "cpu_seconds": round(cpu),
        "scores": scores,
        **{key: found[key] for key in ("pairs", "sources", "stopped_at_limit") if key in found},
    }


def table(rows: Sequence[Row]) -> str:
    """Medians and ranges over the seeds, a line a task."""
    lines = [
        "| task | score | median | range | seeds | seconds | ended at the limit |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == name]
        score = SCORES.get(name.split("-")[0], "exact")
        values = [row["scores"][score] for row in own]
        limits = sum(row.get("stopped_at_limit", 0) for row in own)
        lines.append(
            f"| {name} | {score} | {statistics.median(values):.1f} | {min(values):.1f} to {max(values):.1f} "
            f"| {len(own)} | {statistics.median(row['seconds'] for row in own):.0f} | {limits} |"
        )
    return "\n".join(lines)


def _line(row: Row) -> str:
    scores = row["scores"]
    return (
        f"{row['task']} seed {row['seed']}: exact {scores['exact']:.1f}, bleu {scores['bleu']:.1f}, {row['seconds']} s"
    )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tandem(*arguments: str) -> str:
    """Run the command; its standard output. Its errors go to ours."""
    return subprocess.run(
        [sys.executable, "-m", "tandem", *arguments], check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ).stdout


def _by_name(arguments: Sequence[str]) -> list[str]:
    """The arguments with files by their names alone."""
    return [Path(word).name if "/" in word else word for word in arguments]


Commands = tuple[list[str], list[str]]
"""Options of `tandem train` and of `tandem evaluate`."""


def _made(make: Callable[[], TaskData]) -> Callable[[Path], Commands]:
    def commands(folder: Path) -> Commands:
        data = make()
        for name, pairs in (("train.tsv", data.train), ("test.tsv", data.test)):
            _write(folder / name, pairs)
        return ["--tsv", str(folder / "train.tsv"), *_SMALL], ["--tsv", str(folder / "test.tsv")]

    return commands


def _inflection(folder: Path) -> Commands:
    train, test = make_inflection()
    for name, forms in (("train.tsv", train), ("test.tsv", test)):
        rows = ("\t".join(form) + "\n" for form in forms)
        (folder / name).write_text("".join(rows), encoding="utf-8", newline="\n")
    return ["--tsv", str(folder / "train.tsv")], ["--tsv", str(folder / "test.tsv")]


def _dates(pairs: int) -> Callable[[Path], Commands]:
    return _made(lambda: make_dates(pairs))


def _sounds(language: str) -> Callable[[Path], Commands]:
    files = {part: str(_SHARED / "g2p2020" / f"{language}_{part}.tsv") for part in ("train", "dev", "test")}
    return lambda _: (["--tsv", files["train"], "--validation-tsv", files["dev"]], ["--tsv", files["test"]])


def _dictionary(_: Path) -> Commands:
    files = {part: str(_SHARED / "cmudict" / f"{part}.tsv") for part in ("train", "dev", "test")}
    return ["--tsv", files["train"], "--validation-tsv", files["dev"]], ["--tsv", files["test"]]


def _captions(_: Path) -> Commands:
    folder = _SHARED / "multi30k"
    return (
        ["--source", str(folder / "train.de"), "--target", str(folder / "train.en")],
        [
            "--source", str(folder / "test_2016_flickr.de"), "--target", str(folder / "test_2016_flickr.en"),
            "--lowercase",
        ],
    )  # fmt: skip


def _write(path: Path, pairs: Sequence[Pair]) -> None:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8", newline="\n")


TASKS: dict[str, Callable[[Path], Commands]] = {
    **{f"dates-{pairs}": _dates(pairs) for pairs in (200, 1_000, 1_999, 2_000, 2_700, 10_000)},
    "addresses": _made(make_addresses),
    "spelling": _made(make_spelling),
    "inflection": _inflection,
    "french": _sounds("fre"),
    "hungarian": _sounds("hun"),
    "icelandic": _sounds("ice"),
    "cmudict": _dictionary,
    "multi30k": _captions,
}
SCORES = {"multi30k": "bleu"}
"""The score that counts where it is not exact match."""
_DEFAULT = [name for name in TASKS if name not in ("cmudict", "multi30k")]
"""The others take longer than six minutes each."""


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.tasks", description=__doc__)
    parser.add_argument("--tasks", type=lambda names: names.split(","), default=_DEFAULT, help=", ".join(TASKS))
    parser.add_argument("--seeds", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--output", type=Path, default=Path("results/tasks.json"))
    parser.add_argument("--runs", type=Path, help="keep the runs in this folder")
    parser.add_argument(
        "--more", type=str.split, default=[], help="more options of `tandem train`, such as '--budget 5m'"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.tasks) - set(TASKS):
        parser.error(f"there is no task {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()
