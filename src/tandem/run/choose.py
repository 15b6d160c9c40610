"""A recipe chosen from a corpus, with the reasons, for whoever has pairs and no recipe."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tandem.data.pairs import Pair
from tandem.recipe import (
    Data,
    LearningRate,
    Model,
    Optimizer,
    Recipe,
    Search,
    Text,
    Texts,
    Training,
)

_MANY_WORDS = 20_000
"""More frequent words than this make an output layer slow: then words are cut into pieces."""
_RARE_SHARE = 0.05
"""Words that would be `<unk>`, as a share of all: with more of them words are cut into pieces."""


class Choice(NamedTuple):
    """What was chosen, and why, a line for each decision."""

    recipe: Recipe
    reasons: list[str]


class _Side(NamedTuple):
    """One side's tokens and the reason for them."""

    text: Text
    reason: str


class _Size(NamedTuple):
    """Model and schedule for a number of training pairs."""

    pairs: int
    """For corpora of fewer pairs than this."""
    layers: int
    hidden: int
    embedding: int
    dropout: float
    output_dropout: float
    batch_size: int
    epochs: int
    learning_rate: float


_SIZES = (
    _Size(2_000, 1, 128, 64, 0.3, 0.3, 16, 60, 3e-3),
    _Size(20_000, 1, 384, 192, 0.35, 0.3, 32, 14, 3e-3),
    _Size(200_000, 2, 512, 256, 0.5, 0.2, 64, 14, 1e-3),
    _Size(2_000_000, 2, 512, 512, 0.2, 0.2, 128, 6, 1e-3),
)
_LARGEST = _Size(0, 2, 1000, 512, 0.1, 0.1, 128, 3, 1e-3)


def choose_recipe(pairs: Sequence[Pair], data: Data, count: int) -> Choice:
    """Tokenizers, sizes and schedule for `count` training pairs, of which `pairs` are the first."""
    source = _choose_text([pair.source for pair in pairs])
    target = _choose_text([pair.target for pair in pairs])
    size = next((size for size in _SIZES if count < size.pairs), _LARGEST)
    steps = -(-count // size.batch_size)
    recipe = Recipe(
        data=data,
        text=Texts(source=source.text, target=target.text, reverse_source=True),
        model=Model(
            layers=size.layers,
            hidden=size.hidden,
            embedding=size.embedding,
            dropout=size.dropout,
            output_dropout=size.output_dropout,
            tie_output=True,
        ),
        training=Training(
            epochs=size.epochs,
            batch_size=size.batch_size,
            optimizer=Optimizer(learning_rate=size.learning_rate),
            learning_rate=LearningRate(schedule="linear", warmup_steps=min(200, steps), decay_from=0.4),
            label_smoothing=0.1,
            patience=5,
        ),
        search=Search(),
    )
    reasons = [
        f"source tokens: {source.reason}",
        f"target tokens: {target.reason}",
        "source reversed: the first words to be written are then read last (Sutskever et al. 2014, section 3.3)",
        f"model: {size.layers} LSTM layer{'s' * (size.layers > 1)} of {size.hidden}, embeddings of {size.embedding}, "
        f"dropout {size.dropout}: the size for {count:,} training pairs",
        f"schedule: up to {size.epochs} epochs of {steps:,} steps, {size.batch_size} pairs each; Adam with a warm-up, "
        "then down to 0; it stops after 5 epochs that were no better",
    ]
    return Choice(recipe, reasons)


def _choose_text(texts: Sequence[str]) -> _Side:
    """Characters for single words, given tokens for small closed sets, words for ordinary text, else BPE."""
    spaced = sum(" " in text.strip() for text in texts) / len(texts)
    if spaced < 0.2:
        return _Side(
            Text(tokenizer="character"),
            f"characters, since {100 * (1 - spaced):.0f} % of the texts are single words",
        )
    counts = Counter(word for text in texts for word in text.split())
    total = counts.total()
    attached = sum(n for word, n in counts.items() if len(word) > 1 and word[-1] in ".,;:!?…。") / total
    if len(counts) <= 500 and attached < 0.01:
        return _Side(
            Text(tokenizer="whitespace"),
            f"as they stand between spaces: only {len(counts)} different ones, no punctuation",
        )
    counts = Counter(word for text in texts for word in re.findall(r"\w+|[^\w\s]", text))
    total = counts.total()
    min_count = 2 if len(texts) >= 5_000 else 1
    kept = sum(n >= min_count for n in counts.values())
    rare = sum(n for n in counts.values() if n < min_count) / total
    if kept > _MANY_WORDS or rare > _RARE_SHARE:
        return _Side(
            Text(tokenizer="bpe", max_size=8_000),
            f"BPE, 8,000 pieces, since there are {len(counts):,} different words; {100 * rare:.1f} % of all are rare",
        )
    return _Side(
        Text(tokenizer="word", min_count=min_count),
        f"words seen at least {min_count} time{'s' * (min_count > 1)}: {kept:,} of {len(counts):,} different ones, "
        f"{100 * (1 - rare):.1f} % of all",
    )
