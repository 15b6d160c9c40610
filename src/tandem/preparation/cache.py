"""The cache of prepared corpora: its folder, its content, and whether that is unchanged."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_dir

from tandem.corpora.pairs import Pair
from tandem.errors import CheckpointError, CorpusError
from tandem.files.atomic import flush, move_into_place, replace_file
from tandem.files.locks import Held, is_held, lock
from tandem.files.paths import expand_user, ordinary, resolved, sha256_of
from tandem.files.removal import Layout, named_in, names, remove
from tandem.files.seals import FORMAT_FILE
from tandem.preparation.claims import is_shared
from tandem.preparation.encoded import EncodedCorpus, open_side
from tandem.terminal import Notify
from tandem.text import Tokenizer
from tandem.text.features import read_tokenizer

ACCOUNT = "prepared.json"  # describes a prepared corpus, with size and sum of each file; written last
FAULTY = "faulty.txt"  # the file with a line for each pair that was left out
BEGUN = "begun.json"  # says what a preparation is of, until it is finished
FAILED = "failed"  # an empty file in the folder of a preparation that ended with an error
_TOKENIZERS = ("source.tokenizer.json", "target.tokenizer.json")
_VALIDATION = "validation.json"
_SIDES = ("train.source", "train.target", "validation.source", "validation.target")
_LISTED = sorted(
    [*_TOKENIZERS, _VALIDATION, FAULTY, *(f"{side}.{kind}" for side in _SIDES for kind in ("ids", "offsets"))]
)
"""All files of a prepared corpus but its account."""
CONTEXTS = ("contexts.float32", "rows.int64", "axes.float32")
"""The files of the contexts of a corpus's sources, by which neighbours are found (`analysis/neighbours.py`)."""
CONTEXTS_LAYOUT: Layout = {names(r"(contexts|axes)\.float32|rows\.int64|format\.json"): None}
_KEY = "[0-9a-f]{32}"
SHARDS = "shards"  # the folder with the files of each shard, as long as a corpus in shards is being prepared
SHARDS_LAYOUT: Layout = {
    names(r"\d{5,}\.([0-9a-f]{8}\.)?((counted|encoded)\.json|faulty\.txt|(source|target)\.(ids|offsets))"): None
}
CORPUS_LAYOUT: Layout = {
    names(SHARDS): SHARDS_LAYOUT,
    names(r"faulty\.txt|(source|target)\.tokenizer\.json|validation\.json"): None,
    names(r"(train|validation)\.(source|target)\.(ids|offsets)"): None,
    names(r"(begun|counted|encoded|learnt|joined|prepared)\.json(\.partial)?|failed"): None,
}
"""The layout of the folder of a corpus that is prepared or being prepared."""
_CORPORA: Layout = {names(rf"{_KEY}(\.partial)?"): CORPUS_LAYOUT}
_CONTEXTS: Layout = {names(rf"{_KEY}|\.{_KEY}\.partial"): CONTEXTS_LAYOUT}
_CLAIMS: Layout = {names(rf"{_KEY}-[a-z0-9-]+(\.json)?"): None}
_LOCKS: Layout = {names(_KEY): None}
_FILES: Layout = {names(rf"{_KEY}\.(json(\.partial)?|\d+)"): None}


@dataclass(frozen=True)
class Prepared:
    """A corpus to train on, mapped from the cache."""

    folder: Path
    tokenizers: tuple[Tokenizer, Tokenizer]  # the source tokenizer and the target tokenizer
    train: EncodedCorpus
    validation: EncodedCorpus
    validation_pairs: list[Pair]
    messages: list[str]  # what the user should know about the preparation
    files: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    """Name and SHA-256 of each file, under "train" and "validation"."""


class Entry(NamedTuple):
    """A corpus in the cache that is prepared, or whose preparation was stopped; or the contexts of one."""

    folder: Path
    name: str
    pairs: int | None  # None: the preparation is not finished.
    size: int  # bytes
    written: float  # when something in it was last written, in seconds since 1970
    contexts: bool = False
    busy: bool = False  # whether it is being prepared


def default_cache() -> Path:
    """Return the folder that TANDEM_CACHE names, or Tandem's folder among the caches of the user."""
    return expand_user(os.environ.get("TANDEM_CACHE") or user_cache_dir("tandem", appauthor=False))


def corpora_in(cache: Path) -> Path:
    """Return the folder that has a folder for each prepared corpus."""
    return cache / "corpora"


def contexts_in(cache: Path) -> Path:
    """Return the folder that has a folder for the contexts of each encoder and corpus."""
    return cache / "contexts"


def lock_of(cache: Path, key: str) -> Path:
    """Return the lock that a process holds while it prepares or removes a corpus."""
    return cache / "locks" / key


def entries(cache: Path) -> list[Entry]:
    """Return all that is in the cache, the largest first."""
    found = []
    for folder, _ in named_in(corpora_in(cache), _CORPORA):
        size, written = _extent(folder, CORPUS_LAYOUT)
        try:
            account = json.loads(ordinary(folder / ACCOUNT).read_text(encoding="utf-8"))
            found.append(Entry(folder, str(account["name"]), int(account["pairs"]), size, written))
        except (OSError, ValueError, KeyError, TypeError):
            found.append(Entry(folder, _begun_name(folder), None, size, written, busy=_is_busy(cache, _key_of(folder))))
    for folder, _ in named_in(contexts_in(cache), _CONTEXTS):
        size, written = _extent(folder, CONTEXTS_LAYOUT)
        rows, is_whole = folder / CONTEXTS[1], (folder / FORMAT_FILE).exists()
        number = rows.stat().st_size // 8 if is_whole and rows.exists() else None
        found.append(Entry(folder, "contexts", number, size, written, contexts=True))
    return sorted(found, key=lambda entry: -entry.size)


def _extent(folder: Path, layout: Layout) -> tuple[int, float]:
    """Return the bytes of what a layout names in a folder, and the last time at which any of it was written."""
    size, written = 0, folder.stat().st_mtime
    for path, inner in named_in(folder, layout):
        status = path.stat()
        own = (status.st_size, status.st_mtime) if inner is None else _extent(path, inner)
        size, written = size + own[0], max(written, own[1])
    return size, written


def _begun_name(folder: Path) -> str:
    """Return the name of the corpus whose preparation was begun in a folder; "" where that is not known."""
    try:
        return str(json.loads(ordinary(folder / BEGUN).read_text(encoding="utf-8"))[0])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ""


def _is_busy(cache: Path, key: str) -> bool:
    """Tell whether a corpus is being prepared."""
    path = lock_of(cache, key)
    return (path.exists() and is_held(path)) or is_shared(path.parent, key)


def _key_of(folder: Path) -> str:
    return folder.name.removesuffix(".partial").removeprefix(".")


def clear(cache: Path) -> list[str]:
    """Remove what Tandem put into the cache, except what is being prepared. Return what was not removed, and why."""
    cache = resolved(cache)
    corpora, contexts, locks = corpora_in(cache), contexts_in(cache), cache / "locks"
    folders = [*named_in(corpora, _CORPORA), *named_in(contexts, _CONTEXTS)]
    keys = {_key_of(folder) for folder, _ in folders}
    keys |= {path.name.partition("-")[0] for path, _ in named_in(locks, {**_LOCKS, **_CLAIMS})}
    places = {folder.name: folder.parent for folder, _ in folders}
    remaining = [
        f"{places.get(key, corpora) / key}: {reason}" for key in sorted(keys) if (reason := _clear_corpus(cache, key))
    ]
    try:
        remove(cache / "files", _FILES)
        for folder in (corpora, contexts, locks, cache):
            remove(folder, {})
    except OSError as error:
        remaining.append(f"{error.filename}: {error.strerror}")
    return remaining


def clear_unfinished(cache: Path) -> list[str]:
    """Remove what preparations left that were stopped. Return what was not removed, and why."""
    left = [entry.folder for entry in entries(resolved(cache)) if entry.pairs is None and not entry.contexts]
    reasons = {folder: clear_folders(resolved(cache), _key_of(folder), {folder: CORPUS_LAYOUT}) for folder in left}
    return [f"{folder}: {reason}" for folder, reason in reasons.items() if reason]


def _clear_corpus(cache: Path, key: str) -> str | None:
    """Remove a prepared corpus, or contexts, and what was begun of them, as `clear_folders` does."""
    folders: dict[Path, Layout] = {corpora_in(cache) / name: CORPUS_LAYOUT for name in (key, f"{key}.partial")}
    folders |= {contexts_in(cache) / name: CONTEXTS_LAYOUT for name in (key, f".{key}.partial")}
    return clear_folders(cache, key, folders)


def clear_folders(cache: Path, key: str, folders: Mapping[Path, Layout], notify: Notify = lambda _: None) -> str | None:
    """Remove folders of a corpus under its lock. Return why that failed; None where it did not.

    `notify` is told where the file system has no locks.
    """
    path = lock_of(cache, key)
    try:
        path.parent.mkdir(exist_ok=True)
        with lock(path, notify, temporary=True):
            if is_shared(path.parent, key):
                return "it is being prepared"
            for claim, _ in named_in(path.parent, {names(f"{key}-.*"): None}):  # of processes that were killed
                remove(claim)
            removed = [remove(folder, layout) for folder, layout in folders.items()]
    except Held:
        return "it is being prepared"
    except OSError as error:
        return error.strerror or str(error)
    return None if all(removed) else "there is something in it that Tandem did not put there"


def seal(
    partial: Path,
    tokenizers: tuple[Tokenizer, Tokenizer],
    validation: Sequence[Pair],
    title: str,
    pairs: int,
    messages: Sequence[str],
) -> None:
    """Write the files that remain to be written, flush all of them to disk, and write the account last."""
    for tokenizer, name in zip(tokenizers, _TOKENIZERS, strict=True):
        tokenizer.save(partial / name)
    (partial / _VALIDATION).write_text(json.dumps(validation, ensure_ascii=False), encoding="utf-8", newline="\n")
    files = {}
    for path in (partial / name for name in _LISTED):  # an interrupted preparation may have left other files
        flush(path)
        files[path.name] = {"size": path.stat().st_size, "sha256": sha256_of(path)}
    account = {"name": title, "pairs": pairs, "messages": messages, "files": files}
    replace_file(partial / ACCOUNT, json.dumps(account, indent=2, ensure_ascii=False) + "\n")


def give_name(partial: Path, folder: Path) -> None:
    """Give a sealed folder its name, in place of a damaged one."""
    if not remove(folder, CORPUS_LAYOUT):
        raise CorpusError(f"{folder}: there is something in it that Tandem did not put there. Move it elsewhere")
    for name in (BEGUN, FAILED):
        (partial / name).unlink(missing_ok=True)
    move_into_place(partial, folder)


def open_prepared(folder: Path, *, verify: bool = False) -> Prepared | None:
    """Map a prepared corpus into memory. Return None where it is missing or was changed.

    The sizes of its files are always compared, their contents only with `verify`.
    """
    try:
        account = json.loads(ordinary(folder / ACCOUNT).read_text(encoding="utf-8"))
        for name, file in account["files"].items():
            path = folder / name
            if path.stat().st_size != file["size"] or (verify and sha256_of(path) != file["sha256"]):
                return None
        source, target = (
            read_tokenizer(ordinary(folder / name).read_text(encoding="utf-8"), name) for name in _TOKENIZERS
        )
        pairs = [Pair(*pair) for pair in json.loads(ordinary(folder / _VALIDATION).read_text(encoding="utf-8"))]
        sides = [open_side(folder / side) for side in _SIDES]
        train, validation = EncodedCorpus(*sides[:2]), EncodedCorpus(*sides[2:])
        return Prepared(folder, (source, target), train, validation, pairs, list(account["messages"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, CheckpointError):
        return None
