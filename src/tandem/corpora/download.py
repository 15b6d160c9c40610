"""Fetching a public corpus: file by file, resumed where it broke off, kept only when it is the known text."""

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from tandem.corpora.public import PublicCorpus, PublicFile
from tandem.errors import DownloadError
from tandem.files.atomic import flush, move_into_place
from tandem.files.compression import PACKED_SUFFIXES, DamagedFile, unpacked
from tandem.files.locks import lock
from tandem.files.paths import expand_user
from tandem.files.removal import Layout, named_in, names, remove

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes that are there and, where known, the bytes that there will be."""


def _unwatched(_name: str, _done: int, _total: int | None) -> None:
    pass


_TRIES = 4
_LOCK = ".fetching.lock"
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 16
_PACKING_BYTES = 1 << 16
"""What a gzipped file may have beyond the size of its content."""
_MOST_DIGITS = 18
"""Of the size that a server claims."""
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_BROKEN = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


def fetch(
    corpus: PublicCorpus,
    folder: Path,
    *,
    mirror: str | None = None,
    progress: Progress = _unwatched,
    pause: float = 1.0,
    say: Callable[[str], object] = lambda _: None,
) -> list[Path]:
    """Bring all files of a corpus into a folder and return their paths.

    A file that is there with the right SHA-256 is left alone. `mirror` is another base URL, or a local folder
    that has the files, each plain or compressed. A broken connection is tried again, after `pause` seconds and
    then twice as many each time, and what had arrived stays beside the file as `.part` for the next call.
    A file gets its name only when it is whole, checked and flushed. Raises DownloadError. `say` is told where another
    process fetches into the folder, which is waited for.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if all(_is_known(folder / file.name, file) and not _leftovers(folder, file) for file in corpus.files):
            for file in corpus.files:
                progress(file.name, file.size, file.size)
        else:
            with _alone(folder, say):
                for file in corpus.files:
                    _fetch_file(file, folder, mirror or corpus.base_url, progress, pause)
    except OSError as error:
        raise DownloadError(
            f"{folder}: cannot be written or read ({error}). Check its permissions and the space on the "
            "disk, or choose another folder."
        ) from error
    return [folder / file.name for file in corpus.files]


@contextmanager
def _alone(folder: Path, say: Callable[[str], object]) -> Iterator[None]:
    """While no other process fetches into the folder: then what else is there was left by one that was killed."""
    with lock(folder / _LOCK, say, waiting=f"{folder}: another process fetches into it; waiting for that"):
        try:
            yield
        finally:
            with suppress(OSError):  # on Windows it is removed when it is released
                remove(folder / _LOCK)


def _leftovers(folder: Path, file: PublicFile) -> list[Path]:
    """What a call that was killed left of a file, but for the part of it that the next call goes on with."""
    part = "" if not _is_known(folder / file.name, file) else r"|\.gz\.part"
    layout: Layout = {names(rf"{re.escape(file.name)}(\.\d+\.tmp{part})"): None}
    return [path for path, _ in named_in(folder, layout)]


def _fetch_file(file: PublicFile, folder: Path, base: str, progress: Progress, pause: float) -> None:
    for path in _leftovers(folder, file):
        remove(path)
    if _is_known(folder / file.name, file):
        progress(file.name, file.size, file.size)
        return
    if not base.startswith(("http://", "https://")):
        packed = _in_local_folder(file, expand_user(base))
        if problem := _install(packed, file, folder):
            raise DownloadError(_wrong(file, str(packed), problem))
        progress(file.name, file.size, file.size)
        return
    download = _Download(f"{base.rstrip('/')}/{file.name}.gz", folder / f"{file.name}.gz.part", file, progress)
    resumed = download.arrived() > 0
    download.run(pause)
    problem = _install(download.part, file, folder)
    if problem and resumed:  # what an earlier call left may have been of another version
        download.part.unlink()
        download.run(pause)
        problem = _install(download.part, file, folder)
    download.part.unlink()
    if problem:
        raise DownloadError(_wrong(file, download.url, problem))


@dataclass(frozen=True)
class _Download:
    """One URL on its way into one `.part` file."""

    url: str
    part: Path
    file: PublicFile
    progress: Progress

    def arrived(self) -> int:
        """Bytes that are in the `.part` file."""
        return self.part.stat().st_size if self.part.exists() else 0

    def run(self, pause: float) -> None:
        """Fetch what is missing; give up after a few tries in a row that brought nothing new."""
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
        """One connection; raises one of _BROKEN when it ends before the file does."""
        start = self.arrived()
        _ = urlsplit(self.url).port  # ValueError for one that is none, which a connection would take long to say
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
                    self.progress(self.file.name, done, total)
                    if done > self.file.size + _PACKING_BYTES:
                        break  # no need for more: the check of the content will refuse it
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
        """Turn an answer that will not change into a DownloadError."""
        if not isinstance(error, urllib.error.HTTPError):
            return
        error.close()
        if error.code == 416 and self.arrived():  # nothing beyond our bytes: they are not of this file
            self.part.unlink()
        elif error.code not in _TRANSIENT_STATUS:
            raise DownloadError(
                f"{self.url}: the server answers {error.code} {error.reason}. Check the mirror, or get "
                f"{self.file.name} by other means and give its folder as the mirror."
            ) from error


def _receive(response: http.client.HTTPResponse) -> bytes:
    """Some bytes of the answer, b"" at its end; all that the network does wrong is a ConnectionError.

    Other OSErrors of a download are then about the disk.
    """
    try:
        return response.read(_CHUNK_BYTES)
    except OSError as error:
        raise ConnectionError(str(error)) from error


def _in_local_folder(file: PublicFile, folder: Path) -> Path:
    for path in (folder / f"{file.name}{suffix}" for suffix in ("", *PACKED_SUFFIXES)):
        if path.is_file():
            return path
    raise DownloadError(
        f"{folder}: there is neither {file.name} nor {file.name}.gz. A mirror is a folder that has all files "
        "of the corpus, or a base URL that begins with http:// or https://."
    )


def _install(packed: Path, file: PublicFile, folder: Path) -> str | None:
    """Unpack a file to its final name if it is the known one; else say how it differs and leave no trace."""
    temporary = folder / f"{file.name}.{os.getpid()}.tmp"
    digest = hashlib.sha256()
    size = 0
    try:
        with packed.open("rb") as raw, temporary.open("wb") as sink:
            content = unpacked(raw)
            # One byte past the known size is enough to know; it also stops what unpacks without end.
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
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _wrong(file: PublicFile, origin: str, problem: str) -> str:
    return (
        f"{file.name} from {origin} is not the known file: {problem}, expected SHA-256 {file.sha256} "
        f"({file.size:,} bytes). Nothing of it was kept. Try again, or use another mirror."
    )
