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
from tandem.files.locks import Held, lock
from tandem.files.paths import expand_user, ordinary, resolved, sha256_of
from tandem.files.removal import Layout, named_in, names, remove
from tandem.files.seals import FORMAT_FILE
from tandem.preparation.claims import is_shared
from tandem.preparation.encoded import EncodedCorpus, open_side
from tandem.text import Tokenizer
from tandem.text.features import read_tokenizer

ACCOUNT = "prepared.json"  # describes a prepared corpus, with size and sum of each file; written last
FAULTY = "faulty.txt"  # the file with a line for each pair that was left out
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
    names(r"(counted|encoded|learnt|joined|prepared)\.json(\.partial)?"): None,
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
    pairs: int | None  # None: the preparation was stopped.
    size: int  # bytes
    contexts: bool = False


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
        size = _size_of(folder, CORPUS_LAYOUT)
        try:
            account = json.loads(ordinary(folder / ACCOUNT).read_text(encoding="utf-8"))
            found.append(Entry(folder, str(account["name"]), int(account["pairs"]), size))
        except (OSError, ValueError, KeyError, TypeError):
            found.append(Entry(folder, "", None, size))
    for folder, _ in named_in(contexts_in(cache), _CONTEXTS):
        sizes = {path.name: path.stat().st_size for path, _ in named_in(folder, CONTEXTS_LAYOUT)}
        number = sizes.get(CONTEXTS[1], 0) // 8 if FORMAT_FILE in sizes else None
        found.append(Entry(folder, "contexts", number, sum(sizes.values()), contexts=True))
    return sorted(found, key=lambda entry: -entry.size)


def _size_of(folder: Path, layout: Layout) -> int:
    """Return the bytes of what a layout names in a folder."""
    return sum(
        path.stat().st_size if inner is None else _size_of(path, inner) for path, inner in named_in(folder, layout)
    )


def clear(cache: Path) -> list[str]:
    """Remove what Tandem put into the cache, except what is being prepared. Return what was not removed, and why."""
    cache = resolved(cache)
    corpora, contexts, locks = corpora_in(cache), contexts_in(cache), cache / "locks"
    folders = [*named_in(corpora, _CORPORA), *named_in(contexts, _CONTEXTS)]
    keys = {folder.name.removesuffix(".partial").removeprefix(".") for folder, _ in folders}
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


def _clear_corpus(cache: Path, key: str) -> str | None:
    """Remove a prepared corpus, or contexts, under its lock. Return why that failed; None where it did not."""
    path = lock_of(cache, key)
    try:
        path.parent.mkdir(exist_ok=True)
        with lock(path, lambda _: None, temporary=True):
            if is_shared(path.parent, key):
                return "it is being prepared"
            for claim, _ in named_in(path.parent, {names(f"{key}-.*"): None}):  # of processes that were killed
                remove(claim)
            removed = [remove(corpora_in(cache) / name, CORPUS_LAYOUT) for name in (key, f"{key}.partial")]
            removed += [remove(contexts_in(cache) / name, CONTEXTS_LAYOUT) for name in (key, f".{key}.partial")]
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
