"""`POST /v1/trace`: the search for a text's translation, step by step."""

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.refusals import Json
from tandem.serving.requests import TraceRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, chosen_settings, note
from tandem.translation.traces import trace_object


async def trace(service: Service, request: TraceRequest, record: Record) -> Response:
    """Trace the search for one text; the answer is what `tandem translate --trace` writes."""
    served = service.models.find(request.model)
    note(record, served, [request.text])
    check_texts(service.limits, "text", [request.text])
    check_texts(service.limits, "prefix", [request.prefix])
    settings = chosen_settings(
        service.limits, served, beam=request.beam, n_best=request.n_best, length_penalty=request.length_penalty
    )

    def work() -> Response:
        (found,) = served.translator.trace([request.text], settings, prefixes=request.prefix)
        return Json(trace_object(found))

    return await in_thread(service, served, work)
