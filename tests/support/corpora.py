"""Made corpora for the tests: pairs of id sequences in memory, and files of pairs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet

from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.text import EOS_ID, SOS_ID

FIRST_WORD = 4  # the ids below are <unk>, <pad>, <sos> and <eos>


def side(sentences: Sequence[Sequence[int]]) -> EncodedSide:
    """These sentences as they are, one after the other."""
    flat = np.asarray([token for sentence in sentences for token in sentence], dtype=np.int32)
    return EncodedSide(flat, np.cumsum([0, *map(len, sentences)], dtype=np.int64))


def framed(words: Sequence[int]) -> list[int]:
    return [SOS_ID, *words, EOS_ID]


def corpus(pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> EncodedCorpus:
    """Pairs of words' ids, each side framed."""
    return EncodedCorpus(side([framed(s) for s, _ in pairs]), side([framed(t) for _, t in pairs]))


def random_words(chance: np.random.Generator, count: int, longest: int, vocabulary: int) -> list[list[int]]:
    """`count` sequences of 1 to `longest` words of a vocabulary of so many ids, the four special ones counted."""
    lengths = chance.integers(1, longest, size=count, endpoint=True)
    return [chance.integers(FIRST_WORD, vocabulary, size=length).tolist() for length in lengths]


def random_corpus(count: int, *, longest: int = 6, vocabulary: int = 12, seed: int = 0) -> EncodedCorpus:
    """Pairs that have nothing to do with each other, of many lengths."""
    chance = np.random.default_rng(seed)
    sources = random_words(chance, count, longest, vocabulary)
    return corpus(list(zip(sources, random_words(chance, count, longest, vocabulary), strict=True)))


def task_corpora(
    task: Callable[[list[int]], list[int]], *, train: int, held_out: int, longest: int, vocabulary: int
) -> tuple[EncodedCorpus, EncodedCorpus]:
    """A task's pairs (words, what becomes of them), to train on and to test with; no sequence is in both."""
    chance = np.random.default_rng(5)
    wanted = train + held_out
    drawn = random_words(chance, 4 * wanted, longest, vocabulary)
    distinct = list(dict.fromkeys(tuple(words) for words in drawn))
    assert len(distinct) >= wanted, f"only {len(distinct)} distinct sequences"
    pairs = [(list(words), task(list(words))) for words in distinct[:wanted]]
    return corpus(pairs[held_out:]), corpus(pairs[:held_out])


def write_parquet(path: Path, pairs: Sequence[tuple[str, str]], source: str = "source", target: str = "target") -> None:
    """Write pairs to a Parquet file with two columns of these names."""
    sources, targets = zip(*pairs, strict=True)
    parquet.write_table(pyarrow.table({source: sources, target: targets}), path)
