"""Several recipes for one corpus, each trained for a short while, the better half for longer, until one is left.

This is successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943). A candidate's training is the beginning of its
whole training, with its own schedule, so nothing of the best one's is lost: it goes on where it stopped.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tandem.checkpoint import is_model
from tandem.errors import RecipeError, TrainingError
from tandem.files.removal import remove
from tandem.recipe import Device, Recipe, override
from tandem.recording import Recorder
from tandem.runs.layout import RUN_LAYOUT
from tandem.runs.lock import locked
from tandem.runs.prepare import GivenPairs
from tandem.runs.session import Run
from tandem.runs.stopping import Stopping
from tandem.terminal import counted

_FIRST_SHARE = 8
"""In the first round each candidate is trained for this part of its epochs; each later round doubles that."""


MOST_CANDIDATES = 8
"""The chosen recipe and its variants."""


class Candidate(NamedTuple):
    """One recipe that is tried."""

    name: str
    what: str
    """What it does differently, for people."""
    recipe: Recipe


class Tried(NamedTuple):
    """How a candidate did when it was last looked at."""

    candidate: Candidate
    epoch: int
    value: float
    """What is to be lowered: validation loss, or 100 less the score that the recipe keeps the best epoch by."""


def candidates(recipe: Recipe, count: int) -> list[Candidate]:
    """The chosen recipe and `count` - 1 variants of it. RecipeError where there are not so many."""
    made = list(_variants(recipe))
    if not 2 <= count <= len(made):
        raise RecipeError(f"--try {count}: between 2 and {len(made)} variants can be tried")
    return [Candidate(name, what, override(recipe, settings)) for name, what, settings in made[:count]]


def _variants(recipe: Recipe) -> Iterator[tuple[str, str, list[str]]]:
    """Name, description and settings of each variant."""
    model, rate = recipe.model, recipe.training.optimizer.learning_rate
    wider = round(1.5 * model.hidden)
    yield "chosen", "as chosen", []
    yield "wider", f"{wider} hidden units", [f"model.hidden={wider}"]
    yield "faster", f"learning rate {2 * rate:g}", [f"training.optimizer.learning_rate={2 * rate:g}"]
    less = [f"model.dropout={model.dropout / 2:g}", f"model.output_dropout={model.output_dropout / 2:g}"]
    yield "less-dropout", f"dropout {model.dropout / 2:g}", less
    forward = str(not recipe.text.reverse_source).lower()
    direction = "reversed" if forward == "true" else "read forwards"
    yield "other-direction", f"the source {direction}", [f"text.reverse_source={forward}"]
    yield "gru", "GRU cells", ["model.cell=gru"]
    yield (
        "pieces",
        "BPE of 1,000 pieces on both sides",
        [
            f"text.{side}.{key}"
            for side in ("source", "target")
            for key in ("tokenizer=bpe", "max_size=1000", "min_count=1")
        ],
    )
    yield "word-dropout", "whole tokens dropped, 10 %", ["model.word_dropout=0.1"]


def try_recipes(
    tried: Sequence[Candidate],
    out: Path,
    *,
    device: Device,
    given: GivenPairs | None,
    recorders: Callable[[], Sequence[Recorder]],
    say: Callable[[str], None],
) -> tuple[Candidate, list[str]]:
    """Train candidates until one is left, and make its run, with all that it has learnt, the run in `out`.

    Until then they lie in the folder `OUT.tries`, and the same call goes on with what lies there. Returns the best
    candidate, and the table of all rounds, line by line. Stopped (a KeyboardInterrupt) where a signal came.
    """
    folder = out.with_name(f"{out.name}.tries")
    alive, lines = list(tried), []
    share = _FIRST_SHARE
    while len(alive) > 1:
        results = []
        for candidate in alive:
            until = max(1, math.ceil(candidate.recipe.training.epochs / share))
            results.append(_trained(candidate, folder, until, device, given, recorders, say))
        results.sort(key=lambda result: result.value)
        for result in results:
            tried_for, candidate = counted(result.epoch, "epoch"), result.candidate
            line = f"tried for {tried_for}: {candidate.name} ({candidate.what}): {_said(result)}"
            lines.append(line)
            say(line)
        alive = [result.candidate for result in results[: len(results) // 2]]
        share = max(1, share // 2)
    best = alive[0]
    lines.append(f"{best.name} ({best.what}) goes on")
    say(lines[-1])
    (folder / best.name).rename(out)
    for candidate in tried:
        remove(folder / candidate.name, RUN_LAYOUT)
    with suppress(OSError):  # where somebody has put something there
        folder.rmdir()
    return best, lines


def _trained(
    candidate: Candidate,
    folder: Path,
    until: int,
    device: Device,
    given: GivenPairs | None,
    recorders: Callable[[], Sequence[Recorder]],
    say: Callable[[str], None],
) -> Tried:
    """Train a candidate up to this epoch, from where it stands."""
    out = folder / candidate.name
    resume = is_model(out)
    if not resume and not remove(out, RUN_LAYOUT):  # stopped before anything was saved
        raise TrainingError(
            f"{out}: there is something in it that Tandem did not put there. Move it elsewhere, or choose another "
            "directory with --out"
        )
    with Stopping(say) as stopping, locked(out, say):
        run = Run(candidate.recipe, out, device=device, resume=resume, given=given, recorders=recorders())
        if len(run.history) < until:
            say(f"trying {candidate.name}: {candidate.what}, up to epoch {until}")
            with stopping.patient():
                run.go(stopping, until)
            stopping.check()
        # What was reached in a later round, before a stop, must not count in an earlier one.
        reached = run.history[:until]
        return Tried(candidate, len(reached), min(reached))


def _said(result: Tried) -> str:
    keep = result.candidate.recipe.training.keep
    return f"validation loss {result.value:.3f}" if keep == "loss" else f"{keep} {abs(100 - result.value):.2f}"
