"""A corpus in shards is prepared by any number of processes as by one, and as the files one after the other."""

import errno
import os
import shutil
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Corpus
from tandem.corpora.parallel_files import FilesCorpus, ParallelFiles, ShardedFiles
from tandem.errors import CorpusError
from tandem.files.atomic import move_into_place, replace_file
from tandem.preparation import shard_work, sharded
from tandem.preparation.cache import ACCOUNT, FAULTY, Prepared, clear, corpora_in, entries, give_name
from tandem.preparation.claims import claim_of, claimed
from tandem.preparation.preparation import prepare_corpus
from tandem.preparation.sources import Sources, Tokens
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts
from tests.support.runs import number_pairs

PAIRS = number_pairs(120)


def sources(train: Corpus, validation: Corpus | None = None, **changes: Any) -> Sources:
    return replace(Sources(train, validation, "drop", 1000, 5, 0.1, 2000, 1, False), **changes)


def tokens(copying: bool = False) -> Tokens:
    def learn(source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
        return Tokenizer.train("word", source, min_count=1 + copying), Tokenizer.train("bpe", target, max_size=40)

    return Tokens(["word", "bpe"], learn, reverse_source=True, copying=copying)


def write(folder: Path, pairs: list[tuple[str, str]], cuts: list[int]) -> tuple[ShardedFiles, ParallelFiles]:
    """The pairs in shards that end at the cuts, and in one file."""
    folder.mkdir(parents=True, exist_ok=True)
    bounds = [0, *cuts, len(pairs)]
    for number, (start, end) in enumerate(pairwise(bounds)):
        for side, ending in enumerate(("de", "en")):
            lines = "".join(f"{pair[side]}\n" for pair in pairs[start:end])
            (folder / f"s.{number}.{ending}").write_text(lines, encoding="utf-8")
    for side, ending in enumerate(("de", "en")):
        (folder / f"all.{ending}").write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    opened = FilesCorpus(source=str(folder / "s.*.de"), target=str(folder / "s.*.en")).open(None)
    assert isinstance(opened, ShardedFiles)
    return opened, ParallelFiles(folder / "all.de", folder / "all.en")


@pytest.fixture
def in_shards(tmp_path: Path) -> ShardedFiles:
    return write(tmp_path / "corpus", PAIRS, [1, 30, 31, 90])[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, and without waiting for others or for the disk."""
    monkeypatch.setattr(sharded, "cores", lambda: 1)
    monkeypatch.setattr(sharded, "_POLL", 0.01)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def unnamed(prepared: Prepared) -> dict[str, bytes]:
    """All files but those that tell the names of the corpus's files."""
    return {name: content for name, content in contents(prepared.folder).items() if name not in (ACCOUNT, FAULTY)}


words = st.text("abc ä", max_size=6)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    copying=st.booleans(),
    fraction=st.sampled_from([0.0, 0.2]),
    apart=st.booleans(),
    lowercase=st.booleans(),
)
def test_it_is_prepared_as_the_files_one_after_the_other(
    data: st.DataObject, copying: bool, fraction: float, apart: bool, lowercase: bool, tmp_path: Path
) -> None:
    pairs = [("one b", "zwei"), ("two", "a"), *data.draw(st.lists(st.tuples(words, words), min_size=2, max_size=20))]
    cuts = data.draw(st.lists(st.integers(1, len(pairs) - 1), min_size=1, max_size=4, unique=True).map(sorted))
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    both = write(folder, pairs, cuts)
    validation = InMemory(PAIRS[:5], "other") if apart else None
    found, whole = (
        prepare_corpus(
            sources(one, validation, fraction=fraction, lowercase=lowercase),
            tokens(copying),
            folder / f"cache {number}",
        )
        for number, one in enumerate(both)
    )
    assert unnamed(found) == unnamed(whole)
    faulty = [len((one.folder / FAULTY).read_text(encoding="utf-8").splitlines()) for one in (found, whole)]
    assert faulty[0] == faulty[1]
    told = [
        [line.partition(" The first: ")[0].rpartition(": dropped")[2] for line in p.messages] for p in (found, whole)
    ]
    assert told[0] == told[1]
    assert len(found.files["train"]) == 2 * len(both[0].shards)


def test_over_all_cores_it_is_the_same(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = prepare_corpus(sources(in_shards), tokens(), tmp_path / "one")
    monkeypatch.setattr(sharded, "cores", lambda: 2)
    assert contents(prepare_corpus(sources(in_shards), tokens(), tmp_path / "two").folder) == contents(one.folder)


def test_several_at_once_share_the_work(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads stand for machines here: a lock keeps them apart as it does processes."""
    expected = contents(prepare_corpus(sources(in_shards), tokens(), tmp_path / "alone").folder)
    done: list[tuple[str, int]] = []
    together = threading.Barrier(3)
    count, encode = shard_work.ShardWork._count, shard_work.ShardWork._encode

    def noting_count(work: shard_work.ShardWork, number: int, corpus: ParallelFiles) -> None:
        done.append(("counted", number))
        count(work, number, corpus)

    def noting_encode(work: shard_work.ShardWork, number: int, corpus: ParallelFiles) -> None:
        done.append(("encoded", number))
        encode(work, number, corpus)

    monkeypatch.setattr(shard_work.ShardWork, "_count", noting_count)
    monkeypatch.setattr(shard_work.ShardWork, "_encode", noting_encode)

    def machine(_: int) -> Path:
        together.wait()
        return prepare_corpus(sources(in_shards), tokens(), tmp_path / "shared").folder

    with ThreadPoolExecutor(3) as machines:
        folders = set(machines.map(machine, range(3)))
    assert len(folders) == 1
    assert contents(folders.pop()) == expected
    assert sorted(done) == [(stage, number) for stage in ("counted", "encoded") for number in range(5)]
    assert list((tmp_path / "shared" / "locks").glob("*-*")) == []


class Killed(BaseException):
    """The power is cut."""


def killing(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Kill at a write to the disk: all that a preparation in shards moves into place or replaces."""
    left = iter(range(at, -1, -1))

    def before(call: Callable[..., None]) -> Callable[..., None]:
        def counting(*arguments: Any) -> None:
            if next(left, -1) == 0:
                raise Killed
            call(*arguments)

        return counting

    monkeypatch.setattr(shard_work, "move_into_place", before(move_into_place))
    monkeypatch.setattr(sharded, "replace_file", before(replace_file))
    monkeypatch.setattr("tandem.preparation.cache.replace_file", before(replace_file))
    monkeypatch.setattr("tandem.preparation.preparation.give_name", before(give_name))


def test_whatever_is_killed_goes_on_to_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = [("", "x"), *PAIRS[:40], ("y", " ")]
    corpus = write(tmp_path / "corpus", faulty, [10, 25])[0]
    expected = contents(prepare_corpus(sources(corpus), tokens(), tmp_path / "whole").folder)
    kills = 0
    while True:
        with monkeypatch.context() as patch:
            killing(patch, kills)
            try:
                found = prepare_corpus(sources(corpus), tokens(), tmp_path / "cache")
            except Killed:
                kills += 1
                for shard in (tmp_path / "cache").rglob("shards"):
                    (shard / "00001.0123abcd.source.ids").write_bytes(b"left by another that was killed")
            else:
                break
        done = sorted(path.name for path in (tmp_path / "cache").rglob("*ed.json"))
        found = prepare_corpus(sources(corpus), tokens(), tmp_path / "cache")
        assert contents(found.folder).keys() == expected.keys()
        got = {name: content for name, content in contents(found.folder).items() if name not in (ACCOUNT, FAULTY)}
        assert got == {name: expected[name] for name in got}, (kills, done)
        shutil.rmtree(tmp_path / "cache")
    # Of each shard the faults and the counts, four files of ids with a record, and that it is joined; the tokenizers,
    # the seal and the name of the whole.
    assert kills == 3 * (2 + 5 + 1) + 1 + 2


def test_what_was_done_is_not_done_again(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, int, int | None]] = []

    def stop(*what: Any) -> None:
        heard.append(what)
        if what[:2] == ("encoded shards", 2):
            raise Killed

    with pytest.raises(Killed):
        prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", on_progress=stop)
    assert [what for what in heard if "shards" in what[0]] == [
        *(("counted shards", n, 5) for n in range(1, 6)),
        ("encoded shards", 1, 5),
        ("encoded shards", 2, 5),
    ]
    again: list[tuple[str, int, int | None]] = []
    prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", on_progress=lambda *what: again.append(what))
    assert [what for what in again if "shards" in what[0]] == [
        *(("encoded shards", n, 5) for n in range(3, 6)),
        *(("joined shards", n, 5) for n in range(1, 6)),
    ]


def test_who_is_waited_for_is_said_and_their_claim_can_be_removed(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharded, "_TOLD_AFTER", 2)
    locks = tmp_path / "cache" / "locks"
    locks.mkdir(parents=True)
    folder = prepare_corpus(sources(in_shards), tokens(), tmp_path / "first").folder
    claim = claim_of(locks, folder.name, "00003")
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        claim.unlink()  # as of a machine that hangs: its lock stays, on a file that is no longer there

    with claimed(claim):
        found = prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", notify=say)
    assert contents(found.folder) == contents(folder)
    (line,) = said
    assert line.startswith(
        f"corpus: waiting for 1 of its shards, from process {os.getpid()} on {socket.gethostname()} since 2"
    )
    assert line.endswith(f"If that process has ended and nothing goes on, remove {claim}")


def test_a_faulty_pair_may_stop_it_and_what_others_counted_is_kept(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", [*PAIRS, ("", "x")], [100])[0]
    with pytest.raises(CorpusError, match=r"s\.1\.de line 21: the text is empty.* Or leave such pairs out"):
        prepare_corpus(sources(corpus, on_error="stop"), tokens(), tmp_path / "cache")
    (entry,) = entries(tmp_path / "cache")
    assert entry.pairs is None
    assert entry.size > 1000
    assert clear(tmp_path / "cache") == []
    assert not (tmp_path / "cache").exists()


def test_errors_of_workers_reach_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharded, "cores", lambda: 2)
    corpus = write(tmp_path / "corpus", PAIRS, [50])[0]
    with (tmp_path / "corpus" / "s.1.en").open("a", encoding="utf-8") as file:
        file.write("one more\n")
    with pytest.raises(CorpusError, match=r"s\.1\.de has 70 lines and .*s\.1\.en has 71"):
        prepare_corpus(sources(corpus), tokens(), tmp_path / "cache")
    with pytest.raises(OSError, match="No space left"):
        shard_work.unpack_result(shard_work.pack_result(full_disk, 1))


def full_disk(_: int) -> bool:
    raise OSError(28, "No space left on device", "file")


def test_a_corpus_whose_every_pair_is_faulty_is_refused_but_not_a_shard(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", [*[("", "x")] * 1100, *PAIRS], [1100])[0]
    assert len(prepare_corpus(sources(corpus), tokens(), tmp_path / "cache").train) > 50
    nothing = write(tmp_path / "nothing", [("", "x")] * 10, [5])[0]
    with pytest.raises(CorpusError, match="no pair is left: dropped 10 of 10 pairs"):
        prepare_corpus(sources(nothing), tokens(), tmp_path / "cache")


@pytest.mark.parametrize("stage", ["counted", "encoded"])
def test_a_shard_that_changes_meanwhile_stops_it(stage: str, in_shards: ShardedFiles, tmp_path: Path) -> None:
    def change(what: str, done: int, _: int | None) -> None:
        if what == f"{stage} shards" and done == 1:
            (tmp_path / "corpus" / "s.1.de").write_text("other\n" * 29, encoding="utf-8")

    with pytest.raises(CorpusError, match=r"s\.1\.de and s\.1\.en: it was changed while it was read"):
        prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", on_progress=change)


def test_a_preparation_under_way_is_not_cleared(in_shards: ShardedFiles, tmp_path: Path) -> None:
    remaining: list[list[str]] = []

    def try_to_clear(what: str, done: int, _: int | None) -> None:
        if what.endswith("shards"):
            remaining.append(clear(tmp_path / "cache"))

    prepared = prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", on_progress=try_to_clear)
    assert all("it is being prepared" in reasons[0] for reasons in remaining)
    assert clear(tmp_path / "cache") == []
    assert not prepared.folder.exists()


def test_a_damaged_one_is_made_anew(in_shards: ShardedFiles, tmp_path: Path) -> None:
    first = prepare_corpus(sources(in_shards), tokens(), tmp_path)
    expected, said = contents(first.folder), list[str]()
    path = first.folder / "train.source.ids"
    path.write_bytes(expected[path.name][:-4])
    found = prepare_corpus(sources(in_shards), tokens(), tmp_path, notify=said.append)
    assert contents(found.folder) == expected
    assert said == [f"corpus: what was prepared in {first.folder} is damaged; it is made anew"]
    path.write_bytes(bytes(len(expected[path.name])))
    assert contents(prepare_corpus(sources(in_shards), tokens(), tmp_path, verify=True).folder) == expected


def test_where_there_are_no_locks_the_same_is_written(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that do all of the shards at the same time, since nothing keeps them apart."""
    expected = contents(prepare_corpus(sources(in_shards), tokens(), tmp_path / "alone").folder)
    monkeypatch.setattr(shard_work, "claimed", lambda _: nullcontext())
    together = threading.Barrier(2)

    def machine(_: int) -> Path:
        together.wait()
        return prepare_corpus(sources(in_shards), tokens(), tmp_path / "shared").folder

    with ThreadPoolExecutor(2) as machines:
        assert {machine.name for machine in machines.map(machine, range(2))}
    (folder,) = corpora_in(tmp_path / "shared").iterdir()
    assert contents(folder) == expected


def test_corpora_that_are_not_in_shards_keep_their_place_in_the_cache(tmp_path: Path) -> None:
    """Old caches stay valid: the names here are those that earlier versions gave."""
    whole = write(tmp_path / "corpus", PAIRS, [50])[1]
    assert prepare_corpus(sources(whole), tokens(), tmp_path).folder.name == "6873ff884ce3e76ce2f129a0ba143794"
    validation = ParallelFiles(tmp_path / "corpus" / "s.1.de", tmp_path / "corpus" / "s.1.en")
    assert (
        prepare_corpus(sources(whole, validation), tokens(True), tmp_path).folder.name
        == "9a6169c53ba5b2c5fe58454a71596b73"
    )


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
