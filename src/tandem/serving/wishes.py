"""The server's settings, from the options of `tandem serve`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.serving.limits import Limits


@dataclass(frozen=True)
class Wishes:
    """The server's settings."""

    limits: Limits
    tokens: Path | None
    origins: Sequence[str]
    follow: bool
    log_texts: bool
    later: bool = False
    """Whether models are loaded while the server runs, each as soon as it exists."""
