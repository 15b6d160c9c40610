"""Work of a request that takes a thread of its own, beside what translates texts together."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from tandem.engines.onnx_engine import OnnxEngine
from tandem.errors import TandemError
from tandem.serving.models import Served
from tandem.serving.refusals import Refusal

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Return what the work returns, which runs in a thread. It runs on where the client leaves.

    Raise Refusal where it raises ValueError, for a request that does not fit the model, or TandemError.
    """
    try:
        return await asyncio.to_thread(work)
    except TandemError as error:
        raise Refusal(500, str(error)) from error
    except ValueError as error:
        raise Refusal(422, str(error)) from error


def check_pytorch(served: Served) -> None:
    """Raise Refusal for a model that is an export."""
    if isinstance(served.translator.engine, OnnxEngine):
        raise Refusal(
            422,
            f"model: {served.name} is an export, and this needs the PyTorch model itself: serve the run or the "
            "checkpoint that it was made from",
        )
