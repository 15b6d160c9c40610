"""Several recipes for one corpus, each trained for a short while, the better half for longer, until one is left.

This is successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943). A variant's training is the beginning of its
whole training, with its own schedule, so nothing that the best one has learnt is lost: it goes on where it stopped.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tandem.errors import RecipeError, TrainingError
from tandem.files.removal import remove
from tandem.model_paths import is_model
from tandem.recipe import Device, Recipe, override
from tandem.recording import Recorder
from tandem.runs.corpora import GivenPairs
from tandem.runs.lock import locked
from tandem.runs.saving import RUN_LAYOUT
from tandem.runs.session import Run
from tandem.runs.stopping import Stopping
from tandem.terminal import Notify, counted

_FIRST_SHARE = 8
"""In the first round each variant is trained for its epochs divided by this; each later round doubles that."""


class Variant(NamedTuple):
    """A recipe that is tried."""

    name: str
    difference: str  # how it differs from the chosen recipe, for people
    recipe: Recipe


class Outcome(NamedTuple):
    """How far a variant has come in its last round, and how good it was."""

    variant: Variant
    epochs: int
    value: float  # validation loss, or 100 less the score that the recipe keeps epochs by; lower is better

    def __str__(self) -> str:
        """Such as "chrf 41.50"."""
        keep = self.variant.recipe.training.keep
        return f"validation loss {self.value:.3f}" if keep == "loss" else f"{keep} {abs(100 - self.value):.2f}"


def make_variants(recipe: Recipe, count: int) -> list[Variant]:
    """Return the recipe and `count` - 1 variants of it. RecipeError where there are not so many."""
    made = list(_variants(recipe))
    if not 2 <= count <= len(made):
        raise RecipeError(f"--try {count}: between 2 and {len(made)} variants can be tried")
    return [Variant(name, difference, override(recipe, settings)) for name, difference, settings in made[:count]]


def _variants(recipe: Recipe) -> Iterator[tuple[str, str, list[str]]]:
    model, rate = recipe.model, recipe.training.optimizer.learning_rate
    wider = round(1.5 * model.hidden)
    yield "chosen", "as chosen", []
    yield "wider", f"{wider} hidden units", [f"model.hidden={wider}"]
    yield "faster", f"learning rate {2 * rate:g}", [f"training.optimizer.learning_rate={2 * rate:g}"]
    less = [f"model.dropout={model.dropout / 2:g}", f"model.output_dropout={model.output_dropout / 2:g}"]
    yield "less-dropout", f"dropout {model.dropout / 2:g}", less
    if model.attention == "off":
        forward = str(not recipe.text.reverse_source).lower()
        direction = "reversed" if forward == "true" else "read forwards"
        yield "other-direction", f"the source {direction}", [f"text.reverse_source={forward}"]
    else:
        upper = ["model.attention=gnmt", "model.layers=2", "model.encoder_layers=1"]
        yield "layer-above", "a second layer of the decoder, which reads the context", upper
    yield "gru", "GRU cells", ["model.cell=gru"]
    pieces = ("tokenizer=bpe", "max_size=1000", "min_count=1")
    sides = ("source",) if recipe.text.joint else ("source", "target")
    both_sides = [f"text.{side}.{key}" for side in sides for key in pieces]
    yield "pieces", "BPE of 1,000 pieces on both sides", both_sides
    yield "word-dropout", "whole tokens dropped, 10 %", ["model.word_dropout=0.1"]


def try_recipes(
    variants: Sequence[Variant],
    out: Path,
    *,
    device: Device,
    given: GivenPairs | None,
    recorders: Callable[[], Sequence[Recorder]],
    notify: Notify,
) -> tuple[Variant, list[str]]:
    """Train variants until one is left, and move its run, with everything that it has learnt, to `out`.

    Until then the runs are in the folder `OUT.tries`, and the same call goes on with what it finds there. `recorders`
    makes the recorders of each training. Returns the best variant, and the table of all rounds, line by line. Stopped
    (a KeyboardInterrupt) after a signal.
    """
    folder = out.with_name(f"{out.name}.tries")
    remaining, lines = list(variants), []
    share = _FIRST_SHARE
    while len(remaining) > 1:
        outcomes = []
        for variant in remaining:
            until = max(1, math.ceil(variant.recipe.training.epochs / share))
            outcomes.append(_trained(variant, folder, until, device, given, recorders, notify))
        outcomes.sort(key=lambda outcome: outcome.value)
        for outcome in outcomes:
            epochs, variant = counted(outcome.epochs, "epoch"), outcome.variant
            lines.append(f"tried for {epochs}: {variant.name} ({variant.difference}): {outcome}")
            notify(lines[-1])
        remaining = [outcome.variant for outcome in outcomes[: len(outcomes) // 2]]
        share = max(1, share // 2)
    best = remaining[0]
    lines.append(f"{best.name} ({best.difference}) goes on")
    notify(lines[-1])
    (folder / best.name).rename(out)
    for variant in variants:
        remove(folder / variant.name, RUN_LAYOUT)
    with suppress(OSError):  # the folder stays if somebody has put something into it
        folder.rmdir()
    return best, lines


def _trained(
    variant: Variant,
    folder: Path,
    until: int,
    device: Device,
    given: GivenPairs | None,
    recorders: Callable[[], Sequence[Recorder]],
    notify: Notify,
) -> Outcome:
    """Train a variant up to this epoch, from where it was stopped."""
    out = folder / variant.name
    resume = is_model(out)
    if not resume and not remove(out, RUN_LAYOUT):  # an earlier call was stopped before anything was saved
        raise TrainingError(
            f"{out}: there is something in it that Tandem did not put there. Move it elsewhere, or choose another "
            "directory with --out"
        )
    with Stopping(notify) as stopping, locked(out, notify):
        run = Run(variant.recipe, out, device=device, resume=resume, given=given, recorders=recorders())
        if len(run.history) < until:
            notify(f"trying {variant.name}: {variant.difference}, up to epoch {until}")
            with stopping.patient():
                run.go(stopping, until)
            stopping.check()
        # After a stop in a later round the run is further than this round asks: those epochs must not count in it.
        history = run.history[:until]
        return Outcome(variant, len(history), min(history))
