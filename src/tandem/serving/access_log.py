"""The access log: one line of ASCII for each request, a JSON object, so that it contains no terminal controls."""

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
    """The log entry of a request, filled in while the request is handled."""

    method: str
    path: str
    client: str | None
    status: int = 0
    model: str | None = None
    texts: Sequence[str] = ()
    route: str = "other"
    """The path of the endpoint with the names of its parameters, which is the label in the metrics."""
    began: float = field(default_factory=perf_counter)

    def line(self, *, with_texts: bool) -> str:
        """Return the line; it has the texts themselves only if `with_texts` is true."""
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
