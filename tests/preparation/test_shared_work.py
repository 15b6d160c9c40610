"""Several processes prepare one corpus in shards together, or are killed while they do."""

import os
import shutil
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tandem.corpora.parallel_files import ParallelFiles, ShardedFiles
from tandem.files.atomic import move_into_place, replace_file
from tandem.preparation import shard_work, sharded
from tandem.preparation.cache import ACCOUNT, FAULTY, corpora_in, give_name
from tandem.preparation.claims import claim_of, claimed
from tandem.preparation.preparation import prepare_corpus
from tests.preparation.sharded_corpora import PAIRS, tokens, write
from tests.preparation.small_corpora import Killed, contents, sources

pytestmark = pytest.mark.usefixtures("quick")


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
