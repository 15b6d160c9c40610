"""The one log of a bulk job: what its driver saw happen, one JSON object a line."""

import json
import time
from contextlib import suppress
from pathlib import Path

from tandem.bulk.folder import BulkFolder


def write_event(job: Path, event: str, **details: object) -> None:
    """Add an event to the log of the job in this folder. That the log cannot be written is no reason to stop."""
    line = json.dumps({"time": round(time.time(), 3), "event": event, **details}) + "\n"
    # One write of a few bytes to a file that is open for appending is not mixed with another's.
    with suppress(OSError), BulkFolder(job).log.open("ab") as file:
        file.write(line.encode())
