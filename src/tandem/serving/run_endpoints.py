"""`/v1/runs` and below, for watching and controlling trainings, and `/v1/page`, which says what the page can show."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.responses import Response

from tandem.errors import TandemError
from tandem.runs.metrics_tail import Standing
from tandem.runs.watched_run import RunStatus, WatchedRun
from tandem.serving import run_answers
from tandem.serving.access_log import Record
from tandem.serving.refusals import Json, Refusal
from tandem.serving.requests import MetricsParameters, RunParameters
from tandem.serving.service import Endpoint, Service
from tandem.version import __version__

T = TypeVar("T")

_STOPPING, _RESUMING = 5.0, 20.0
"""The most seconds that an answer waits for a training to stop, or to resume."""


async def page(service: Service, _: None, __: Record) -> Response:
    """Return what the page should show."""
    content = {
        "runs": bool(service.runs),
        "models": bool(service.models.served),
        "version": __version__,
        "needs_token": service.tokens is not None,
    }
    return Json(content)


async def runs(service: Service, _: None, __: Record) -> Response:
    """List the trainings, each with its current state."""
    tokens = service.tokens is not None
    content = await asyncio.gather(
        *(asyncio.to_thread(_run_object, name, run, tokens) for name, run in service.runs.items())
    )
    return Json({"runs": content})


async def metrics(service: Service, request: MetricsParameters, _: Record) -> Response:
    """Return rows of a training's metrics.jsonl."""
    run = _find(service, request.name)
    return Json((await _read(lambda: run.metrics.rows(request.after)))._asdict())


async def samples(service: Service, request: RunParameters, _: Record) -> Response:
    """Return the sample sentences with their translations after each validation."""
    epochs, found = await _read(_find(service, request.name).samples)
    return Json({"epochs": epochs, "samples": found})


async def stop(service: Service, request: RunParameters, _: Record) -> Response:
    """Stop a training as Ctrl-C does."""
    run = _controlled(service, request.name)
    return await _changed(run, lambda: run.stop(_STOPPING))


async def resume(service: Service, request: RunParameters, _: Record) -> Response:
    """Resume a training that was stopped."""
    run = _controlled(service, request.name)
    return await _changed(run, lambda: run.resume(_RESUMING))


def _run_object(name: str, run: WatchedRun, tokens: bool) -> dict[str, Any]:
    """Return the object of a run. A damaged run has an error, and leaves the others as they are."""
    try:
        status, error = run.status(), None
    except TandemError as damage:
        status, error = RunStatus("stopped", Standing(), run.updated(), can_change=False), str(damage)
    standing = status.standing
    return {
        "name": name,
        "state": "damaged" if error else status.state,
        "epochs": standing.epochs,
        "epoch": standing.epoch,
        "step": standing.step,
        "steps": standing.steps,
        "updated": status.updated,
        "scores": standing.scores,
        "can_control": tokens and status.can_change,
        "error": error,
    }


def _find(service: Service, name: str) -> WatchedRun:
    """Return the run of this name. Raise Refusal if there is none."""
    if name not in service.runs:
        known = f"the runs are {', '.join(service.runs)}" if service.runs else "there are no runs here"
        raise Refusal(404, f"there is no run {name[:80]!r}; {known}")
    return service.runs[name]


def _controlled(service: Service, name: str) -> WatchedRun:
    """Return the run of this name. Raise Refusal if the server has no tokens, since then anybody could stop it."""
    if service.tokens is None:
        raise Refusal(403, "stopping and resuming a training needs a token: start the server with --tokens")
    return _find(service, name)


async def _read(read: Callable[[], T]) -> T:
    """Return what a function reads, in another thread. Raise Refusal if the run is damaged."""
    try:
        return await asyncio.to_thread(read)
    except TandemError as error:
        raise Refusal(500, str(error)) from error


async def _changed(run: WatchedRun, change: Callable[[], object]) -> Response:
    try:
        await asyncio.to_thread(change)
    except TandemError as error:
        raise Refusal(409, str(error)) from error
    return Json({"state": (await _read(run.status)).state})


RUN_ENDPOINTS = (
    Endpoint("GET", "/v1/page", "Return what the page should show.", page, run_answers.PageAnswer, (504,), public=True),
    Endpoint("GET", "/v1/runs", "List the trainings.", runs, run_answers.RunsAnswer, (504,)),
    Endpoint(
        "GET",
        "/v1/runs/{name}/metrics",
        "Return rows of a training's metrics.jsonl.",
        metrics,
        run_answers.MetricsAnswer,
        (404, 422, 504),
        parameters=MetricsParameters,
    ),
    Endpoint(
        "GET",
        "/v1/runs/{name}/samples",
        "Return sample sentences and their translations after each epoch.",
        samples,
        run_answers.SamplesAnswer,
        (404, 422, 504),
        parameters=RunParameters,
    ),
    Endpoint(
        "POST",
        "/v1/runs/{name}/stop",
        "Stop a training as Ctrl-C does; it is saved first.",
        stop,
        run_answers.StateAnswer,
        (403, 404, 409, 422, 504),
        parameters=RunParameters,
    ),
    Endpoint(
        "POST",
        "/v1/runs/{name}/resume",
        "Resume a training that was stopped.",
        resume,
        run_answers.StateAnswer,
        (403, 404, 409, 422, 504),
        parameters=RunParameters,
    ),
)
