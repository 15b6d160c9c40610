"""`POST /v1/saliency`: the influence of each source token on each target token."""

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.models import Served
from tandem.serving.refusals import Json, Refusal
from tandem.serving.requests import SaliencyRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, chosen_settings, note, reason, translated
from tandem.translation import Translation
from tandem.translation.saliency import saliency_object

MOST_CELLS = 2**14
"""The most cells of the table of source and target tokens. This size takes seconds, and a thread cannot be stopped."""


async def saliency(service: Service, request: SaliencyRequest, record: Record) -> Response:
    """Measure the saliency of a text and its target; without a target, the text is translated first."""
    served = service.models.find(request.model)
    note(record, served, [request.text])
    check_texts(service.limits, "text", [request.text])
    target: str | Translation | None = request.target
    if isinstance(target, str):
        check_texts(service.limits, "target", [target])
    if target is None:
        with service.gate.letting_in(1), served.in_use():
            (made,) = await translated(service, served, [request.text], chosen_settings(service.limits, served))
        if isinstance(made, BaseException):
            raise Refusal(500, reason(made))
        target = made
    _check_size(served, request.text, target)

    def work() -> Response:
        (measured,) = served.translator.saliency([request.text], [target])
        return Json(saliency_object(request.text, measured))

    return await in_thread(service, served, work)


def _check_size(served: Served, text: str, target: str | Translation) -> None:
    """Raise Refusal if the table would be too large."""
    codec = served.translator.codec
    source_tokens = len(codec.encode_sources([text])[0].ids) - 2
    target_tokens = 1 + len(codec.target.encode(target) if isinstance(target, str) else target.tokens)
    if source_tokens * target_tokens > MOST_CELLS:
        raise Refusal(
            422,
            f"text: has {source_tokens:,} tokens, and its target {target_tokens:,} with <eos>; source tokens times "
            f"target tokens may be {MOST_CELLS:,} here: ask for a part of the text",
        )
