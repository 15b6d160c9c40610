"""Fetches a public corpus file by file. A broken download is resumed; only the known text is kept."""

import hashlib
import os
import re
from pathlib import Path

from tandem.corpora.public import PublicCorpus, PublicFile, find_packed
from tandem.errors import DownloadError
from tandem.files.atomic import flush, move_into_place
from tandem.files.compression import DamagedFile, unpacked
from tandem.files.locks import lock
from tandem.files.paths import expand_user, sha256_of
from tandem.files.removal import Layout, named_in, names, remove
from tandem.files.transfer import Transfer
from tandem.terminal import Notify, OnProgress

_CHUNK_BYTES = 1 << 16
_PACKING_BYTES = 1 << 16  # the bytes that a gzipped file may have beyond the size of its content


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
    download = Transfer(
        f"{base.rstrip('/')}/{file.name}.gz",
        folder / f"{file.name}.gz.part",
        file.name,
        file.size + _PACKING_BYTES,
        f"Check the mirror, or get {file.name} by other means and give its folder as the mirror.",
        on_progress,
    )
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
