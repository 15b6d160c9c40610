"""A preparation that is interrupted goes on to the same files, and two at once prepare a corpus once."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tandem.corpora.memory import InMemory
from tandem.errors import CorpusError
from tandem.preparation import passes
from tandem.preparation.cache import ACCOUNT, FAULTY, corpora_in, open_prepared
from tandem.preparation.preparation import prepare_corpus
from tests.preparation.small_corpora import PAIRS, Killed, contents, sources, tabs, tokens
from tests.support.limits import needs_limits, no_file_beyond


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chunks, each saved after, none by a process beside."""
    monkeypatch.setattr(passes, "_PAIRS", 20)
    monkeypatch.setattr(passes, "_SAVED_EVERY", -1.0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)


class Heard(list[tuple[str, int]]):
    """What was done, and how much of it."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        self.append((what, done))


def stopping(at: int) -> Callable[[str, int, int | None], None]:
    left = iter(range(at, -1, -1))

    def hear(*_: object) -> None:
        if next(left) == 0:
            raise Killed

    return hear


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("held_out", [False, True])
def test_a_stopped_preparation_goes_on_to_the_same_files(held_out: bool, tmp_path: Path) -> None:
    faulty = [("", "x"), ("y", "")]
    corpus = tabs(tmp_path / "c.tsv", [*faulty, *PAIRS[:150], ("z", " "), *PAIRS[150:], ("", "end")])
    validation = None if held_out else InMemory([*PAIRS[:9], ("", "")], "given")
    chosen = sources(corpus, validation)
    heard = Heard()
    whole = prepare_corpus(chosen, tokens(), tmp_path / "whole", on_progress=heard)
    expected = contents(whole.folder)
    assert len(expected[FAULTY].splitlines()) == (4 if held_out else 5)
    for at in range(1, len(heard)):
        cache = tmp_path / "stopped"
        with pytest.raises(Killed):
            prepare_corpus(chosen, tokens(), cache, on_progress=stopping(at))
        (partial,) = corpora_in(cache).iterdir()
        assert partial.name.endswith(".partial")
        # What a power cut may leave besides: lines and ids that no state counts.
        if (partial / FAULTY).exists():
            with (partial / FAULTY).open("a", encoding="utf-8") as file:
                file.write("half a li")
        for name in ("train.source.ids", "train.target.offsets"):
            if (partial / name).exists():
                (partial / name).write_bytes((partial / name).read_bytes() + b"abc")
        again = prepare_corpus(chosen, tokens(), cache)
        found = contents(again.folder)
        for name in expected.keys() - {ACCOUNT}:
            assert found[name] == expected[name], (at, name)
        assert json.loads(found[ACCOUNT])["files"] == json.loads(expected[ACCOUNT])["files"]
        shutil.rmtree(cache)


@pytest.mark.usefixtures("small_chunks")
def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    chosen = sources(tabs(tmp_path / "c.tsv"))
    heard = Heard()
    prepare_corpus(chosen, tokens(), tmp_path / "whole", on_progress=heard)
    counting = [done for what, done in heard if what == "counting words"]
    for at in (6, 24):
        with pytest.raises(Killed):
            prepare_corpus(chosen, tokens(), tmp_path / str(at), on_progress=stopping(at))
        again = Heard()
        prepare_corpus(chosen, tokens(), tmp_path / str(at), on_progress=again)
        assert [done for what, done in again if what == "counting words"] == counting[at - 1 :]
        assert again[-1] == heard[-1]


@pytest.mark.parametrize(("call", "again"), [("cache.replace_file", True), ("preparation.give_name", False)])
def test_a_kill_while_the_corpus_is_sealed_loses_nothing(
    call: str, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = sources(tabs(tmp_path / "c.tsv"))
    expected = contents(prepare_corpus(chosen, tokens(), tmp_path / "whole").folder)

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(f"tandem.preparation.{call}", kill)
        with pytest.raises(Killed):
            prepare_corpus(chosen, tokens(), tmp_path / "cache")
    (partial,) = corpora_in(tmp_path / "cache").iterdir()
    (partial / f"{ACCOUNT}.partial").write_text("{", encoding="utf-8")
    heard = Heard()
    found = prepare_corpus(chosen, tokens(), tmp_path / "cache", on_progress=heard)
    assert {name: content for name, content in contents(found.folder).items() if name in expected} == expected
    assert any(what == "encoding" for what, _ in heard) == again
    assert open_prepared(found.folder, verify=True) is not None


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(("at", "name"), [(6, "counted.json"), (24, "encoded.json")])
def test_a_state_that_cannot_be_read_is_done_without(at: int, name: str, tmp_path: Path) -> None:
    chosen = sources(tabs(tmp_path / "c.tsv"))
    expected = contents(prepare_corpus(chosen, tokens(), tmp_path / "whole").folder)
    with pytest.raises(Killed):
        prepare_corpus(chosen, tokens(), tmp_path / "cache", on_progress=stopping(at))
    (state,) = (tmp_path / "cache").rglob(name)
    state.write_bytes(state.read_bytes()[:-9])
    assert contents(prepare_corpus(chosen, tokens(), tmp_path / "cache").folder) == expected


def test_two_at_once_prepare_it_once(tmp_path: Path) -> None:
    chosen = sources(InMemory(PAIRS))
    folder = prepare_corpus(chosen, tokens(), tmp_path).folder
    other = FileLock(tmp_path / "locks" / folder.name)
    other.acquire()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        other.release()

    assert prepare_corpus(chosen, tokens(), tmp_path, notify=say).folder == folder
    assert said == ["corpus: another process prepares it; waiting for that", f"corpus: prepared before, in {folder}"]


@needs_limits
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("size", [100, 1000, 3000, 5000])
def test_a_full_disk_is_said_and_what_was_prepared_is_gone_on_with(size: int, tmp_path: Path) -> None:
    chosen = sources(tabs(tmp_path / "c.tsv"))
    expected = contents(prepare_corpus(chosen, tokens(), tmp_path / "whole").folder)
    cache = tmp_path / "cache"
    said = r"cache: the cache of prepared corpora cannot be written: .*File too large.*set TANDEM_CACHE"
    with no_file_beyond(size), pytest.raises(CorpusError, match=said):
        prepare_corpus(chosen, tokens(), cache)
    assert contents(prepare_corpus(chosen, tokens(), cache).folder) == expected
