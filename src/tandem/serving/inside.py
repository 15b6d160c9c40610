"""`POST /v1/inside`: the states and the gates of a layer, step by step."""

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from tandem.serving.access_log import Record
from tandem.serving.models import Served
from tandem.serving.refusals import Json, Refusal
from tandem.serving.requests import InsideRequest
from tandem.serving.service import Service
from tandem.serving.threads import in_thread
from tandem.serving.translating_texts import check_texts, note

if TYPE_CHECKING:
    from torch import Tensor

_MOST_VALUES = 2**21
"""The most numbers in an answer, over both directions: about 20 MB of JSON. The longest text has half as many for 1,024
units."""
_DIGITS = 6
"""Decimals of each number. A float32 between -1 and 1 has about seven; all values but cell states lie there."""


async def inside(service: Service, request: InsideRequest, record: Record) -> Response:
    """Return what a layer computed at each token that it read."""
    served = service.models.find(request.model)
    note(record, served, [request.text])
    check_texts(service.limits, "text", [request.text])
    check_texts(service.limits, "target", [request.target or ""])
    served.check_pytorch()
    # The answer may be large, so it is also serialised in the thread.
    return await in_thread(service, served, lambda: Json(_content(served, request)))


def _content(served: Served, request: InsideRequest) -> dict[str, Any]:
    from tandem.analysis import changed_units, watch_decoder, watch_encoder

    try:
        if request.side == "encoder":
            found = watch_encoder(served.translator, request.text, request.layer)
        else:
            found = watch_decoder(served.translator, request.text, request.target, request.layer)
    except ValueError as error:  # there is no such layer
        raise Refusal(422, str(error)) from error
    if request.what not in found.forward:
        raise Refusal(
            422,
            f"what: is {request.what!r}, and the layers of {served.name} have {', '.join(found.forward)}: "
            "choose one of them",
        )
    directions = [each[request.what] for each in (found.forward, found.backward) if each is not None]
    values = sum(each.numel() for each in directions)
    if values > _MOST_VALUES:
        raise Refusal(
            422,
            f"text: there are {values:,} values at its {len(found.tokens):,} steps, and {_MOST_VALUES:,} are the most "
            "here: send a shorter text",
        )
    backward = directions[1] if found.backward is not None else None
    return {
        "model": served.name,
        "members": served.translator.size,
        "tokens": found.tokens,
        "values": _rounded(directions[0]),
        "changed": changed_units(directions[0]),
        "backward": None if backward is None else _rounded(backward),
        "backward_changed": None if backward is None else changed_units(backward),
        "layers": found.layers,
        "whats": list(found.forward),
        "directions": len(directions),
    }


def _rounded(values: "Tensor") -> Any:
    return values.double().round(decimals=_DIGITS).tolist()
