"""Whether the number of processes changes what a training ends with, also where processes are killed.

    python -m benchmarks.processes_same recipe --recipe multi30k
    python -m benchmarks.processes_same float64
    python -m benchmarks.processes_same kills --kills 50

`recipe` trains a recipe for two epochs with `exact_sum` by 1, 2 and 4 processes, and compares the files of their runs.
The data come from where `tandem train` finds them. `float64` compares small models with `exact_sum` and without it.
`kills` kills processes at random moments, and goes on with a random number of processes each time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.killed_trainings import kill_trainings
from benchmarks.machine import describe_machine
from benchmarks.rounds import Figures
from benchmarks.run_sums import differing, sums_of
from benchmarks.small_trainings import compare_small_trainings

_EXACT = ("training.shards=8", "training.exact_sum=true", "training.epochs=2")
_MOST_DIFFERENCE = 1e-9
"""The largest relative difference of losses in float64 that rounding may make."""


def compare_recipe(options: argparse.Namespace, folder: Path) -> Figures:
    """Train a recipe by each number of processes; return the sums of the files, and which files differ."""
    runs = {
        processes: sums_of(_trained(options, processes, folder / f"by-{processes}")) for processes in options.processes
    }
    first = runs[options.processes[0]]
    return {
        "recipe": options.recipe,
        "settings": [*_EXACT, *options.set],
        "processes": options.processes,
        "files": len(first),
        "differing": {str(processes): differing(first, sums) for processes, sums in runs.items()},
        "sums": first,
    }


def _trained(options: argparse.Namespace, processes: int, out: Path) -> Path:
    """Return a run that so many processes have trained. One that is there already goes on, unless it is finished."""
    if not (out / "scores.json").exists():
        settings = [word for setting in (*_EXACT, *options.set) for word in ("--set", setting)]
        what = ["--resume"] if (out / "current.json").exists() else [options.recipe, *settings]
        words = ["train", *what, "--out", out, "--processes", processes, "--device", "cpu"]
        command = [sys.executable, "-m", "tandem", *map(str, words)]
        subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=sys.stderr, check=True)
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the part that is asked for, print what it found, and put it into the file."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as name:
        if options.part == "recipe":
            found: Figures = compare_recipe(options, options.runs or Path(name))
            good = not any(found["differing"].values())
        elif options.part == "float64":
            found = {"models": compare_small_trainings(options.processes)}
            good = all(
                row["same_with_exact_sum"] and row["difference_without"] <= _MOST_DIFFERENCE for row in found["models"]
            )
        else:
            found = kill_trainings(options.kills, options.seed, options.pause, Path(name))
            good = not found["differing"]
    figures: Figures = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {}
    figures |= {"machine": describe_machine(), options.part: found}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(found, indent=1))
    if not good:
        sys.exit("benchmarks.processes_same: the number of processes made a difference")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("recipe", "float64", "kills"))
    parser.add_argument("--recipe", default="multi30k", help="for recipe: one that is built in, or a file")
    parser.add_argument("--set", action="append", default=[], help="for recipe: a setting, as for tandem train")
    parser.add_argument("--runs", type=Path, help="for recipe: keep the runs here; those that are here are used")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4], help="for recipe and float64")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--pause", type=float, nargs=2, default=[0.0, 3.0], help="seconds before a kill")
    parser.add_argument("--seed", type=int, default=1, help="of the kills")
    parser.add_argument("--output", type=Path, default=Path("results/processes-same.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
