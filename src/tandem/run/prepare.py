"""A recipe's corpora, made ready to train on: read, split, tokenised, encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tandem.build import build_corpus, build_tokenizer
from tandem.data import Batches, EncodedCorpus
from tandem.data.corpus import InMemory
from tandem.data.encoded import open_side, write_side
from tandem.data.pairs import Corpus, Pair, load_pairs
from tandem.data.split import carve
from tandem.errors import CorpusError
from tandem.recipe import CorpusChoice, Data, MemoryCorpus, Recipe
from tandem.text import EOS_ID, SOS_ID, Tokenizer
from tandem.translator import frame_source


class GivenPairs(NamedTuple):
    """Pairs handed over from Python, for corpora that the recipe calls `memory`."""

    train: Sequence[tuple[str, str]]
    validation: Sequence[tuple[str, str]] | None = None


class TextPairs(NamedTuple):
    """Training and validation pairs, and what a user should know of how they came to be."""

    train: list[Pair]
    validation: list[Pair]
    messages: list[str]


@dataclass(frozen=True)
class PreparedCorpus:
    """What the training loop and its validation read."""

    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    train: Batches
    validation: Batches
    validation_pairs: list[Pair]
    messages: list[str]


def read_corpus(
    choice: CorpusChoice, data: Data, given: Sequence[tuple[str, str]] | None
) -> tuple[list[Pair], list[str]]:
    """The good pairs of one corpus, and a message where some were dropped."""
    if isinstance(choice, MemoryCorpus) and given is not None:
        corpus: Corpus = InMemory(given)
    else:
        corpus = build_corpus(choice, data.folder)
    loaded = load_pairs(corpus, on_error=data.on_error, max_characters=data.max_characters)
    messages = [f"{corpus.name}: {loaded.dropped.message()}"] if loaded.dropped.count else []
    return loaded.pairs, messages


def read_pairs(data: Data, seed: int, given: GivenPairs | None = None) -> TextPairs:
    """Training and validation pairs; validation is carved off the training pairs where it has no corpus of its own."""
    train, messages = read_corpus(data.train, data, given.train if given else None)
    if data.validation is not None:
        validation, more = read_corpus(data.validation, data, given.validation if given else None)
        messages += more
    else:
        train, validation = carve(train, data.validation_fraction, seed, at_most=data.validation_at_most)
        messages.append(
            f"validation: {len(validation):,} of the pairs, carved off by source; {len(train):,} to train on"
        )
    return TextPairs(train, validation, messages)


def prepare(
    recipe: Recipe, texts: TextPairs, folder: Path, tokenizers: tuple[Tokenizer, Tokenizer] | None
) -> PreparedCorpus:
    """Encode pairs into memory-mapped ids under `folder`; `tokenizers` are trained unless given."""
    source, target = tokenizers or (
        build_tokenizer(recipe.text.source, [pair.source for pair in texts.train]),
        build_tokenizer(recipe.text.target, [pair.target for pair in texts.train]),
    )
    train, too_long = _encode(recipe, texts.train, source, target, folder / "train")
    validation, _ = _encode(recipe, texts.validation, source, target, folder / "validation")
    messages = list(texts.messages)
    if too_long:
        messages.append(
            f"dropped {too_long:,} of {len(texts.train):,} training pairs, with more than {recipe.data.max_tokens} "
            "tokens on a side (data.max_tokens)"
        )
    batches = Batches(train, recipe.training.batch_size, recipe.seed)
    messages += [
        f"vocabulary: {len(source):,} source and {len(target):,} target tokens",
        f"{len(train):,} training pairs in {len(batches):,} batches; "
        f"padding is {100 * batches.padding_share():.1f} % of them",
    ]
    return PreparedCorpus(
        source,
        target,
        batches,
        Batches(validation, 64, recipe.seed, shuffle=False),
        texts.validation,
        messages,
    )


def encode_pairs(
    recipe: Recipe, pairs: Sequence[Pair], source: Tokenizer, target: Tokenizer, path: Path
) -> EncodedCorpus:
    """All pairs as ids, whatever their length."""
    return _write(
        [frame_source(ids, recipe) for ids in source.encode_batch([pair.source for pair in pairs])],
        [[SOS_ID, *ids, EOS_ID] for ids in target.encode_batch([pair.target for pair in pairs])],
        path,
    )


def _encode(
    recipe: Recipe, pairs: Sequence[Pair], source: Tokenizer, target: Tokenizer, path: Path
) -> tuple[EncodedCorpus, int]:
    """The pairs that are not too long as ids, and the number of the others."""
    sources = source.encode_batch([pair.source for pair in pairs])
    targets = target.encode_batch([pair.target for pair in pairs])
    limit = recipe.data.max_tokens
    kept = [(s, t) for s, t in zip(sources, targets, strict=True) if len(s) <= limit and len(t) <= limit]
    if not kept:
        raise CorpusError(
            f"each of the {len(pairs):,} {path.name} pairs has more than {limit} tokens on a side: raise "
            "data.max_tokens, or choose a tokenizer with longer tokens"
        )
    corpus = _write([frame_source(s, recipe) for s, _ in kept], [[SOS_ID, *t, EOS_ID] for _, t in kept], path)
    return corpus, len(pairs) - len(kept)


def _write(sources: list[list[int]], targets: list[list[int]], path: Path) -> EncodedCorpus:
    sides = []
    for name, sentences in (("source", sources), ("target", targets)):
        write_side(sentences, path / name)
        sides.append(open_side(path / name))
    return EncodedCorpus(*sides)
