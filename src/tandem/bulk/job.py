"""What a job is, so that one that was stopped is told from another one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from tandem.bulk.lines import Survey


class ModelStamp(NamedTuple):
    """What tells a model from others, and the time when it was written."""

    description: bytes  # The file that describes its checkpoint, with the SHA-256 of each file of it
    written: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the description of a checkpoint."""
        return cls(path.read_bytes(), path.stat().st_mtime)


@dataclass(frozen=True)
class Job:
    """What a resumed job has in common with the one that was stopped: then both write the same bytes."""

    input: str  # The SHA-256 of the input's lines
    model: str  # The SHA-256 of the models' descriptions
    lines: int
    changed: float  # The time when the input or a model was last changed, whichever is later
    options: dict[str, Any]  # Everything else that the output depends on. `format` is the name of its form.

    @classmethod
    def describe(cls, source: Path, survey: Survey, models: Sequence[ModelStamp], options: dict[str, Any]) -> Self:
        """Return the job of translating a file by models."""
        return cls(
            input=survey.sha256,
            model=hashlib.sha256(b"".join(model.description for model in models)).hexdigest(),
            lines=survey.lines,
            changed=max(source.stat().st_mtime, *(model.written for model in models)),
            options=options,
        )

    def difference(self, begun: "Job") -> str:
        """Return what makes this another job than the one that was begun; "" where nothing does."""
        differences = [f"another {name}" for name in ("input", "model") if getattr(self, name) != getattr(begun, name)]
        # What an older version did not know of was off.
        differences += [
            f"{name} {begun.options.get(name)} (now {value})"
            for name, value in self.options.items()
            if (begun.options.get(name) or None) != (value or None)
        ]
        return ", ".join(differences)
