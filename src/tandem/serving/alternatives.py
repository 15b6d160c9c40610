"""`POST /v1/alternatives`: what else could stand at a place of a translation."""

from dataclasses import asdict

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.refusals import Json
from tandem.serving.requests import AlternativesRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, note
from tandem.translation.alternatives import find_alternatives


async def list_alternatives(service: Service, wanted: AlternativesRequest, record: Record) -> Response:
    """Return the most probable tokens at a place, each with the prefix by which a translation begins so."""
    served = service.models.find(wanted.model)
    note(record, served, [wanted.text])
    check_texts(service.limits, "text", [wanted.text])
    check_texts(service.limits, "tokens", ["".join(wanted.tokens)])
    translator = served.translator

    def work() -> Response:
        found = find_alternatives(
            translator.engine, translator.codec, wanted.text, wanted.tokens, wanted.place, wanted.count
        )
        return Json(asdict(found))

    return await in_thread(service, served, work)
