"""Directories whose every file is known by its size and sum, and JSON that carries its own sum."""

import hashlib
import json
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from safetensors import SafetensorError

from tandem.errors import CheckpointError
from tandem.files.atomic import flush, new_directory, not_written, writing
from tandem.files.paths import read_text, sha256_of
from tandem.files.removal import Layout, names
from tandem.version import __version__

Content: TypeAlias = str | Callable[[Path], object]
"""The content of a file: its text, or a function that writes it to a path."""

FORMAT = 1  # the newest checkpoint format that this version writes and reads

FORMAT_FILE = "format.json"
UNFINISHED = r"\.tmp[A-Za-z0-9]{6}"
"""The pattern of the name that safetensors gives to a file while it writes it: a killed process leaves it so."""

_MOST_JSON = 2**16  # the largest size of such a description in bytes, about a hundred times what it takes
_NAME = re.compile(r"[\w-][\w.-]*", re.ASCII)
_LINK = "it is a link, and these must be the files themselves. Copy them with links followed (cp -rL)"
_CACHED = re.compile(r"\.\./\.\./blobs/([0-9a-f]{2}/)?[0-9a-f]{40,64}")
"""Where a link of huggingface_hub's cache leads: to the content, or to content that several models share."""
_CACHED_REMEDY = (
    "Remove the folder models--OWNER--NAME that it is in, so that it is fetched anew; if that does not help, the file "
    "on the Hub is not what its owner saved"
)


def write_directory(directory: Path, files: Mapping[str, Content]) -> None:
    """Write files and a `format.json` with their sizes and sums, flushed, and give the new directory its name last.

    Raise NotWrittenError naming what cannot be written, or exists already; then nothing of the directory is left.
    """
    layout: Layout = {names("|".join([*map(re.escape, (*files, FORMAT_FILE)), UNFINISHED])): None}
    with new_directory(directory, layout) as partial:
        sums = {}
        for name, content in files.items():
            with _writing_tensors(directory / name):
                _write(partial / name, content)
                flush(partial / name)
                sums[name] = {"size": (partial / name).stat().st_size, "sha256": sha256_of(partial / name)}
        description = {"format": FORMAT, "tandem": __version__, "files": sums}
        with writing(directory / FORMAT_FILE):
            _write(partial / FORMAT_FILE, sealed(description))
            flush(partial / FORMAT_FILE)
            for name in files:  # safetensors lets nobody but the owner read what it writes
                shutil.copymode(partial / FORMAT_FILE, partial / name)


@contextmanager
def _writing_tensors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into a NotWrittenError, also where safetensors has it inside its own."""
    try:
        with writing(path):
            yield
    except SafetensorError as error:
        # "Error while serializing: I/O error: File too large (os error 27)"
        inside = re.search(r"I/O error: (.*) \(os error", str(error))
        raise not_written(path, inside[1] if inside else str(error)) from error


def _write(path: Path, content: Content) -> None:
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="\n")
    else:
        content(path)


def sealed(content: Mapping[str, Any]) -> str:
    """Return JSON that ends with its own SHA-256, so that damage to it is told from damage to what it describes."""
    seal = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return json.dumps({**content, "sha256": seal}, indent=2) + "\n"


def unreadable(path: Path, error: OSError) -> CheckpointError:
    """Return the error for a file of a checkpoint that cannot be opened or read, although it may be whole."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return CheckpointError(f"{path}: missing: its directory is not complete. Copy it again, whole")
    if error.errno is None:  # of `read_text`: a device, or too large
        return CheckpointError(f"{path}: damaged: {error}. Copy it again")
    return CheckpointError(
        f"{path}: cannot be read: {error.strerror}. Check its permissions, and that the disk is in order"
    )


def read_sealed(path: Path, most: int = _MOST_JSON) -> dict[str, Any]:
    """Read what `sealed` wrote to a file of at most so many bytes.

    Raise CheckpointError where it holds anything else, or a newer format.
    """
    if _content_of(path).is_symlink():
        raise CheckpointError(f"{path}: {_LINK}")
    try:
        text = read_text(path, most)
        content: Any = json.loads(text)
        whole = isinstance(content, dict) and text == sealed({k: v for k, v in content.items() if k != "sha256"})
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged: it is no JSON that Tandem wrote ({error}). Copy it again") from error
    version = content.get("format") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise CheckpointError(
            f"{path}: the format is {version}, and this Tandem ({__version__}) reads up to {FORMAT}: upgrade Tandem"
        )
    if not whole:
        raise CheckpointError(f"{path}: damaged: its content is not what was saved (SHA-256). Copy it again")
    return dict(content)


def check_directory(
    directory: Path,
    names: Sequence[str],
    remedies: Mapping[str, str] | None = None,
    *,
    optional: Sequence[str] = (),
) -> frozenset[str]:
    """Check that these files were written and are unchanged; return the names of all files that were written.

    An `optional` file need not have been written; where it was, it is checked like the others. `remedies` say what to
    do about a file that was changed; the remedy for others is to copy them again. Raise CheckpointError where a file
    is missing, unreadable or changed.
    """
    path = directory / FORMAT_FILE
    description = read_sealed(path)
    version, files = description.get("format"), description.get("files")
    if type(version) is not int or version < 1 or not isinstance(files, dict):
        raise CheckpointError(f"{path}: damaged: it names no format from 1 to {FORMAT}, or no files. Copy it again")
    if not files.keys() >= set(names) or not all(map(_NAME.fullmatch, files)):
        listed = ", ".join(sorted(map(repr, files))) or "none"
        raise CheckpointError(
            f"{path}: damaged: it must list {', '.join(names)}, names alone, but it lists {listed}. Copy it again"
        )
    remedies = remedies or {}
    names = [*names, *(name for name in optional if name in files)]
    faults = [_fault(directory / name, files[name], remedies.get(name, "Copy it again")) for name in names]
    messages = [fault for fault in faults if fault]
    if len(messages) > 1:
        lines = "\n  ".join(messages)
        raise CheckpointError(
            f"{path}: it fits only {len(names) - len(messages)} of its {len(names)} files: it is another model's, or "
            f"they are, or they are damaged. Copy all of them again:\n  {lines}"
        )
    if messages:
        raise CheckpointError(messages[0])
    return frozenset(files)


def holds(directory: Path, name: str) -> bool:
    """Tell whether `write_directory` wrote a file of this name. Raise CheckpointError where its list is damaged."""
    path = directory / FORMAT_FILE
    files = read_sealed(path).get("files") if path.exists() else None
    return isinstance(files, dict) and name in files


def _fault(file: Path, expected: object, remedy: str) -> str | None:
    """Say what is wrong with a file whose size and sum should be `expected`; None where nothing is."""
    content = _content_of(file)
    remedy = remedy if content == file else _CACHED_REMEDY
    try:
        status = content.lstat()
    except OSError as error:
        return str(unreadable(file, error))
    if stat.S_ISLNK(status.st_mode):
        return f"{file}: {_LINK}"
    if not stat.S_ISREG(status.st_mode):
        return f"{file}: damaged: it is not an ordinary file. Copy it again"
    size, sha256 = (expected.get("size"), expected.get("sha256")) if isinstance(expected, dict) else (None, None)
    if status.st_size != size:
        return f"{file}: damaged: it has {status.st_size} bytes instead of {size}. {remedy}"
    try:
        if sha256_of(file) != sha256:
            return f"{file}: damaged: its content is not what was saved (SHA-256). {remedy}"
    except OSError as error:
        return str(unreadable(file, error))
    return None


def _content_of(file: Path) -> Path:
    """Return the file that has the content of one in huggingface_hub's cache, and any other file as it is.

    The links of that cache lead to its own folders of blobs alone, so they may be followed.
    """
    for _ in range(2):
        if not file.is_symlink() or not _CACHED.fullmatch(link := file.readlink().as_posix()):
            break
        file = file.parent / link
    return file
