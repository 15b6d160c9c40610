"""How much the server takes on."""

from dataclasses import dataclass

from tandem.errors import ArgumentError


@dataclass(frozen=True)
class Limits:
    """The most that a request may ask for, and that may wait. Each process has its own."""

    characters: int = 10_000
    """Of a text."""
    texts: int = 128
    """Of a request."""
    body: int = 2**20
    """Bytes of a request's body."""
    beam: int = 32
    """Of a search."""
    waiting: int = 1024
    """Texts that were accepted and have no answer yet, over all requests."""
    seconds: float = 60.0
    """That a request may take until its answer begins, and twice as many until the client has taken it."""

    def __post_init__(self) -> None:
        """Raise ArgumentError where a request that may be asked for could never be let in."""
        if self.texts > self.waiting:
            raise ArgumentError(
                f"a request may have {self.texts:,} texts (--max-texts), but only {self.waiting:,} may wait "
                "(--max-waiting): raise the one, or lower the other"
            )
