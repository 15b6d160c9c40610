"""A corpus is prepared once, the same whatever interrupts it, and found again by its content."""

import json
import os
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Corpus, Pair
from tandem.corpora.tab_separated import TabSeparated
from tandem.errors import CorpusError
from tandem.preparation import passes
from tandem.preparation.cache import ACCOUNT, FAULTY, Prepared, corpora_in, default_cache, entries, open_prepared
from tandem.preparation.encoded import EncodedSide
from tandem.preparation.preparation import prepare_corpus
from tandem.preparation.sources import Sources, Tokens, held_out
from tandem.text import EOS_ID, SOS_ID, Tokenizer, normalise
from tandem.text.counts import WordCounts
from tests.support.limits import needs_limits, no_file_beyond
from tests.support.runs import number_pairs

PAIRS = number_pairs(300)


def sources(train: Corpus, validation: Corpus | None = None, **changes: Any) -> Sources:
    made = Sources(train, validation, "drop", 1000, 5, 0.1, 2000, 1, False)
    return replace(made, **changes)


def tokens(reverse: bool = False) -> Tokens:
    def learn(source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
        return Tokenizer.train("word", source), Tokenizer.train("word", target)

    return Tokens(["word"], learn, reverse)


def tabs(path: Path, pairs: list[tuple[str, str]] | None = None) -> TabSeparated:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs or PAIRS), encoding="utf-8")
    return TabSeparated(path)


def sentences(side: EncodedSide) -> list[list[int]]:
    return [side.ids[start:end].tolist() for start, end in zip(side.offsets[:-1], side.offsets[1:], strict=True)]


def texts(prepared: Prepared, part: str, *, reverse: bool = False) -> list[Pair]:
    corpus = getattr(prepared, part)
    source, target = prepared.tokenizers
    found = []
    for s, t in zip(sentences(corpus.source), sentences(corpus.target), strict=True):
        assert (s[0], s[-1], t[0], t[-1]) == (SOS_ID, EOS_ID, SOS_ID, EOS_ID)
        found.append(Pair(source.decode(s[1:-1][::-1] if reverse else s[1:-1]), target.decode(t[1:-1])))
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chunks, each saved after, none by a process beside."""
    monkeypatch.setattr(passes, "_PAIRS", 20)
    monkeypatch.setattr(passes, "_SAVED_EVERY", -1.0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)


@pytest.mark.parametrize("reverse", [False, True])
def test_all_pairs_are_trained_on_or_held_out_in_order(reverse: bool, tmp_path: Path) -> None:
    found = prepare_corpus(sources(InMemory(PAIRS), max_tokens=99), tokens(reverse), tmp_path)
    held = set(found.validation_pairs)
    assert texts(found, "train", reverse=reverse) == [pair for pair in PAIRS if pair not in held]
    assert texts(found, "validation", reverse=reverse) == found.validation_pairs
    assert found.validation_pairs == [pair for pair in PAIRS if pair in held]
    assert found.messages == ["validation: 30 of the pairs, carved off by source; 270 to train on"]


def test_which_sources_are_held_out_follows_from_their_normalised_texts(tmp_path: Path) -> None:
    plain = prepare_corpus(sources(InMemory(PAIRS)), tokens(), tmp_path / "plain").validation_pairs
    wanted = held_out(dict.fromkeys((source for source, _ in PAIRS), 1), len(PAIRS), 0.1, 1, at_most=2000)
    assert {pair.source for pair in plain} == wanted
    spaced = [(f" {source.upper()} ", target) for source, target in PAIRS]
    found = prepare_corpus(sources(InMemory(spaced), lowercase=True), tokens(), tmp_path / "spaced").validation_pairs
    assert [(pair.source.strip().lower(), pair.target) for pair in found] == plain


forms = st.sampled_from(
    [str, str.upper, str.title, " {} ".format, "{}\xa0".format, partial(unicodedata.normalize, "NFD")]
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(st.sampled_from("äbçdéfgh"), forms, st.sampled_from("xyz")), min_size=2, max_size=30),
    lowercase=st.booleans(),
    seed=st.integers(0, 9),
)
def test_no_source_is_on_both_sides_however_it_is_written(
    pairs: list[tuple[str, Callable[[str], str], str]], lowercase: bool, seed: int, tmp_path: Path
) -> None:
    written = [(form(source), target) for source, form, target in pairs]
    assume(len({normalise(source, lowercase=lowercase) for source, _ in written}) > 1)
    chosen = sources(InMemory(written), lowercase=lowercase, seed=seed, fraction=0.3)
    held = prepare_corpus(chosen, tokens(), tmp_path).validation_pairs
    left = [pair for pair in written if pair not in held]
    seen = [{normalise(source, lowercase=lowercase) for source, _ in side} for side in (held, left)]
    assert seen[0]
    assert seen[1]
    assert not seen[0] & seen[1]


def test_a_validation_corpus_is_taken_whole_and_long_pairs_are_left_out(tmp_path: Path) -> None:
    few = number_pairs(20, seed=5)
    found = prepare_corpus(sources(InMemory(PAIRS), InMemory(few, "few")), tokens(), tmp_path)
    assert texts(found, "train") == [pair for pair in PAIRS if len(pair[0].split()) <= 5]
    assert texts(found, "validation") == [pair for pair in few if len(pair[0].split()) <= 5]
    assert found.validation_pairs == few  # they are translated whole
    long = len(PAIRS) - len(found.train)
    assert found.messages == [
        f"dropped {long} of 300 training pairs, with more than 5 tokens on a side (data.max_tokens)"
    ]


def test_it_is_found_again_by_content_alone(tmp_path: Path) -> None:
    said: list[str] = []
    first = prepare_corpus(sources(tabs(tmp_path / "a.tsv")), tokens(), tmp_path / "cache", notify=said.append)
    assert said == []
    again = prepare_corpus(sources(tabs(tmp_path / "b.tsv")), tokens(), tmp_path / "cache", notify=said.append)
    assert again.folder == first.folder
    assert said == [f"corpus: prepared before, in {first.folder}"]
    others = [
        prepare_corpus(chosen, with_tokens, tmp_path / "cache").folder
        for chosen, with_tokens in (
            (sources(tabs(tmp_path / "c.tsv", PAIRS[1:])), tokens()),
            (sources(tabs(tmp_path / "a.tsv"), max_tokens=4), tokens()),
            (sources(tabs(tmp_path / "a.tsv"), seed=2), tokens()),
            (sources(tabs(tmp_path / "a.tsv"), InMemory(PAIRS[:9])), tokens()),
            (sources(tabs(tmp_path / "a.tsv")), tokens(reverse=True)),
            (sources(tabs(tmp_path / "a.tsv")), replace(tokens(), described=["bpe"])),
        )
    ]
    assert len({first.folder, *others}) == 7


class Heard(list[tuple[str, int]]):
    """What was done, and how much of it."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        self.append((what, done))


class Killed(BaseException):
    """The power is cut."""


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


def test_faulty_pairs_are_counted_and_listed_beside_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "c.tsv"
    path.write_bytes(b"eins\tone\nzwei\n\xff\tx\ndrei\tthree\n\tvier\nf\xc3\xbcnf\tfive\n")
    found = prepare_corpus(sources(TabSeparated(path)), tokens(), tmp_path / "cache")
    assert found.messages[0] == (
        f"c.tsv: dropped 3 of 6 pairs: 1 with an empty side, 2 unreadable. The first: {path} line 2: there is no "
        "column 2; the line has 1 ('zwei'). Columns are separated by a tab. Mend the line, or give other columns. All "
        f"are listed in {found.folder / FAULTY}"
    )
    lines = (found.folder / FAULTY).read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0] for line in lines] == [f"{path} line {number}" for number in (2, 3, 5)]
    again = prepare_corpus(sources(TabSeparated(path)), tokens(), tmp_path / "cache")
    assert again.messages == found.messages


def test_a_faulty_pair_may_stop_it_and_leaves_nothing(tmp_path: Path) -> None:
    corpus = tabs(tmp_path / "c.tsv", [*PAIRS, ("", "x")])
    with pytest.raises(CorpusError, match=r"c\.tsv line 301: the text is empty"):
        prepare_corpus(sources(corpus, on_error="stop"), tokens(), tmp_path / "cache")
    assert list(corpora_in(tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("part", ["train", "validation"])
def test_nothing_left_is_an_error_with_the_remedy(part: str, tmp_path: Path) -> None:
    long, short = InMemory([("eins zwei drei", "one two three")]), InMemory([("eins", "one")])
    chosen = sources(long, short, max_tokens=2) if part == "train" else sources(short, long, max_tokens=2)
    said = rf"each of the 1 {part} pairs has more than 2 tokens .*raise data\.max_tokens"
    with pytest.raises(CorpusError, match=said):
        prepare_corpus(chosen, tokens(), tmp_path)


@pytest.mark.parametrize("changed", [PAIRS[:-1], PAIRS[::-1]], ids=["shorter", "another order"])
def test_a_corpus_that_changes_between_the_passes_stops(changed: list[tuple[str, str]], tmp_path: Path) -> None:
    corpus = tabs(tmp_path / "c.tsv")

    def learn(source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
        tabs(tmp_path / "c.tsv", changed)
        return tokens().learn(source, target)

    with pytest.raises(CorpusError, match=r"c\.tsv: it was changed while it was read"):
        prepare_corpus(sources(corpus), replace(tokens(), learn=learn), tmp_path / "cache")
    assert list(corpora_in(tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("name", ["train.source.ids", "train.target.offsets", "source.tokenizer.json", ACCOUNT])
def test_a_damaged_cache_is_made_anew(name: str, tmp_path: Path) -> None:
    chosen = sources(InMemory(PAIRS))
    first = prepare_corpus(chosen, tokens(), tmp_path)
    expected = contents(first.folder)
    path = first.folder / name
    said: list[str] = []
    for damaged in (expected[name][:-9], b"", None):
        del first
        path.unlink() if damaged is None else path.write_bytes(damaged)
        first = prepare_corpus(chosen, tokens(), tmp_path, notify=said.append)
        assert contents(first.folder) == expected
    assert said == [f"corpus: what was prepared in {path.parent} is damaged; it is made anew"] * 3
    flipped = bytes([expected[name][0] ^ 1]) + expected[name][1:]
    if name != ACCOUNT:
        path.write_bytes(flipped)
        assert contents(prepare_corpus(chosen, tokens(), tmp_path, verify=True).folder) == expected


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


def test_a_cache_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be written: Not a directory"):
        prepare_corpus(sources(InMemory(PAIRS)), tokens(), tmp_path / "file" / "cache")


def test_the_cache_tells_what_is_in_it(tmp_path: Path) -> None:
    assert entries(tmp_path) == []
    found = prepare_corpus(sources(InMemory(PAIRS, "numbers")), tokens(), tmp_path)
    (corpora_in(tmp_path) / f"{'0' * 32}.partial").mkdir()
    first, second = entries(tmp_path)
    assert (first.folder, first.name, first.pairs) == (found.folder, "numbers", len(found.train))
    assert first.size == sum(map(len, contents(found.folder).values()))
    assert (second.pairs, second.size) == (None, 0)
    assert open_prepared(second.folder) is None


def test_the_cache_lies_where_the_system_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TANDEM_CACHE", "~/there")
    assert default_cache() == Path.home() / "there"
    monkeypatch.delenv("TANDEM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "tandem"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_cache() == Path.home() / ".cache" / "tandem"


def test_over_all_cores_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = sources(InMemory(PAIRS))
    one = prepare_corpus(chosen, tokens(), tmp_path / "one")
    monkeypatch.setattr(passes, "_PAIRS", 20)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    three = prepare_corpus(chosen, tokens(), tmp_path / "three")
    assert contents(one.folder) == contents(three.folder)
