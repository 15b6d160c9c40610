"""`POST /v1/neighbours`: the training sentences whose contexts are nearest to that of a text."""

from starlette.responses import Response

from tandem.errors import TandemError
from tandem.serving.access_log import Record
from tandem.serving.models import Served
from tandem.serving.refusals import Json, Refusal
from tandem.serving.requests import NeighboursRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, note


async def neighbours(service: Service, request: NeighboursRequest, record: Record) -> Response:
    """Return the nearest training sentences, or with 202 the progress of computing their contexts."""
    served = service.models.find(request.model)
    note(record, served, [request.text])
    check_texts(service.limits, "text", [request.text])
    served.check_pytorch()
    return await in_thread(service, served, lambda: _answer(served, request))


def _answer(served: Served, request: NeighboursRequest) -> Json:
    try:
        index = served.indexing.find()
        if index is None:
            done, total = served.indexing.progress
            return Json({"computing": {"done": done, "total": total}}, 202)
        near, point = index.look_up(request.text, request.count)
    except TandemError as error:
        raise Refusal(422, f"model: {served.name} has no neighbours: {error}") from error
    return Json(
        {
            "model": served.name,
            "members": served.translator.size,
            "neighbours": [one._asdict() for one in near],
            "sentences": len(index),
            "point": point,
            "points": index.points.tolist(),
            "variance": index.variance,
        }
    )
