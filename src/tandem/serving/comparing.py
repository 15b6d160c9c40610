"""`POST /v1/compare`: two models on the same lines."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.models import Served
from tandem.serving.refusals import GONE, Json, Refusal
from tandem.serving.requests import CompareRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, chosen_settings, note
from tandem.translation import SearchSettings

MOST_LINES = 3_000
"""Lines of a comparison. The largest of the usual test sets have as many, and two small models translate them within
the seconds that a request has; `--max-texts`, of requests that are answered together, has nothing to do with it."""
_TOGETHER = 64
"""Lines that are translated together, after which it is seen whether anybody still waits."""


class _Abandoned(Exception):
    """Nobody waits for the answer any more."""


async def compare(service: Service, wanted: CompareRequest, record: Record) -> Response:
    """Translate the lines by both models, beside what is translated for others, and score them. One at a time."""
    first, second = (service.models.find(name) for name in wanted.models)
    if first is second:
        raise Refusal(422, f"models: {first.name} is there twice: name two different ones")
    note(record, first, wanted.sources)
    check_texts(service.limits, "sources", wanted.sources, most=MOST_LINES)
    if wanted.references is not None:
        check_texts(service.limits, "references", wanted.references, most=MOST_LINES)
        if len(wanted.references) != len(wanted.sources):
            raise Refusal(
                422,
                f"references: has {len(wanted.references):,} texts, and there are {len(wanted.sources):,} sources",
            )
    settings = [chosen_settings(service.limits, served, beam=wanted.beam) for served in (first, second)]
    if service.comparing.locked():
        raise Refusal(429, "another comparison is under way: try again later", {"Retry-After": "5"})
    stop = Event()

    def work() -> Response:
        try:
            return Json(_content((first, second), wanted, settings, stop))
        except _Abandoned:
            return Response(status_code=GONE)  # to nobody

    async with service.comparing:
        with second.used():
            try:
                return await in_thread(service, first, work)
            finally:
                stop.set()


def _content(
    models: tuple[Served, Served], wanted: CompareRequest, settings: Sequence[SearchSettings], stop: Event
) -> dict[str, Any]:
    first, second = (
        _translated(served, wanted.sources, own, stop) for served, own in zip(models, settings, strict=True)
    )
    content: dict[str, Any] = {
        "models": [served.name for served in models],
        "count": len(wanted.sources),
        "scores": None,
        "signatures": {},
        "significance": None,
    }
    unknown = [None] * len(wanted.sources)
    references: Sequence[str | None] = wanted.references or unknown
    of_first: Sequence[float | None] = unknown
    of_second: Sequence[float | None] = unknown
    if wanted.references is not None:
        from tandem.analysis.lines import compare_lines
        from tandem.metrics.bootstrap import Resampling

        search, resampling = models[0].translator.recipe.search, Resampling()
        found = compare_lines(
            wanted.sources,
            wanted.references,
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
    rows = zip(wanted.sources, references, first, second, of_first, of_second, strict=True)
    content["rows"] = [dict(zip(names, row, strict=True)) for row in rows]
    return content


def _translated(served: Served, texts: Sequence[str], settings: SearchSettings, stop: Event) -> list[str]:
    """Return the translations of the texts. They are abandoned once `stop` is set."""

    def look(_: int) -> None:
        if stop.is_set():
            raise _Abandoned

    own = replace(settings, batch_size=_TOGETHER)
    return [one.text for one in served.translator.translate_stream(texts, own, on_progress=look)]
