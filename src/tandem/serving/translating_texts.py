"""`POST /v1/translate`: translate texts; the answer has what `tandem translate --json` writes for each."""

import asyncio
import logging
from contextlib import ExitStack
from typing import Any

from starlette.responses import Response

from tandem.errors import TandemError
from tandem.serving.access_log import Record
from tandem.serving.limits import Limits
from tandem.serving.models import Served
from tandem.serving.refusals import Json, Refusal, error_object
from tandem.serving.requests import TranslateRequest, listed
from tandem.serving.service import Service
from tandem.serving.streaming import OnStep, Streamed
from tandem.translation import SearchOptions, SearchSettings, Translation
from tandem.translation.messages import translation_object

_LOG = logging.getLogger("tandem.serving")


async def translate(service: Service, request: TranslateRequest, record: Record) -> Response:
    """Translate one text or several; a text that fails has its own error."""
    served = service.models.find(request.model)
    texts = listed(request.text)
    note(record, served, texts)
    check_texts(service.limits, "text", texts)
    check_texts(service.limits, "prefix", [request.prefix])
    if request.stream and not isinstance(request.text, str):
        raise Refusal(422, "stream: needs one text, not a list")
    settings = chosen_settings(
        service.limits,
        served,
        beam=request.beam,
        n_best=request.n_best,
        length_penalty=request.length_penalty,
        alignment=request.alignment,
    )

    def result(text: str, found: Translation | BaseException) -> dict[str, Any]:
        if isinstance(found, BaseException):
            return {"source": text, "error": error_object(500, reason(found))}
        content = translation_object(text, found)
        return content if request.confidence else {key: content[key] for key in content if key != "confidence"}

    with ExitStack() as stack:
        stack.enter_context(service.gate.letting_in(len(texts)))
        stack.enter_context(served.in_use())
        if request.stream:

            async def work(on_step: OnStep) -> dict[str, Any]:
                (found,) = await translated(service, served, texts, settings, request.prefix, on_step)
                return result(texts[0], found)

            return Streamed(work, stack.pop_all(), service.limits.seconds)
        found = await translated(service, served, texts, settings, request.prefix)
        return Json({"model": served.name, "translations": list(map(result, texts, found))})


async def translated(
    service: Service,
    served: Served,
    texts: list[str],
    settings: SearchSettings,
    prefix: str = "",
    on_step: OnStep | None = None,
) -> list[Translation | BaseException]:
    """Return for each text its translation, or the exception that it raised."""
    service.metrics.texts.labels(served.name).inc(len(texts))
    tasks = [served.translating.translate(text, settings, prefix, on_step=on_step) for text in texts]
    found = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [each for each in found if isinstance(each, BaseException)]
    service.metrics.failed.labels(served.name).inc(len(failed))
    return found


def reason(error: BaseException) -> str:
    """Return the error message of a text that failed. An unexpected exception is logged, not shown to the client."""
    if isinstance(error, TandemError):
        return str(error)
    _LOG.error("a text failed", exc_info=error)
    return "the model failed at this text; the server's log says more"


def note(record: Record, served: Served, texts: list[str]) -> None:
    """Record the model and the texts of a request for the access log."""
    record.model, record.texts = served.name, texts


def check_texts(limits: Limits, field: str, texts: list[str], *, most: int | None = None) -> None:
    """Raise Refusal if there are more texts than `most` (by default the server's limit), or if one is too long."""
    most = limits.texts if most is None else most
    if len(texts) > most:
        raise Refusal(422, f"{field}: has {len(texts):,} texts, and {most:,} are the most of a request here")
    for number, text in enumerate(texts):
        if len(text) > limits.characters:
            raise Refusal(
                422,
                f"{field}: text {number} (counted from 0) has {len(text):,} characters, and {limits.characters:,} are "
                "the most here",
            )


def chosen_settings(
    limits: Limits,
    served: Served,
    *,
    beam: int | None = None,
    n_best: int = 1,
    length_penalty: float | None = None,
    alignment: bool = False,
) -> SearchSettings:
    """Return the search settings of a request. Raise Refusal if the model lacks one, or if a value is too large."""
    for name, value in (("beam", beam or 1), ("n_best", n_best)):
        if value > limits.beam:
            raise Refusal(422, f"{name}: is {value:,}, and {limits.beam:,} is the most here")
    if alignment and not served.attends:
        raise Refusal(422, f"alignment: needs a model with attention, and {served.name} has none")
    options: SearchOptions = {
        "beam": beam,
        "n_best": n_best,
        "length_penalty": length_penalty,
        "alignment": alignment,
    }
    try:
        return served.translator.search_settings(**options)
    except ValueError as error:
        raise Refusal(422, str(error)) from error
