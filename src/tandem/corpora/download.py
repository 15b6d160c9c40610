"""Fetches a public corpus file by file. A broken download is resumed; only the known text is kept."""

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tandem.corpora.public import PublicCorpus, PublicFile, find_packed
from tandem.errors import DownloadError
from tandem.files.atomic import flush, move_into_place
from tandem.files.compression import DamagedFile, unpacked
from tandem.files.locks import lock
from tandem.files.paths import expand_user, sha256_of
from tandem.files.removal import Layout, named_in, names, remove
from tandem.terminal import Notify, OnProgress

_TRIES = 4
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 16
_PACKING_BYTES = 1 << 16  # the bytes that a gzipped file may have beyond the size of its content
_MOST_DIGITS = 18  # the most digits of a size that a server states
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_BROKEN = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


def fetch(
    corpus: PublicCorpus,
    folder: Path,
    *,
    mirror: str | None = None,
    on_progress: OnProgress = lambda *_: None,
    pause: float = 1.0,
    notify: Notify = lambda _: None,
) -> list[Path]:
    """Fetch all files of a corpus into a folder and return their paths.

    A file that has the right SHA-256 already is not fetched. `mirror` is another base URL, or a local folder with the
    files, each plain or compressed. After a broken connection it tries again, first after `pause` seconds and then
    after twice as many each time; the bytes that arrived stay beside the file as `.part` for the next call. A file
    gets its name only when it is complete, checked and flushed. `on_progress` counts bytes. Where another process
    fetches into the folder, the user is told, and this call waits. Raise DownloadError where a file cannot be fetched.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if all(_is_known(folder / file.name, file) and not _leftovers(folder, file) for file in corpus.files):
            for file in corpus.files:
                on_progress(file.name, file.size, file.size)
        else:
            waiting = f"{folder}: another process fetches into it; waiting for that"
            # Partial files that are there when the lock is held are from a process that died.
            with lock(folder / ".fetching.lock", notify, waiting=waiting, temporary=True):
                for file in corpus.files:
                    _fetch_file(file, folder, mirror or corpus.base_url, on_progress, pause)
    except OSError as error:
        raise DownloadError(
            f"{folder}: cannot be written or read ({error}). Check its permissions and the space on the "
            "disk, or choose another folder."
        ) from error
    return [folder / file.name for file in corpus.files]


def _leftovers(folder: Path, file: PublicFile) -> list[Path]:
    """Return what a killed call left of a file, except the part that the next call continues."""
    part = "" if not _is_known(folder / file.name, file) else r"|\.gz\.part"
    layout: Layout = {names(rf"{re.escape(file.name)}(\.\d+\.tmp{part})"): None}
    return [path for path, _ in named_in(folder, layout)]


def _fetch_file(file: PublicFile, folder: Path, base: str, on_progress: OnProgress, pause: float) -> None:
    for path in _leftovers(folder, file):
        remove(path)
    if not _is_known(folder / file.name, file):
        if base.startswith(("http://", "https://")):
            _fetch_from_server(file, folder, base, on_progress, pause)
            return
        packed = _in_local_folder(file, expand_user(base))
        if problem := _install(packed, file, folder):
            raise DownloadError(_wrong(file, str(packed), problem))
    on_progress(file.name, file.size, file.size)


def _fetch_from_server(file: PublicFile, folder: Path, base: str, on_progress: OnProgress, pause: float) -> None:
    download = _Download(f"{base.rstrip('/')}/{file.name}.gz", folder / f"{file.name}.gz.part", file, on_progress)
    resumed = download.arrived() > 0
    download.run(pause)
    problem = _install(download.part, file, folder)
    if problem and resumed:  # the bytes of an earlier call may be of another version
        download.part.unlink()
        download.run(pause)
        problem = _install(download.part, file, folder)
    download.part.unlink()
    if problem:
        raise DownloadError(_wrong(file, download.url, problem))


@dataclass(frozen=True)
class _Download:
    """A download of one URL into a `.part` file."""

    url: str
    part: Path
    file: PublicFile
    on_progress: OnProgress

    def arrived(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def run(self, pause: float) -> None:
        """Fetch what is missing. Give up after a few tries in a row without a new byte."""
        most, failures = self.arrived(), 0
        while True:
            try:
                self._attempt()
                return
            except (ValueError, http.client.InvalidURL) as error:
                raise DownloadError(f"{self.url}: this is no address ({error}). Check the mirror.") from error
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
                    self.on_progress(self.file.name, done, total)
                    if done > self.file.size + _PACKING_BYTES:
                        break  # the check of the content will refuse it
                else:
                    if total is not None and done < total:
                        raise ConnectionError(f"it ended after {done:,} of {total:,} bytes")

    def _given_up(self, error: Exception) -> str:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return (
            f"{self.url}: the connection failed {_TRIES} times ({reason!s}). The {self.arrived():,} bytes "
            "that arrived are kept: run the same command again to go on, or use another mirror."
        )

    def _raise_if_lasting(self, error: Exception) -> None:
        if not isinstance(error, urllib.error.HTTPError):
            return
        error.close()
        if error.code == 416 and self.arrived():  # nothing follows our bytes, so they are of another file
            self.part.unlink()
        elif error.code not in _TRANSIENT_STATUS:
            raise DownloadError(
                f"{self.url}: the server answers {error.code} {error.reason}. Check the mirror, or get "
                f"{self.file.name} by other means and give its folder as the mirror."
            ) from error


def _receive(response: http.client.HTTPResponse) -> bytes:
    """Read some bytes. Errors of the network become ConnectionErrors, so that other OSErrors are those of the disk."""
    try:
        return response.read(_CHUNK_BYTES)
    except OSError as error:
        raise ConnectionError(str(error)) from error


def _in_local_folder(file: PublicFile, folder: Path) -> Path:
    if path := find_packed(folder, file.name):
        return path
    raise DownloadError(
        f"{folder}: there is neither {file.name} nor {file.name}.gz. A mirror is a folder that has all files "
        "of the corpus, or a base URL that begins with http:// or https://."
    )


def _install(packed: Path, file: PublicFile, folder: Path) -> str | None:
    """Unpack a file to its final name if it is the known one. Otherwise return how it differs, and leave no trace."""
    temporary = folder / f"{file.name}.{os.getpid()}.tmp"
    digest = hashlib.sha256()
    size = 0
    try:
        with packed.open("rb") as raw, temporary.open("wb") as sink:
            content = unpacked(raw)
            # One byte beyond the known size proves a difference, and stops a file that unpacks without end.
            while chunk := content.read(min(_CHUNK_BYTES, file.size + 1 - size)):
                size += len(chunk)
                digest.update(chunk)
                sink.write(chunk)
        if size > file.size:
            return f"it has more than {file.size:,} bytes"
        if digest.hexdigest() != file.sha256:
            return f"its SHA-256 is {digest.hexdigest()} ({size:,} bytes)"
        flush(temporary)
        move_into_place(temporary, folder / file.name)
    except DamagedFile as error:
        return f"it cannot be unpacked ({error.reason})"
    finally:
        temporary.unlink(missing_ok=True)
    return None


def _is_known(path: Path, file: PublicFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size and sha256_of(path) == file.sha256


def _wrong(file: PublicFile, origin: str, problem: str) -> str:
    return (
        f"{file.name} from {origin} is not the known file: {problem}, expected SHA-256 {file.sha256} "
        f"({file.size:,} bytes). Nothing of it was kept. Try again, or use another mirror."
    )
