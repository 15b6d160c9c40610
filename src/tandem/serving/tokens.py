"""The tokens that clients authenticate with."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tandem.errors import TandemError
from tandem.files.paths import read_text

_MOST_BYTES = 2**20
_SHORTEST = 16


@dataclass(frozen=True)
class Tokens:
    """The SHA-256 of each token, so that all comparisons take the same time."""

    digests: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of tokens, one a line. Raise TandemError if there are none, or if one is too easy to guess."""
        try:
            lines = read_text(path, _MOST_BYTES).splitlines()
        except (OSError, ValueError) as error:
            raise TandemError(f"{path}: the tokens cannot be read: {error}") from error
        tokens = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not tokens:
            raise TandemError(f"{path}: the file has no token: write one a line, or leave out --tokens")
        for number, token in enumerate(tokens, 1):
            if len(token) < _SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
                raise TandemError(
                    f"{path}: token {number} must have {_SHORTEST} characters or more, all of them ASCII without "
                    "spaces; make one by: openssl rand -hex 32"
                )
        return cls(tuple(map(_digest, tokens)))

    def allow(self, token: str) -> bool:
        """Return whether this is one of the tokens. All of them are compared, so that the time reveals nothing."""
        digest = _digest(token)
        found = [hmac.compare_digest(digest, own) for own in self.digests]
        return any(found)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
