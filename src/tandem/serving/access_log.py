"""The access log: a JSON object a request, on one line of ASCII, so that nothing in it can steer a terminal."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeAlias

WriteLine: TypeAlias = Callable[[str], object]
"""Writes a line of the log."""
RECORD = "tandem.record"
"""The key of a request's `Record` in its scope."""
_LONGEST_PATH = 200


@dataclass
class Record:
    """What the log says of a request; filled in as the request goes on."""

    method: str
    path: str
    client: str | None
    status: int = 0
    model: str | None = None
    texts: Sequence[str] = ()
    route: str = "other"
    """What was asked for, as the figures call it: a path with its parameters by name."""
    began: float = field(default_factory=perf_counter)

    def line(self, *, with_texts: bool) -> str:
        """Return the line; the texts themselves stand in it only where that was asked for."""
        content: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "client": self.client,
            "method": self.method,
            "path": self.path[:_LONGEST_PATH],
            "status": self.status,
            "seconds": round(perf_counter() - self.began, 6),
            "model": self.model,
            "texts": len(self.texts),
            "characters": sum(map(len, self.texts)),
        }
        if with_texts:
            content["content"] = list(self.texts)
        return json.dumps(content) + "\n"
