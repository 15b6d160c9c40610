"""What is measured on: Multi30k where it is there, else a made corpus of its shape."""

import os
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.plan import Plan
from tandem.corpora.public import named_corpus
from tandem.errors import CorpusError
from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.text import EOS_ID, SOS_ID, Tokenizer

Texts = list[tuple[str, str]]
FIRST_WORD = 4  # the ids below are <unk>, <pad>, <sos> and <eos>


@dataclass(frozen=True)
class Lengths:
    """How long sentences are, in words, source and target: their logarithms are normal, and go together."""

    means: tuple[float, float]
    deviations: tuple[float, float]
    correlation: float
    longest: int


MULTI30K = Lengths((2.481, 2.530), (0.326, 0.299), 0.854, 45)
"""Of its training pairs. Lengths so drawn have means of 12.6 and 13.1 and deviations of 4.2 and 4.1."""


@dataclass(frozen=True)
class MeasuredCorpus:
    """Training pairs as ids, test pairs as text, and the tokenizers between the two."""

    name: str
    """`multi30k` or `made`."""
    train: EncodedCorpus
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    test: Texts

    @property
    def vocabularies(self) -> tuple[int, int]:
        """Source and target tokens, the four special ones counted."""
        return len(self.source_tokenizer), len(self.target_tokenizer)

    def describe(self) -> dict[str, object]:
        """What a reader of the figures should know of it."""
        source, target = self.train.source.lengths - 2, self.train.target.lengths - 2
        return {
            "name": self.name,
            "training pairs": len(self.train),
            "test pairs": len(self.test),
            "vocabularies": list(self.vocabularies),
            "mean words": [round(float(source.mean()), 2), round(float(target.mean()), 2)],
            "deviation": [round(float(source.std()), 2), round(float(target.std()), 2)],
        }


def open_corpus(plan: Plan) -> MeasuredCorpus:
    """Multi30k from TANDEM_DATA, `../shared/data` or where `tandem data get` puts it; a made one where it is not."""
    if not plan.quick:
        beside = Path(__file__).parents[2] / "shared" / "data"
        folder = beside if "TANDEM_DATA" not in os.environ and beside.is_dir() else None
        try:
            train, test = (
                [(p.source, p.target) for p in named_corpus("multi30k", s, folder)] for s in ("train", "test")
            )
        except CorpusError:
            pass
        else:
            return _encoded("multi30k", train, test)
    train = made_texts(plan.made_pairs, plan.made_words, seed=1)
    return _encoded("made", train, made_texts(plan.tandem_sentences, plan.made_words, seed=2))


def made_texts(count: int, words: tuple[int, int], *, seed: int, lengths: Lengths = MULTI30K) -> Texts:
    """Pairs of made words, their lengths drawn together, log-normal, the words by Zipf's law.

    Every word stands there at least twice where there is room, so that vocabularies have the sizes asked for.
    """
    chance = np.random.default_rng(seed)
    together = np.array([[1, lengths.correlation], [lengths.correlation, 1]])
    spread = np.outer(lengths.deviations, lengths.deviations) * together
    drawn = chance.multivariate_normal(lengths.means, spread, size=count)  # (N, 2)
    counts = np.exp(drawn).round().astype(np.int64).clip(1, lengths.longest)
    sides = [_made_side(counts[:, side], words[side] - FIRST_WORD, chance) for side in (0, 1)]
    return list(zip(*sides, strict=True))


def _made_side(lengths: npt.NDArray[np.int64], words: int, chance: np.random.Generator) -> list[str]:
    letters = 3 if words <= 26**3 else 4
    known = ["".join(word) for word in islice(product("abcdefghijklmnopqrstuvwxyz", repeat=letters), words)]
    probabilities = 1 / np.arange(1, words + 1)
    total = int(lengths.sum())
    ids = chance.choice(words, size=total, p=probabilities / probabilities.sum())
    if total >= 2 * words:
        ids[: 2 * words] = np.tile(np.arange(words), 2)
    ids = chance.permutation(ids)
    ends = np.cumsum(lengths)
    return [" ".join(known[i] for i in ids[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def _encoded(name: str, train: Texts, test: Texts) -> MeasuredCorpus:
    source, target = ([pair[side] for pair in train] for side in (0, 1))
    source_tokenizer, target_tokenizer = (
        Tokenizer.train("word", texts, lowercase=True, min_count=2) for texts in (source, target)
    )
    encoded = EncodedCorpus(
        framed(source_tokenizer.encode_batch(source)), framed(target_tokenizer.encode_batch(target))
    )
    return MeasuredCorpus(name, encoded, source_tokenizer, target_tokenizer, test)


def framed(sentences: list[list[int]]) -> EncodedSide:
    """Sentences of words' ids as one side of a corpus, each between `<sos>` and `<eos>`."""
    flat = np.concatenate([np.asarray([SOS_ID, *ids, EOS_ID], dtype=np.int32) for ids in sentences])
    return EncodedSide(flat, np.cumsum([0, *(len(ids) + 2 for ids in sentences)], dtype=np.int64))


def level_corpus(pairs: int, source: int, target: int, words: tuple[int, int], *, seed: int = 1) -> EncodedCorpus:
    """Pairs of random ids, all sources with `source` words and all targets with `target`; vocabularies `words`."""
    chance = np.random.default_rng(seed)
    return EncodedCorpus(
        *(
            framed(chance.integers(FIRST_WORD, size, (pairs, length)).tolist())
            for length, size in ((source, words[0]), (target, words[1]))
        )
    )


def rows_of(corpus: EncodedCorpus, rows: npt.NDArray[np.int64]) -> EncodedCorpus:
    """These pairs of a corpus, as a corpus."""
    sides = []
    for side in (corpus.source, corpus.target):
        parts = [side.ids[side.offsets[row] : side.offsets[row + 1]] for row in rows]
        sides.append(EncodedSide(np.concatenate(parts), np.cumsum([0, *map(len, parts)], dtype=np.int64)))
    return EncodedCorpus(*sides)


def batch_rows(corpus: EncodedCorpus, size: int, *, by_length: bool, seed: int = 1) -> list[npt.NDArray[np.int64]]:
    """The rows of an epoch's full batches, from small to large: sorted by length as Tandem has them, or random."""
    rows = np.random.default_rng(seed).permutation(len(corpus))
    source, target = corpus.source.lengths, corpus.target.lengths
    if by_length:
        rows = rows[np.lexsort((target[rows], source[rows]))]
    batches = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
    return sorted(batches, key=lambda batch: int(target[batch].max()) * 1000 + int(source[batch].max()))
