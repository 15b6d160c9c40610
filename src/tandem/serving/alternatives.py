"""`POST /v1/alternatives`: the most probable tokens at one position of a translation."""

from dataclasses import asdict

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.refusals import Json
from tandem.serving.requests import AlternativesRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, note
from tandem.translation.alternatives import find_alternatives


async def list_alternatives(service: Service, request: AlternativesRequest, record: Record) -> Response:
    """Return the most probable tokens at a position, each with the prefix that makes a translation begin with it."""
    served = service.models.find(request.model)
    note(record, served, [request.text])
    check_texts(service.limits, "text", [request.text])
    check_texts(service.limits, "tokens", ["".join(request.tokens)])
    translator = served.translator

    def work() -> Response:
        found = find_alternatives(
            translator.engine, translator.codec, request.text, request.tokens, request.place, request.count
        )
        return Json(asdict(found))

    return await in_thread(service, served, work)
