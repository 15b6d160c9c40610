"""What runs models in a browser: onnxruntime-web, its official npm package, fetched once and checked by its sum."""

import base64
import hashlib
import tarfile
from pathlib import Path

from tandem.corpora.public import default_folder
from tandem.errors import DownloadError
from tandem.files.atomic import flush, move_into_place
from tandem.files.locks import lock
from tandem.files.transfer import Transfer
from tandem.terminal import Notify, OnProgress

VERSION = "1.30.0"
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""In Base64, as npm states it."""
_SIZE = 33_106_585
_NAME = f"onnxruntime-web-{VERSION}.tgz"
_URL = f"https://registry.npmjs.org/onnxruntime-web/-/{_NAME}"
MODULE, WASM = "onnxruntime/ort.wasm.bundle.min.js", "onnxruntime/ort-wasm-simd-threaded.wasm"
_NAMES = {
    "package/dist/ort.wasm.bundle.min.mjs": MODULE,  # .js, which every server sends as JavaScript
    "package/dist/ort-wasm-simd-threaded.wasm": WASM,
}
"""The names of the package's files in a page."""


def package_path() -> Path:
    """Return where the package is kept: Tandem's part of the user's data."""
    return default_folder() / "onnxruntime-web" / _NAME


def runtime_files(
    *, on_progress: OnProgress = lambda *_: None, notify: Notify = lambda _: None, pause: float = 1.0
) -> dict[str, bytes]:
    """Return the files of a page that run its model, by their names there; the package is fetched where it is missing.

    `on_progress` counts its bytes. After a broken connection it waits for `pause` seconds at first. Raise DownloadError
    where the package cannot be had.
    """
    path = package_path()
    try:
        if not _is_known(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting = f"{path.parent}: another process fetches into it; waiting for that"
            with lock(path.parent / ".fetching.lock", notify, waiting=waiting, temporary=True):
                if not _is_known(path):
                    _fetch(path, on_progress, pause)
        return _unpacked(path)
    except OSError as error:
        raise DownloadError(
            f"{path}: cannot be written or read ({error}). Check its permissions and the space on the disk"
        ) from error


def _fetch(path: Path, on_progress: OnProgress, pause: float) -> None:
    part = path.with_name(f"{_NAME}.part")
    remedy = f"Without a network, get this file by other means, put it at {path}, and run the command again."
    transfer = Transfer(_URL, part, _NAME, _SIZE, remedy, on_progress)
    resumed = transfer.arrived() > 0
    transfer.run(pause)
    if not _is_known(part) and resumed:  # the bytes of an earlier call may be of something else
        part.unlink()
        transfer.run(pause)
    if not _is_known(part):
        part.unlink()
        raise DownloadError(
            f"{_URL} is not the known file, whose SHA-512 is {SHA512}. Nothing of it was kept. {remedy}"
        )
    flush(part)
    move_into_place(part, path)


def _is_known(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size != _SIZE:
        return False
    with path.open("rb") as file:
        return base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode() == SHA512


def _unpacked(path: Path) -> dict[str, bytes]:
    found = {}
    with tarfile.open(path) as package:
        for member in package:  # up to the last that is wanted, since what follows is large
            if name := _NAMES.get(member.name):
                file = package.extractfile(member)
                assert file is not None  # the package is known
                found[name] = file.read()
            if len(found) == len(_NAMES):
                break
    return found
