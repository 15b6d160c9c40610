"""Chunks come back in order and the same, whoever works on them."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.errors import TandemError
from tandem.preparation import workers
from tandem.preparation.chunks import Chunk, Counting, EncodedChunk, Encoding, Task, chance_rank, first_by_chance
from tandem.preparation.workers import work
from tandem.text import EOS_ID, SOS_ID, Tokenizer
from tests.support.runs import number_pairs

PAIRS = number_pairs(60)
SOURCE, TARGET = (Tokenizer.train("word", [pair[side] for pair in PAIRS[:40]]) for side in (0, 1))


def chunks(size: int = 7) -> list[Chunk]:
    return [Chunk(*zip(*PAIRS[start : start + size], strict=True)) for start in range(0, len(PAIRS), size)]


def encoding(max_tokens: int | None = 4, *, reverse: bool = True) -> Encoding:
    return Encoding(SOURCE, TARGET, reverse_source=reverse, max_tokens=max_tokens)


def tasks() -> list[Task[object]]:
    return [Counting(3, 5, True), encoding()]  # type: ignore[list-item]


def plain(result: object) -> object:
    return [part.tolist() for part in result] if isinstance(result, EncodedChunk) else result


@pytest.mark.parametrize("task", tasks(), ids=["counting", "encoding"])
def test_processes_beside_give_what_this_one_gives(task: Task[object]) -> None:
    expected = [plain(task.run(chunk)) for chunk in chunks()]
    assert len(expected) > 2 * workers._CHUNKS_IN_PROCESS
    for processes in (1, 2, 3):
        assert [plain(result) for result in work(task, chunks(), processes)] == expected


@pytest.mark.parametrize("task", tasks(), ids=["counting", "encoding"])
def test_what_is_packed_is_unpacked(task: Task[object]) -> None:
    for chunk in (*chunks(), Chunk(["eins zwei drei vier fünf"], ["one"])):  # nothing of the last one is kept
        result = task.run(chunk)
        assert plain(task.unpack(task.pack(result))) == plain(result)


def test_a_small_corpus_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(list(work(Counting(1, 0, False), chunks(15), 8))) == 4


def test_no_more_is_read_than_is_worked_on() -> None:
    read = 0

    def endless() -> Iterator[Chunk]:
        nonlocal read
        while True:
            read += 1
            yield Chunk(["a"], ["b"])

    results = work(Counting(1, 0, False), endless(), 2)
    for _ in range(20):
        next(results)
    assert read <= 20 + 2 * 2
    results.close()  # type: ignore[attr-defined]


def test_a_process_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TandemError, match=r"a process that prepares the corpus beside this one ended"):
        list(work(Counting(1, 0, False), chunks(), 2))


@pytest.mark.parametrize("reverse", [False, True])
@given(st.lists(st.tuples(st.lists(st.sampled_from("abcx"), max_size=5), st.lists(st.sampled_from("de"), max_size=5))))
def test_encoded_pairs_are_framed_turned_and_none_is_too_long(
    reverse: bool, pairs: list[tuple[list[str], list[str]]]
) -> None:
    source, target = Tokenizer.train("word", ["a b c"]), Tokenizer.train("word", ["d e"])
    texts = [(" ".join(source), " ".join(target)) for source, target in pairs]
    task = Encoding(source, target, reverse_source=reverse, max_tokens=3)
    result = task.run(Chunk([s for s, _ in texts], [t for _, t in texts]))
    kept = [(source.encode(s), target.encode(t)) for s, t in texts]
    kept = [(s[::-1] if reverse else s, t) for s, t in kept if len(s) <= 3 and len(t) <= 3]
    for side, (ids, lengths) in enumerate((result[:2], result[2:])):
        expected = [[SOS_ID, *pair[side], EOS_ID] for pair in kept]
        assert ids.tolist() == [index for sentence in expected for index in sentence]
        assert lengths.tolist() == [len(sentence) for sentence in expected]
        assert ids.dtype == np.int32


def test_sources_come_first_by_chance_and_are_counted() -> None:
    sources = ["a", "b", "a", "c", "d", "a"]
    order = sorted("abcd", key=lambda source: chance_rank(source, 7))
    counted = Counting(7, 2, False).run(Chunk(sources, ["x"] * 6))
    assert counted.sizes == {source: Counter(sources)[source] for source in order[:2]}
    assert first_by_chance(Counter(sources), 7, 9) == Counter(sources)
    assert Counting(7, 0, False).run(Chunk(sources, ["x"] * 6)).sizes == {}
