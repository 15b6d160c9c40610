"""Tiny corpora, recipes and runs for the tests of what lies above the training loop."""

import random
import shutil
import signal
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from tandem.build import build_model, build_tokenizers
from tandem.checkpoint import Checkpoint, save_checkpoint
from tandem.engines.members import Member
from tandem.model_files import sizes_of
from tandem.model_paths import read_current
from tandem.models import CellType
from tandem.recipe import Recipe, make_recipe, override
from tandem.recording import Recorder, read_metrics
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import TrainingResult, run_recipe
from tandem.runs.stopping import Stopped
from tandem.text.counts import count_words
from tandem.text.features import count_parts
from tandem.training.events import Event, Started, StepDone
from tandem.translation.constructors import translator_from_members
from tandem.translation.translator import Translator

Pairs = list[tuple[str, str]]

NUMBERS = {"eins": "one", "zwei": "two", "drei": "three", "vier": "four", "fünf": "five", "sechs": "six"}


def number_pairs(count: int, *, seed: int = 1, longest: int = 6) -> Pairs:
    """Distinct lists of German numbers with their English ones, 1 to `longest` words."""
    chance = random.Random(seed)
    pairs: dict[str, str] = {}
    while len(pairs) < count:
        words = chance.choices(list(NUMBERS), k=chance.randint(1, longest))
        pairs[" ".join(words)] = " ".join(NUMBERS[word] for word in words)
    return list(pairs.items())


def tiny_recipe(*settings: str) -> Recipe:
    """A model of 8 units on pairs that are handed over, two epochs, with `settings` ("section.key=value") over it."""
    tree: dict[str, Any] = {
        "data": {"train": {"kind": "memory"}, "validation": {"kind": "memory"}},
        "model": {"hidden": 8, "embedding": 6, "init_range": 0.5, "dropout": 0.2},
        "training": {"epochs": 2, "batch_size": 8, "precision": "float32"},
        "search": {"beam": 2},
    }
    return override(make_recipe(tree, "the tests' recipe"), settings)


def run_tiny(
    out: Path,
    *settings: str,
    resume: bool = False,
    recorders: Sequence[Recorder] = (),
    pairs: Pairs | None = None,
    notify: Callable[[str], object] = lambda _: None,
) -> TrainingResult:
    """Train `tiny_recipe` on number pairs into `out`."""
    given = GivenPairs(pairs or number_pairs(40), number_pairs(8, seed=2))
    recipe = tiny_recipe(*settings)
    return run_recipe(recipe, out, device="cpu", resume=resume, given=given, recorders=recorders, notify=notify)


@cache
def shared_run(base: Path) -> Path:
    """A run of two epochs under `base`, trained once in a session; not to be changed."""
    run_tiny(base / "shared-run")
    return base / "shared-run"


def copied(directory: Path, to: Path) -> Path:
    """A copy of a run or a checkpoint, to be spoilt."""
    shutil.copytree(directory, to)
    return to


def untrained(
    cell: CellType = "lstm",
    *settings: str,
    pairs: Sequence[tuple[str, str]] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Translator:
    """A translator that knows nothing; its weights are drawn widely, so that it writes all sorts of things."""
    pairs = pairs or number_pairs(40)
    recipe = tiny_recipe(f"model.cell={cell}", "model.init_range=1.5", *settings)
    count_source = count_parts if recipe.text.features else count_words
    counts = count_source(source for source, _ in pairs), count_words(target for _, target in pairs)
    source, target = build_tokenizers(recipe.text, *counts)
    model = build_model(recipe, *sizes_of(source, target))
    return translator_from_members([Member(model, recipe)], source, target, device=torch.device("cpu"), dtype=dtype)


def saved(translator: Translator, directory: Path) -> Path:
    """The translator as a checkpoint."""
    parts = translator.model, translator.recipe, translator.source_tokenizer, translator.target_tokenizer
    save_checkpoint(Checkpoint(*parts), directory)
    return directory


class StopAfter:
    """What a person does with Ctrl-C, or a machine with SIGTERM, while a step is under way: it ends with the next."""

    def __init__(self, step: int, number: int = signal.SIGINT) -> None:
        self.step = step
        self.number = number
        self.heard: list[Event] = []
        self.closed = False

    def record(self, event: Event) -> None:
        self.heard.append(event)
        step = event.first_step if isinstance(event, Started) else getattr(event, "step", None)
        if step == self.step and isinstance(event, Started | StepDone):
            signal.raise_signal(self.number)

    def close(self) -> None:
        self.closed = True


def stopped(out: Path, step: int, *settings: str, resume: bool = False) -> StopAfter:
    """`run_tiny`, stopped by a signal when `step` is done."""
    stop = StopAfter(step - 1)
    with pytest.raises(Stopped, match="stopped by SIGINT"):
        run_tiny(out, *settings, resume=resume, recorders=[stop])
    return stop


def figures(run: Path) -> list[dict[str, Any]]:
    """The run's metrics without what differs from one session to another: times and speeds."""
    measured = {"tokens_per_second", "epoch_seconds", "seconds"}
    rows = read_metrics(run / "metrics.jsonl")
    return [{key: value for key, value in row.items() if key not in measured} for row in rows]


def assert_same_run(run: Path, whole: Path) -> None:
    """Bytes of the weights and of calibrations, what the pointer names, what is kept, and every figure."""
    assert read_current(run) == read_current(whole)
    kept, found = (
        sorted(path.relative_to(base) for name in ("*.safetensors", "calibration.json") for path in base.rglob(name))
        for base in (whole, run)
    )
    assert found == kept
    assert [path for path in kept if (run / path).read_bytes() != (whole / path).read_bytes()] == []
    assert figures(run) == figures(whole)


class Remember:
    """A recorder that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass
