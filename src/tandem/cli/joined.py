"""A training under torchrun, where every process has been given the same command."""

import os
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tandem.cli.options import RunOptions
from tandem.cli.training import TrainingPlan, train_plan
from tandem.errors import RecipeError
from tandem.model_paths import is_model
from tandem.names import Device
from tandem.runs.execution import TrainingResult, follow_recipe
from tandem.runs.recipe_choice import read_run_recipe
from tandem.runs.stopping import Stopped
from tandem.training.group import Processes


def is_joined() -> bool:
    """Return whether torchrun has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ and "RANK" in os.environ


def train_joined(
    run: RunOptions, make_plan: Callable[[], TrainingPlan], console: Console, device: Device, processes: int
) -> tuple[Path, TrainingResult] | None:
    """Train with the other processes that torchrun has started; process 0 alone makes the plan and has a result.

    After torchrun has restarted the processes, the run goes on from its last save. RecipeError where the options need
    a single process.
    """
    if run.out is None or run.tries is not None:
        raise RecipeError("torchrun: name the directory of the run with --out, and leave out --try")
    if processes > 1:
        raise RecipeError("--processes: torchrun has started the processes already; leave it out")
    group = Processes()
    try:
        plan = group.share(_plan(run, run.out, make_plan) if group.rank == 0 else None)[0]
        assert plan is not None
        if group.rank == 0:
            return plan.out, train_plan(plan, console, device=device, verify=run.verify, group=group)
        follow_recipe(plan.recipe, plan.out, group, device=device, resume=plan.resume)
    except Stopped as stopped:
        raise SystemExit(128 + stopped.signal) from None
    finally:
        group.leave()
    return None


def _plan(run: RunOptions, out: Path, make_plan: Callable[[], TrainingPlan]) -> TrainingPlan:
    restarted = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
    if restarted and is_model(out):
        return TrainingPlan(read_run_recipe(out, run.settings or []), out, resume=True)
    return make_plan()
