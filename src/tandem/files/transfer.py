"""Fetching a file from a server. What arrived stays, so that a broken download goes on where it was."""

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tandem.errors import DownloadError
from tandem.terminal import OnProgress

_TRIES = 4
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 16
_MOST_DIGITS = 18  # the most digits of a size that a server states
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_BROKEN = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


@dataclass(frozen=True)
class Transfer:
    """A download of one URL into a file that has this name only until it is checked."""

    url: str
    part: Path
    name: str
    """What `on_progress` calls it."""
    most: int
    """The most bytes that are taken, whatever the server sends."""
    remedy: str
    """A sentence that says what to do if the server or the file is missing."""
    on_progress: OnProgress

    def arrived(self) -> int:
        """Return the number of bytes that were downloaded before."""
        return self.part.stat().st_size if self.part.exists() else 0

    def run(self, pause: float) -> None:
        """Fetch what is missing. Raise DownloadError after a few tries in a row without a new byte.

        After a broken connection it waits for `pause` seconds, and for twice as many each time.
        """
        most, failures = self.arrived(), 0
        while True:
            try:
                self._attempt()
                return
            except (ValueError, http.client.InvalidURL) as error:
                raise DownloadError(f"{self.url}: this is no address ({error}). {self.remedy}") from error
            except _BROKEN as error:
                self._raise_if_lasting(error)
                failures = 1 if self.arrived() > most else failures + 1
                most = max(most, self.arrived())
                if failures >= _TRIES:
                    raise DownloadError(self._given_up(error)) from error
                time.sleep(pause * 2 ** (failures - 1))

    def _attempt(self) -> None:
        """Fetch over one connection. Raise one of _BROKEN where it ends before the file does."""
        start = self.arrived()
        _ = urlsplit(self.url).port  # ValueError for a wrong one, before a connection takes long to fail
        request = urllib.request.Request(self.url, headers={"User-Agent": "tandem-seq2seq"})
        if start:
            request.add_header("Range", f"bytes={start}-")
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            if response.status != 206:
                start = 0  # the server sends the whole file, whatever was asked
            elif not (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
                self.part.unlink(missing_ok=True)
                raise ConnectionError("it sent another part than the one asked for")
            length = response.headers.get("Content-Length") or ""
            total = start + int(length) if length.isdecimal() and len(length) < _MOST_DIGITS else None
            done = start
            with self.part.open("ab" if start else "wb") as sink:
                while chunk := _receive(response):
                    sink.write(chunk)
                    done += len(chunk)
                    self.on_progress(self.name, done, total)
                    if done > self.most:
                        break  # the caller's check of the content will refuse it
                else:
                    if total is not None and done < total:
                        raise ConnectionError(f"it ended after {done:,} of {total:,} bytes")

    def _given_up(self, error: Exception) -> str:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return (
            f"{self.url}: the connection failed {_TRIES} times ({reason!s}). The {self.arrived():,} bytes "
            f"that arrived are kept: run the same command again to go on. {self.remedy}"
        )

    def _raise_if_lasting(self, error: Exception) -> None:
        if not isinstance(error, urllib.error.HTTPError):
            return
        error.close()
        if error.code == 416 and self.arrived():  # nothing follows our bytes, so they are of another file
            self.part.unlink()
        elif error.code not in _TRANSIENT_STATUS:
            answer = f"{self.url}: the server answers {error.code} {error.reason}"
            raise DownloadError(f"{answer}. {self.remedy}") from error


def _receive(response: http.client.HTTPResponse) -> bytes:
    """Read some bytes. Errors of the network become ConnectionErrors, so that other OSErrors are those of the disk."""
    try:
        return response.read(_CHUNK_BYTES)
    except OSError as error:
        raise ConnectionError(str(error)) from error
