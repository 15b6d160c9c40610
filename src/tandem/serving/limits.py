"""The limits of the server."""

from dataclasses import dataclass

from tandem.errors import ArgumentError


@dataclass(frozen=True)
class Limits:
    """How much a request may ask for, and how much may wait. Each process has its own count."""

    characters: int = 10_000
    """The most characters of a text."""
    texts: int = 128
    """The most texts of a request."""
    body: int = 2**20
    """The most bytes of a request's body."""
    beam: int = 32
    """The largest beam of a search."""
    waiting: int = 1024
    """The most texts, over all requests, that were accepted and have no answer yet."""
    seconds: float = 60.0
    """The time that a request may take until its answer begins. The client has twice as long to read the answer."""

    def __post_init__(self) -> None:
        """Raise ArgumentError if a request within its limits could never be accepted."""
        if self.texts > self.waiting:
            raise ArgumentError(
                f"a request may have {self.texts:,} texts (--max-texts), but only {self.waiting:,} may wait "
                "(--max-waiting): raise the one, or lower the other"
            )
