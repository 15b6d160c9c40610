"""What two trainings are compared by: the SHA-256 of each file of their runs, without what differs by nature."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MEASURED = {"tokens_per_second", "epoch_seconds", "seconds"}
_SESSIONS = {"provenance.json", "format.json"}
"""Files that say when and by what a run was trained, and those that have their sums."""


def sums_of(run: Path) -> dict[str, str]:
    """Return the SHA-256 of the files of a finished run, by their paths in it.

    These are the checkpoints, the state for resuming with the optimiser's, recipe, scores and metrics. Times and speeds
    are left out of JSON.
    """
    files = [run / name for name in ("current.json", "metrics.jsonl", "recipe.toml", "scores.json")]
    files += [path for kind in ("checkpoints", "resume") for path in (run / kind).rglob("*")]
    return {
        path.relative_to(run).as_posix(): hashlib.sha256(_content(path)).hexdigest()
        for path in sorted(files)
        if path.is_file() and path.name not in _SESSIONS
    }


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that only one has, or whose sums differ."""
    return sorted(path for path in {*one, *other} if one.get(path) != other.get(path))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix in {".json", ".jsonl"}:
        rows = content.splitlines() if path.suffix == ".jsonl" else [content]
        content = b"\n".join(json.dumps(_without_times(json.loads(row))).encode() for row in rows)
    return content


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(inner) for key, inner in value.items() if key not in _MEASURED}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value
