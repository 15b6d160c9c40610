"""The real server for the tests of the page: a run that can be looked at, and a model with attention beside it."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from tandem.runs.execution import run_recipe
from tests.support.runs import number_pairs, saved, tiny_recipe, untrained
from tests.system.test_processes import started

RUN, ATTENDING = "run", "attending"
PAIRS = number_pairs(60)
HELD_OUT = number_pairs(12, seed=2)
EPOCHS = 4


def write_models(folder: Path) -> None:
    """A run of some epochs, whose corpus stays where it was, and a checkpoint with attention."""
    paths = {}
    for name, pairs in (("train", PAIRS), ("validation", HELD_OUT)):
        paths[name] = folder / f"{name}.tsv"
        lines = "".join(f"{source}\t{target}\n" for source, target in pairs)
        paths[name].write_text(lines, encoding="utf-8", newline="\n")
    recipe = tiny_recipe(
        *(f'data.{name}={{kind = "tsv", path = "{path.as_posix()}"}}' for name, path in paths.items()),
        "model.layers=2",
        "training.optimizer.learning_rate=0.02",
        f"training.epochs={EPOCHS}",
    )
    run_recipe(recipe, folder / RUN, device="cpu")
    torch.manual_seed(1)
    saved(untrained("gru", "model.attention=luong"), folder / ATTENDING)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the models of a folder in a process of its own, and yield the page's address."""
    models = [f"{name}={folder / name}" for name in (RUN, ATTENDING)]
    with started("serve", *models, "--port", 0, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        log = threading.Thread(target=process.stdout.read)  # a full pipe would hold the server
        log.start()
        try:
            line = process.stderr.readline().decode()
            found = re.search(r"at (http://127\.0\.0\.1:\d+);", line)
            assert found, line + process.stderr.read().decode()
            yield f"{found[1]}/"
        finally:
            process.terminate()
            log.join()
