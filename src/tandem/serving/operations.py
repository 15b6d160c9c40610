"""The endpoints for operating the server: `/health`, `/ready`, `/metrics` and `/v1/models`."""

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.refusals import Json
from tandem.serving.service import Service


async def health(_: Service, __: None, ___: Record) -> Response:
    """Answer that the process is running."""
    return Json({"status": "alive"})


async def ready(service: Service, _: None, __: Record) -> Response:
    """Answer that requests are accepted. Raise Refusal if the server is shutting down."""
    service.gate.check_stopping()
    return Json({"status": "ready"})


async def metrics(service: Service, _: None, __: Record) -> Response:
    """Return all metrics in Prometheus' text format."""
    service.metrics.record_queues(service.models.served)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def models(service: Service, _: None, __: Record) -> Response:
    """List the models."""
    content = [
        {
            "name": served.name,
            "members": served.translator.size,
            "source": served.languages.source if served.languages else None,
            "target": served.languages.target if served.languages else None,
            "beam": served.translator.recipe.search.beam,
            "alignment": served.attends,
        }
        for served in service.models.served.values()
    ]
    return Json({"models": content})
