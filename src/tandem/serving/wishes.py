"""What the options of `tandem serve` say of the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.serving.limits import Limits


@dataclass(frozen=True)
class Wishes:
    """How to serve."""

    limits: Limits
    tokens: Path | None
    origins: Sequence[str]
    follow: bool
    log_texts: bool
    later: bool = False
    """Whether models are loaded while the server runs, each as soon as it is there."""
