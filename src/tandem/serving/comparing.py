"""`POST /v1/compare`: two models on the same lines."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.models import Served
from tandem.serving.refusals import CLIENT_DISCONNECTED, Json, Refusal
from tandem.serving.requests import CompareRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, chosen_settings, note
from tandem.translation import SearchSettings

MOST_LINES = 3_000
"""The most lines of a comparison: as many as the largest of the usual test sets. Two small models translate them within
the time limit of a request. `--max-texts` does not apply to comparisons."""
_TOGETHER = 64
"""Lines in a batch; after each batch, the work stops if the client has disconnected."""


class _Abandoned(Exception):
    """The client no longer waits for the answer."""


async def compare(service: Service, request: CompareRequest, record: Record) -> Response:
    """Translate the lines with both models in a thread of its own, and score them. One comparison runs at a time."""
    first, second = (service.models.find(name) for name in request.models)
    if first is second:
        raise Refusal(422, f"models: both are {first.name}: name two different models")
    note(record, first, request.sources)
    check_texts(service.limits, "sources", request.sources, most=MOST_LINES)
    if request.references is not None:
        check_texts(service.limits, "references", request.references, most=MOST_LINES)
        if len(request.references) != len(request.sources):
            raise Refusal(
                422,
                f"references: has {len(request.references):,} texts, and there are {len(request.sources):,} sources",
            )
    settings = [chosen_settings(service.limits, served, beam=request.beam) for served in (first, second)]
    if service.comparison_lock.locked():
        raise Refusal(429, "another comparison is running: try again later", {"Retry-After": "5"})
    stop = Event()

    def work() -> Response:
        try:
            return Json(_content((first, second), request, settings, stop))
        except _Abandoned:
            return Response(status_code=CLIENT_DISCONNECTED)  # to nobody

    async with service.comparison_lock:
        with second.in_use():
            try:
                return await in_thread(service, first, work)
            finally:
                stop.set()


def _content(
    models: tuple[Served, Served], request: CompareRequest, settings: Sequence[SearchSettings], stop: Event
) -> dict[str, Any]:
    first, second = (
        _translated(served, request.sources, own, stop) for served, own in zip(models, settings, strict=True)
    )
    content: dict[str, Any] = {
        "models": [served.name for served in models],
        "count": len(request.sources),
        "scores": None,
        "signatures": {},
        "significance": None,
    }
    unknown = [None] * len(request.sources)
    references: Sequence[str | None] = request.references or unknown
    of_first: Sequence[float | None] = unknown
    of_second: Sequence[float | None] = unknown
    if request.references is not None:
        from tandem.analysis.lines import compare_lines
        from tandem.metrics.bootstrap import Resampling

        search, resampling = models[0].translator.recipe.search, Resampling()
        found = compare_lines(
            request.sources,
            request.references,
            (first, second),
            lowercase=search.lowercase_scores,
            tokenize=search.score_tokenize,
            resampling=resampling,
        )
        of_first, of_second = found.first.sentences, found.second.sentences
        content["scores"] = {
            served.name: {name: score.value for name, score in one.scores.items()}
            for served, one in zip(models, (found.first, found.second), strict=True)
        }
        content["signatures"] = {name: score.signature for name, score in found.first.scores.items()}
        if found.difference is not None:
            content["signatures"]["significance"] = resampling.signature
            content["significance"] = {
                "metric": "bleu",
                "difference": found.difference.interval.value,
                "p": found.difference.p_value,
                "samples": resampling.samples,
            }
    names = ("source", "reference", "first", "second", "first_score", "second_score")
    rows = zip(request.sources, references, first, second, of_first, of_second, strict=True)
    content["rows"] = [dict(zip(names, row, strict=True)) for row in rows]
    return content


def _translated(served: Served, texts: Sequence[str], settings: SearchSettings, stop: Event) -> list[str]:
    """Return the translations of the texts. Raise _Abandoned once `stop` is set."""

    def check_stopped(_: int) -> None:
        if stop.is_set():
            raise _Abandoned

    in_batches = replace(settings, batch_size=_TOGETHER)
    stream = served.translator.translate_stream(texts, in_batches, on_progress=check_stopped)
    return [translation.text for translation in stream]
