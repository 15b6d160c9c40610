"""A prepared corpus is found again by its content, and a damaged one is prepared again."""

from dataclasses import replace
from pathlib import Path

import pytest

from tandem.corpora.memory import InMemory
from tandem.errors import CorpusError
from tandem.preparation.cache import ACCOUNT, corpora_in, default_cache, entries, open_prepared
from tandem.preparation.preparation import prepare_corpus
from tests.preparation.small_corpora import PAIRS, contents, sources, tabs, tokens


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
