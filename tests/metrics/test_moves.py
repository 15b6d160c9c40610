"""TER is sacreBLEU's, and bounded where sacreBLEU takes seconds a sentence."""

import random

import pytest
from sacrebleu.metrics.ter import TER

from tandem.metrics import moves, score_of, ter


def scrambled(words: int, sentences: int, seed: int = 1) -> tuple[list[str], list[list[str]]]:
    """References of random words, and the same words in another order, some of them changed."""
    chance = random.Random(seed)
    hypotheses, references = [], []
    for _ in range(sentences):
        reference = [f"w{chance.randint(0, 9)}" for _ in range(words)]
        hypothesis = chance.sample(reference, words - words // 8)
        hypotheses.append(" ".join(hypothesis + ["new"] * chance.randint(0, 2)))
        references.append([" ".join(reference), " ".join(reversed(reference))])
    return hypotheses, references


@pytest.mark.parametrize("words", [1, 4, 9, 17])
def test_it_is_what_sacrebleu_gives(words: int) -> None:
    hypotheses, references = scrambled(words, 4)
    hypotheses[0], references[1] = "", ["", "a b"]
    streams = [list(stream) for stream in zip(*references, strict=True)]
    found = ter(hypotheses, references)
    assert found.value == TER(case_sensitive=True).corpus_score(hypotheses, streams).score
    assert not found.note
    assert "moves-cut" not in found.signature


def test_long_scrambled_sentences_are_cut_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    hypotheses, references = scrambled(12, 3)
    whole = ter(hypotheses, references)
    monkeypatch.setattr(moves, "_MOST_WORDS", 60)
    hypotheses.append("a b c")
    references.append(["a b c"])
    done: list[int] = []
    found = ter(hypotheses, references, on_progress=done.append)
    assert done == [1] * 4
    assert found.value >= whole.value * 3 * 12 / (3 * 12 + 3)
    assert found.signature.endswith("|moves-cut:3")
    assert found.note.startswith("ter: 3 of 4 translations")


def test_a_score_can_be_had_alone() -> None:
    assert score_of("ter", ["a"], [["b"]], lowercase=False) == ter(["a"], [["b"]])
