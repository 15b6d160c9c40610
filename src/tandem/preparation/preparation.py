"""Prepares a corpus for training, once for all trainings: the cache identifies it by its content."""

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from tandem.corpora.pairs import Corpus
from tandem.corpora.parallel_files import ShardedFiles
from tandem.errors import CorpusError, NotWrittenError
from tandem.files.locks import lock
from tandem.files.removal import remove
from tandem.preparation.cache import CORPUS_LAYOUT, Prepared, corpora_in, give_name, lock_of, open_prepared
from tandem.preparation.claims import taking_part
from tandem.preparation.contents import Content, Contents
from tandem.preparation.passes import Preparation
from tandem.preparation.shard_work import Stamps, stamps_of
from tandem.preparation.sharded import ShardedPreparation
from tandem.preparation.sources import Sources, Tokens
from tandem.preparation.unfinished import Begun, note_begun, note_failed, remove_superseded
from tandem.terminal import Notify, OnProgress

LAYOUT = 1  # increased whenever the content of a prepared corpus, or the way it is computed, changes


def prepare_corpus(
    sources: Sources,
    tokens: Tokens,
    cache: Path,
    *,
    verify: bool = False,
    on_progress: OnProgress = lambda *_: None,
    notify: Notify = lambda _: None,
) -> Prepared:
    """Return the prepared corpus from the cache, after preparing it if it is not there.

    `verify`: hash files again that were hashed before, and what lies in the cache. Raise CorpusError for a corpus that
    cannot be read, for a faulty pair under "stop", where no pair is left, and for a cache that cannot be written.
    """
    try:
        return _prepared(sources, tokens, cache, verify, on_progress, notify)
    except OSError as error:  # an error of the corpus's own files is a CorpusError
        reason = error.strerror or str(error)
    except NotWrittenError as error:
        reason = str(error.__cause__)
    raise CorpusError(
        f"{cache}: the cache of prepared corpora cannot be written: {reason}. Make room there, or set TANDEM_CACHE to "
        "another folder. What is prepared already is kept, and the same command goes on with it"
    )


def _prepared(
    sources: Sources, tokens: Tokens, cache: Path, verify: bool, on_progress: OnProgress, notify: Notify
) -> Prepared:
    stamps = _stamps(sources)
    contents = Contents(cache / "files", verify, on_progress)
    train = contents.of(sources.train, sources.max_characters)
    validation = contents.of(sources.validation, sources.max_characters) if sources.validation else None
    files = {"train": train.files} | ({"validation": validation.files} if validation else {})
    described = {"layout": LAYOUT, "tokens": tokens.described, "reverse": tokens.reverse_source}
    described |= sources.described(train.sha256, validation.sha256 if validation else None)
    described |= {"copying": True} if tokens.copying else {}
    key = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]
    begun = Begun(sources.name, [*_sums(sources.train, train), *_sums(sources.validation, validation)])
    folder = corpora_in(cache) / key
    path = lock_of(cache, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_superseded(cache, key, begun, notify)

    def is_unchanged() -> bool:
        return _stamps(sources) == stamps

    if isinstance(sources.train, ShardedFiles):
        partial = folder.with_name(f"{key}.partial")
        shared = ShardedPreparation(
            sources, sources.train, tokens, partial, path.parent, key, stamps, on_progress, notify
        )
        try:
            together = _prepared_together(shared, folder, partial, path, verify, begun, is_unchanged, notify)
        except CorpusError:
            note_failed(partial)  # what is prepared is kept: others may still work on it, and files may come back
            raise
        return replace(together, files=files)
    with lock(path, notify, waiting="corpus: another process prepares it; waiting for that"):
        if prepared := open_prepared(folder, verify=verify):
            notify(f"corpus: prepared before, in {folder}")
            return replace(prepared, files=files)
        if folder.exists():
            notify(f"corpus: what was prepared in {folder} is damaged; it is made anew")
        partial = folder.with_name(f"{key}.partial")
        if open_prepared(partial, verify=verify) is None:  # otherwise a process was killed just before it gave the name
            note_begun(partial, begun)
            try:
                Preparation(sources, tokens, partial, train.lines, on_progress).run(folder, is_unchanged)
            except CorpusError:
                with suppress(OSError):
                    remove(partial, CORPUS_LAYOUT)  # no later preparation can continue it
                raise
        give_name(partial, folder)
        if prepared := open_prepared(folder):
            return replace(prepared, files=files)
    raise _unreadable(folder)


def _prepared_together(
    shared: ShardedPreparation,
    folder: Path,
    partial: Path,
    path: Path,
    verify: bool,
    begun: Begun,
    is_unchanged: Callable[[], bool],
    notify: Notify,
) -> Prepared:
    """Return a prepared corpus in shards, after taking part in its preparation if it is not there.

    Nobody holds the lock at `path` meanwhile: only who begins, and who joins the shards.
    """
    with ExitStack() as stack:
        with lock(path, notify, waiting="corpus: another process joins its shards; waiting for that"):
            if prepared := open_prepared(folder, verify=verify):
                notify(f"corpus: prepared before, in {folder}")
                return prepared
            if folder.exists():
                notify(f"corpus: what was prepared in {folder} is damaged; it is made anew")
            stack.enter_context(taking_part(path.parent, folder.name))
            is_sealed = (
                open_prepared(partial, verify=verify) is not None
            )  # a process was killed before it gave the name
            if not is_sealed:
                note_begun(partial, begun)
                shared.begin()
        if not is_sealed:
            shared.take_part()
        with lock(path, notify, waiting="corpus: another process joins its shards; waiting for that"):
            if prepared := open_prepared(folder, verify=verify):
                return prepared
            if open_prepared(partial) is None:
                shared.join(folder, is_unchanged)
            shared.tidy()
            give_name(partial, folder)
            if prepared := open_prepared(folder):
                return prepared
    raise _unreadable(folder)


def _sums(corpus: Corpus | None, content: Content | None) -> list[tuple[str, str]]:
    """Return the path and the sum of each file of a corpus."""
    if corpus is None or content is None:
        return []
    return [(str(path.absolute()), sums) for path, (_, sums) in zip(corpus.files, content.files, strict=False)]


def _unreadable(folder: Path) -> CorpusError:
    return CorpusError(f"{folder}: the prepared corpus cannot be read again. Is the disk in order?")


def _stamps(sources: Sources) -> Stamps:
    return stamps_of(path for corpus in sources.corpora() for path in corpus.files)
