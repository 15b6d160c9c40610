"""`POST /v1/score`: the log-probabilities of given targets."""

from typing import Any

from starlette.responses import Response

from tandem.errors import TandemError
from tandem.serving.access_log import Record
from tandem.serving.models import Served
from tandem.serving.refusals import Json, Refusal, error_object
from tandem.serving.requests import ScoreRequest, listed
from tandem.serving.service import Service
from tandem.serving.translating_texts import check_texts, note
from tandem.translation.messages import target_score_object


async def score(service: Service, request: ScoreRequest, record: Record) -> Response:
    """Score each target given its source; a pair that fails has its own error."""
    served = service.models.find(request.model)
    sources, targets = listed(request.source), listed(request.target)
    note(record, served, sources)
    check_texts(service.limits, "source", sources)
    check_texts(service.limits, "target", targets)
    if len(sources) != len(targets):
        raise Refusal(422, f"target: has {len(targets):,} texts, and there are {len(sources):,} sources")
    pairs = list(zip(sources, targets, strict=True))
    with service.gate.letting_in(len(pairs)), served.in_use():
        return Json({"model": served.name, "scores": await _scores(served, pairs)})


async def _scores(served: Served, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    try:
        found = await served.translating.score(pairs)
    except TandemError as error:
        if len(pairs) == 1:
            source, target = pairs[0]
            return [{"source": source, "target": target, "error": error_object(500, str(error))}]
        return [each for pair in pairs for each in await _scores(served, [pair])]
    return [target_score_object(*pair, one) for pair, one in zip(pairs, found, strict=True)]
