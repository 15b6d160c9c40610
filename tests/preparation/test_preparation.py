"""Which pairs of a corpus are prepared, which are held out, and which are left out."""

import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Pair
from tandem.corpora.tab_separated import TabSeparated
from tandem.errors import CorpusError
from tandem.preparation import passes
from tandem.preparation.cache import FAULTY, Prepared, corpora_in
from tandem.preparation.encoded import EncodedSide
from tandem.preparation.preparation import prepare_corpus
from tandem.preparation.sources import held_out
from tandem.text import EOS_ID, SOS_ID, Tokenizer, normalise
from tandem.text.counts import WordCounts
from tests.preparation.small_corpora import PAIRS, contents, sources, tabs, tokens
from tests.support.runs import number_pairs


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


def test_over_all_cores_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = sources(InMemory(PAIRS))
    one = prepare_corpus(chosen, tokens(), tmp_path / "one")
    monkeypatch.setattr(passes, "_PAIRS", 20)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    three = prepare_corpus(chosen, tokens(), tmp_path / "three")
    assert contents(one.folder) == contents(three.folder)
