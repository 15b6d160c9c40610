"""A process that `benchmarks.sharded` measures: it prepares a corpus, or starts a training, and prints figures.

`python -m benchmarks.sharded_worker prepare RECIPE CORES`, and `... start RECIPE STEPS OUT [PREPARED]`. PREPARED is
a folder with a prepared corpus that is read in place of the one that the recipe's files would have.
"""

import time

_BEGAN = time.perf_counter()  # before what takes long to be imported

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from contextlib import ExitStack  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from unittest.mock import patch  # noqa: E402

from tandem.preparation.cache import open_prepared  # noqa: E402
from tandem.recipe import load_recipe  # noqa: E402
from tandem.runs.corpora import prepare_corpora  # noqa: E402
from tandem.runs.execution import run_recipe  # noqa: E402
from tandem.training.events import Event, StepDone  # noqa: E402


def main() -> None:
    """Do what the arguments say, and print the figures as JSON."""
    what, recipe, *others = sys.argv[1:]
    if what == "prepare":
        os.sched_setaffinity(0, {int(core) for core in others[0].split(",")})
        corpora = prepare_corpora(load_recipe(Path(recipe)))
        print(json.dumps({"folder": str(corpora.folder), "seconds": _seconds(), "peak_memory": peak_memory()}))
        return
    steps, out, *folder = others
    with ExitStack() as stack:
        if folder:
            made = open_prepared(Path(folder[0]))
            assert made is not None
            prepared = replace(made, files={"train": [("made", "0" * 64)]})
            stack.enter_context(patch("tandem.runs.corpora.prepare_corpus", lambda *_, **__: prepared))
        run_recipe(load_recipe(Path(recipe)), Path(out), recorders=[_Stopwatch(int(steps))], device="cpu")


class _Stopwatch:
    """Ends the process after some steps, and prints when the first one was done and the largest memory so far."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._first: dict[str, float] = {}

    def record(self, event: Event) -> None:
        if not isinstance(event, StepDone):
            return
        if not self._first:
            processor = round(time.process_time(), 2)
            self._first = {"first_step": _seconds(), "first_processor": processor, "first_peak": peak_memory()}
        if event.step == self._steps:
            figures = {**self._first, "steps": event.step, "seconds": _seconds(), "peak_memory": peak_memory()}
            print(json.dumps(figures), flush=True)
            os._exit(0)

    def close(self) -> None:
        pass


def peak_memory() -> int:
    """Return the most bytes that this process had in memory, files that are mapped included.

    Not `ru_maxrss`, which has the memory of the process that started this one, too.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _seconds() -> float:
    return round(time.perf_counter() - _BEGAN, 2)


if __name__ == "__main__":
    main()
