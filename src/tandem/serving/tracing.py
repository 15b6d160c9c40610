"""`POST /v1/trace`: the search for a text's translation, step by step."""

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.refusals import Json
from tandem.serving.requests import TraceRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, chosen_settings, note
from tandem.translation.traces import trace_object


async def trace(service: Service, wanted: TraceRequest, record: Record) -> Response:
    """Trace the search for one text; what is written is what `tandem translate --trace` writes."""
    served = service.models.find(wanted.model)
    note(record, served, [wanted.text])
    check_texts(service.limits, "text", [wanted.text])
    check_texts(service.limits, "prefix", [wanted.prefix])
    settings = chosen_settings(
        service.limits, served, beam=wanted.beam, n_best=wanted.n_best, length_penalty=wanted.length_penalty
    )

    def work() -> Response:
        (found,) = served.translator.trace([wanted.text], settings, prefixes=wanted.prefix)
        return Json(trace_object(found))

    return await in_thread(service, served, work)
