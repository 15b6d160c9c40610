"""What preparations that failed, were killed or had other files leave behind, and when it is removed."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tandem.corpora.parallel_files import ShardedFiles
from tandem.errors import CorpusError
from tandem.preparation.cache import corpora_in, entries
from tandem.preparation.preparation import prepare_corpus
from tests.preparation.sharded_corpora import PAIRS, tokens, write
from tests.preparation.small_corpora import Killed, contents, sources

pytestmark = pytest.mark.usefixtures("quick")


def unfinished(cache: Path) -> list[str]:
    return [entry.folder.name for entry in entries(cache) if entry.pairs is None]


def kill_at_shard(what: str, *_: Any) -> None:
    if what.endswith("shards"):
        raise Killed


def kill(corpus: ShardedFiles, cache: Path, **changes: Any) -> Path:
    """Kill a preparation after its first shard, and return the folder that it leaves."""
    before = set(unfinished(cache))
    with pytest.raises(Killed):
        prepare_corpus(sources(corpus, **changes), tokens(), cache, on_progress=kill_at_shard)
    (left,) = set(unfinished(cache)) - before
    return corpora_in(cache) / left


def test_what_a_stopped_preparation_of_files_that_were_changed_left_is_removed(
    in_shards: ShardedFiles, tmp_path: Path
) -> None:
    cache, said = tmp_path / "cache", list[str]()
    outdated, other = kill(in_shards, cache), kill(in_shards, cache, max_tokens=4)
    path = in_shards.shards[1].target
    assert {outdated.name, other.name} == set(unfinished(cache))
    path.write_bytes(path.read_bytes().replace(b"\n", b" more\n", 1))
    current = kill(in_shards, cache)
    assert unfinished(cache) == [current.name]
    found = prepare_corpus(sources(in_shards), tokens(), cache, notify=said.append)
    assert (found.folder.name, said) == (current.name.removesuffix(".partial"), [])
    assert contents(found.folder) == contents(prepare_corpus(sources(in_shards), tokens(), tmp_path / "new").folder)
    assert unfinished(cache) == []


def test_what_another_recipe_for_the_same_files_left_is_kept_unless_it_failed(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", [*PAIRS, ("", "x")], [100])[0]
    cache, said = tmp_path / "cache", list[str]()
    killed = kill(corpus, cache, max_tokens=4)
    with pytest.raises(CorpusError):
        prepare_corpus(sources(corpus, on_error="stop"), tokens(), cache)
    (failed,) = set(unfinished(cache)) - {killed.name}
    prepare_corpus(sources(corpus), tokens(), cache, notify=said.append)
    assert unfinished(cache) == [killed.name]
    (line,) = said
    assert line == (
        f"corpus: removed what an earlier preparation of these files left in {corpora_in(cache) / failed}: it failed"
    )


def test_a_machine_that_has_other_files_is_told_which(in_shards: ShardedFiles, tmp_path: Path) -> None:
    """The second one begins while the first one works, and both end with their own corpus."""
    cache, said, folders = tmp_path / "cache", list[str](), list[Path]()
    path = in_shards.shards[2].source

    def begin_another(what: str, done: int, _: int | None) -> None:
        if what == "encoded shards" and done == 5:
            before, state = path.read_bytes(), path.stat()
            path.write_bytes(b"other\n" * before.count(b"\n"))
            folders.append(prepare_corpus(sources(in_shards), tokens(), cache, notify=said.append).folder)
            path.write_bytes(before)
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    own = prepare_corpus(sources(in_shards), tokens(), cache, on_progress=begin_another).folder
    (other,) = folders
    assert other != own
    assert contents(own).keys() == contents(other).keys()
    (line,) = said
    assert f"is left in {own}.partial, and {path} has another content now. It was not removed: it is being" in line
    assert line.endswith("If another machine prepares the corpus with this one, see that both have the same files")


def test_where_there_are_no_locks_nothing_is_removed_unasked(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = kill(in_shards, tmp_path / "cache")
    in_shards.shards[0].source.write_text("changed\n", encoding="utf-8")

    def no_locks(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", no_locks)
    prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache")
    assert unfinished(tmp_path / "cache") == [left.name]
