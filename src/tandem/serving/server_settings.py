"""The settings of the server, from the options of `tandem serve`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.serving.limits import Limits


@dataclass(frozen=True)
class ServerSettings:
    """The settings of the server."""

    limits: Limits
    tokens: Path | None
    """The file of the tokens that clients need; None accepts every client."""
    origins: Sequence[str]
    """The web origins whose pages may read answers (CORS)."""
    follow: bool
    """Whether a model that changes on disk is loaded again."""
    log_texts: bool
    """Whether the access log contains the texts."""
    later: bool = False
    """Whether models are loaded while the server runs, each as soon as it exists."""
