"""Preparations that were begun and not finished: what they are of, and which of them nobody can go on with."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tandem.files.atomic import replace_file
from tandem.files.locks import Held
from tandem.files.paths import ordinary
from tandem.preparation.cache import BEGUN, CORPUS_LAYOUT, FAILED, clear_folders, corpora_in
from tandem.terminal import Notify


class Begun(NamedTuple):
    """What a preparation is of."""

    name: str
    files: Sequence[tuple[str, str]]  # the path and the SHA-256 of each file


def note_begun(folder: Path, begun: Begun) -> None:
    """Make the folder of a preparation, and write into it which corpus it prepares. The corpus must be locked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FAILED).unlink(missing_ok=True)
    replace_file(folder / BEGUN, json.dumps(begun))


def remove_superseded(cache: Path, key: str, begun: Begun, notify: Notify) -> None:
    """Remove what other preparations of the same files left behind, if they cannot go on.

    These are preparations that failed, and preparations of files whose content has changed since. A preparation that is
    under way is kept, and `notify` is told which file differs.
    """
    for other, changed in _superseded(cache, key, begun):
        folder = corpora_in(cache) / f"{other}.partial"
        reason = clear_folders(cache, other, {folder: CORPUS_LAYOUT}, _no_locks)
        if reason is None:
            why = "it failed" if changed is None else f"{changed} has another content now"
            notify(f"corpus: removed what an earlier preparation of these files left in {folder}: {why}")
        elif changed is not None:
            notify(
                f"corpus: an earlier preparation of these files is left in {folder}, and {changed} has another content "
                f"now. It was not removed: {reason}. If another machine prepares the corpus with this one, see that "
                "both have the same files"
            )


def note_failed(folder: Path) -> None:
    """Note that a preparation failed. The same command may still go on with it, but no other is expected to."""
    with suppress(OSError):
        (folder / FAILED).touch()


def _superseded(cache: Path, key: str, begun: Begun) -> Iterator[tuple[str, str | None]]:
    """Yield the keys of other preparations of the same files that cannot go on, each with a file that was changed."""
    sums = dict(begun.files)
    for path in sorted(corpora_in(cache).glob(f"*.partial/{BEGUN}")):
        other = path.parent.name.removesuffix(".partial")
        try:
            earlier = dict(Begun(*json.loads(ordinary(path).read_text(encoding="utf-8"))).files)
        except (OSError, ValueError, TypeError):
            continue  # being removed, or of no use
        changed = next((name for name, own in earlier.items() if sums.get(name, own) != own), None)
        if other != key and (changed or (earlier.keys() == sums.keys() and (path.parent / FAILED).exists())):
            yield other, changed


def _no_locks(_: str) -> None:
    """Raise Held. Without locks nothing tells whether a preparation is under way, so none is removed unasked."""
    raise Held
