"""A corpus made ready to train on, once for all trainings: the cache knows it by its content."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tandem.errors import CorpusError, NotWrittenError
from tandem.files.locks import lock
from tandem.files.removal import remove
from tandem.preparation.cache import CORPUS_LAYOUT, Prepared, corpora_in, give_name, lock_of, open_prepared
from tandem.preparation.contents import Contents, Hear
from tandem.preparation.passes import Preparation
from tandem.preparation.sources import Sources, Tokens

LAYOUT = 1
"""Counted up when what lies in a prepared corpus, or how it comes about, changes."""


def prepare_corpus(
    sources: Sources,
    tokens: Tokens,
    cache: Path,
    *,
    verify: bool = False,
    hear: Hear = lambda *_: None,
    say: Callable[[str], object] = lambda _: None,
) -> Prepared:
    """The prepared corpus from the cache, where it is made first if need be.

    `verify`: hash files again that were hashed before, and what lies in the cache. `hear` is told of progress. Raises
    CorpusError for a corpus that cannot be read, for a faulty pair under "stop", where no pair is left, and for a cache
    that cannot be written.
    """
    try:
        return _prepared(sources, tokens, cache, verify, hear, say)
    except OSError as error:  # an error of the corpus's own files is a CorpusError
        reason = error.strerror or str(error)
    except NotWrittenError as error:
        reason = str(error.__cause__)
    raise CorpusError(
        f"{cache}: the cache of prepared corpora cannot be written: {reason}. Make room there, or set TANDEM_CACHE to "
        "another folder. What is prepared already is kept, and the same command goes on with it"
    )


def _prepared(
    sources: Sources, tokens: Tokens, cache: Path, verify: bool, hear: Hear, say: Callable[[str], object]
) -> Prepared:
    stamps = _stamps(sources)
    contents = Contents(cache / "files", verify, hear)
    train = contents.of(sources.train, sources.max_characters)
    validation = contents.of(sources.validation, sources.max_characters) if sources.validation else None
    files = {"train": train.files} | ({"validation": validation.files} if validation else {})
    described = {"layout": LAYOUT, "tokens": tokens.described, "reverse": tokens.reverse_source}
    described |= sources.described(train.sha256, validation.sha256 if validation else None)
    key = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]
    folder = corpora_in(cache) / key
    with _alone(lock_of(cache, key), say):
        if found := open_prepared(folder, verify=verify):
            say(f"corpus: prepared before, in {folder}")
            return replace(found, files=files)
        if folder.exists():
            say(f"corpus: what was prepared in {folder} is damaged; it is made anew")
        partial = folder.with_name(f"{key}.partial")
        if open_prepared(partial, verify=verify) is None:  # else an earlier process was ended right before the naming
            try:
                Preparation(sources, tokens, partial, train.lines, hear).run(folder, lambda: _stamps(sources) == stamps)
            except CorpusError:
                with suppress(OSError):
                    remove(partial, CORPUS_LAYOUT)  # nobody will go on with it
                raise
        give_name(partial, folder)
        if found := open_prepared(folder):
            return replace(found, files=files)
    raise CorpusError(f"{folder}: the prepared corpus cannot be read again. Is the disk in order?")


def _stamps(sources: Sources) -> list[tuple[int, int]]:
    """Size and time stamp of each file that is there."""
    corpora = [corpus for corpus in (sources.train, sources.validation) if corpus is not None]
    states = [path.stat() for corpus in corpora for path in corpus.files if path.exists()]
    return [(state.st_size, state.st_mtime_ns) for state in states]


@contextmanager
def _alone(path: Path, say: Callable[[str], object]) -> Iterator[None]:
    """While no other process prepares the same; a dead one's lock is no obstacle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with lock(path, say, waiting="corpus: another process prepares it; waiting for that"):
        yield
