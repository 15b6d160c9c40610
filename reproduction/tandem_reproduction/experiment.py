"""The whole experiment: trainings, translations and the table, each done once."""

import json
from dataclasses import dataclass
from pathlib import Path

from tandem.errors import RecipeError
from tandem.files.atomic import replace_file
from tandem.metrics import choose_tokenizer
from tandem.metrics.bootstrap import Resampling
from tandem.recipe import Device
from tandem.recording import read_metrics
from tandem.runs.corpora import read_corpus
from tandem.terminal import Notify
from tandem.version import __version__
from tandem_reproduction.claims import Claim, Claims
from tandem_reproduction.plan import Plan
from tandem_reproduction.systems import Systems
from tandem_reproduction.table import as_markdown, as_object
from tandem_reproduction.trainings import Train, train_once


@dataclass(frozen=True)
class Reproduction:
    """The checked claims, and the page about them."""

    claims: list[Claim]
    page: Path


def reproduce(
    plan: Plan,
    out: Path,
    train: Train,
    *,
    resampling: Resampling,
    device: Device = "auto",
    notify: Notify = lambda _: None,
) -> Reproduction:
    """Check the claims of the paper with the models of a plan, and write the results into `out`.

    Finished trainings, and translations of the same models, are not repeated. RecipeError where the recipe of the plan
    has no test corpus, or where a run in `out` has another recipe.
    """
    recipe = plan.recipe
    if recipe.data.test is None:
        raise RecipeError("data.test: a reproduction is measured on a test corpus; name one in the recipe")
    # Read before the trainings: a missing test corpus must be reported at once.
    pairs, dropped = read_corpus(recipe.data.test, recipe.data)
    if dropped.count:
        notify(f"test corpus: {dropped.message()}")
    runs = list(plan.runs())
    for number, (name, wanted) in enumerate(runs, start=1):
        notify(f"training {number} of {len(runs)}: {name}")
        if not train_once(wanted, out / "runs" / name, train):
            notify(f"{name}: is done already")
    tokenizer = choose_tokenizer(recipe.search.score_tokenize, (pair.target for pair in pairs))
    systems = Systems(
        out / "runs",
        out / "systems",
        pairs,
        lowercase=recipe.search.lowercase_scores,
        tokenizer=tokenizer,
        length_penalty=recipe.search.length_penalty,
        device=device,
        notify=lambda work: notify(f"working out {work}"),
    )
    lengths = [len(pair.source.split()) for pair in pairs]
    claims = Claims(plan, systems, lengths, resampling).all()
    page = out / "reproduction.md"
    about = _about(plan, [out / "runs" / name for name, _ in runs], len(pairs), tokenizer, resampling)
    replace_file(page, as_markdown(claims, about))
    replace_file(out / "reproduction.json", json.dumps(as_object(claims), indent=2) + "\n")
    return Reproduction(claims, page)


def _about(plan: Plan, runs: list[Path], sentences: int, tokenizer: str, resampling: Resampling) -> list[str]:
    """Return the lines that say where the figures come from."""
    model, training, search = plan.recipe.model, plan.recipe.training, plan.recipe.search
    minutes = sorted(_minutes(run) for run in runs)
    case = "lower case" if search.lowercase_scores else "mixed case"
    return [
        "Written by `tandem reproduce`.",
        "",
        f"- {len(runs)} trainings of {minutes[0]:.1f} to {minutes[-1]:.1f} minutes, the median "
        f"{minutes[len(minutes) // 2]:.1f}, validations not counted. Seeds of each model: {plan.seeds}. Members of the "
        f"ensemble: {plan.members}.",
        f"- A model has {model.layers} layers of {model.hidden} units, unless said otherwise, and {training.epochs:g} "
        "epochs.",
        f"- BLEU is sacreBLEU's, {tokenizer}, {case}, on {sentences:,} sentences. Hypotheses rank by log-probability / "
        f"tokens ** {search.length_penalty:g}.",
        "- Where there are several trainings a figure is their mean, with each of them beside it.",
        "- Intervals are of 95 %, by bootstrap over the sentences. A claim holds where that of the difference is "
        "wholly on its side, does not hold where it is wholly on the other, and is not shown where it is neither.",
        f"- Signature: {resampling.signature}|tandem:{__version__}",
    ]


def _minutes(run: Path) -> float:
    rows = read_metrics(run / "metrics.jsonl")
    return float(sum(row["epoch_seconds"] for row in rows if row["event"] == "validated")) / 60
