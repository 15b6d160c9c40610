"""The size of a model and the length of its training, as smooth functions of how much there is to learn from.

A corpus that is a little larger gets a model that is a little larger and about as many optimiser steps: there is no
table with edges. The constants were set on corpora of 60 to 114,000 pairs; `python -m benchmarks --only tasks` measures
what comes of them.
"""

from dataclasses import dataclass

VALIDATIONS = 32
"""Validations of a training whose corpus is small enough for one after a part of the training or a whole pass."""
BY_HEART = 150
"""With fewer different sources than this nothing is held back: a sample would be too small to decide anything."""

# The corpus that the constants are given for: 3,600 words with their pronunciation.
_PAIRS, _TOKENS = 3_600, 60_000
_HIDDEN, _LEAST_HIDDEN, _MOST_HIDDEN = 256, 64, 1024
_BATCH, _MOST_BATCH = 32, 128
_LEAST_EPOCHS = 3
"""However large a corpus is, it is gone through so many times."""
_LEARNING_RATE = 3e-3
_FEW = 1_000
"""With fewer pairs than this weights decay more, up to four times as much."""
_DECAY = 2.4
"""Learning rate x weight decay x steps: how many times over a weight without gradients would decay by a factor of e.

Kept the same for every length of training, since what counts is the decay's time scale beside that of the training
(Wang & Aitchison 2024, arXiv 2405.13698). On few pairs it makes the difference between learning by heart and learning.
"""


@dataclass(frozen=True)
class Size:
    """Model and schedule for a corpus."""

    hidden: int
    embedding: int
    dropout: float
    output_dropout: float
    batch_size: int
    passes: int
    """Times that the corpus is gone through between two validations."""
    epochs: float
    """Validations, each after so many passes; the last may come after a part of them."""
    steps: int
    """Optimiser steps in all."""
    warmup_steps: int
    learning_rate: float
    weight_decay: float
    patience: int


def size_for(pairs: int, tokens: float, *, by_heart: bool = False) -> Size:
    """The size for so many training pairs with so many tokens, source and target together.

    `by_heart`: the corpus is to be reproduced, not generalised from, so little is dropped out.
    """
    growth = tokens / _TOKENS
    hidden = _to_multiple(_HIDDEN * growth**0.22, 32, _LEAST_HIDDEN, _MOST_HIDDEN)
    batch_size = round(min(_BATCH * growth**0.25, _MOST_BATCH, pairs)) or 1
    # Few pairs are gone through more often: what can be learnt beyond them is learnt late.
    presented = 40 * _PAIRS * (pairs / _PAIRS) ** (1 / 3 if pairs < _PAIRS else 0.43)
    presented = max(presented, _LEAST_EPOCHS * pairs)
    return _scheduled(
        pairs,
        presented,
        hidden=hidden,
        dropout=0.1 if by_heart else 0.4,
        output_dropout=0.1 if by_heart else 0.3,
        batch_size=batch_size,
    )


def shrunk(size: Size, pairs: int, *, hidden: float, presented: float) -> Size:
    """The size with its model's width and its number of presented pairs multiplied by these factors.

    A shorter training sees each pair less often and can learn less by heart, so it is regularised less, by the same
    factor: dropout and weight decay.
    """
    less = min(presented, 1.0)
    return _scheduled(
        pairs,
        presented * size.steps * size.batch_size,
        hidden=_to_multiple(size.hidden * hidden, 32, _LEAST_HIDDEN, _MOST_HIDDEN),
        dropout=round(size.dropout * less, 2),
        output_dropout=round(size.output_dropout * less, 2),
        batch_size=size.batch_size,
        decay=_DECAY * less,
    )


def _scheduled(
    pairs: int,
    presented: float,
    *,
    hidden: int,
    dropout: float,
    output_dropout: float,
    batch_size: int,
    decay: float = _DECAY,
) -> Size:
    """A size whose training goes through so many pairs in all, counted as often as they are presented."""
    passes = max(1, round(presented / VALIDATIONS / pairs))
    epochs = _two_digits(max(presented / (passes * pairs), 0.1))
    steps = max(1, round(epochs * passes * -(-pairs // batch_size)))
    more = min(max(1.0, (_FEW / pairs) ** 0.9), 4.0)
    learning_rate = float(f"{_LEARNING_RATE * (_HIDDEN / hidden) ** 0.5:.2g}")
    return Size(
        hidden=hidden,
        embedding=_to_multiple(hidden / 2, 16, 32, 512),
        dropout=dropout,
        output_dropout=output_dropout,
        batch_size=batch_size,
        passes=passes,
        epochs=epochs,
        steps=steps,
        warmup_steps=min(200, steps // 20),
        learning_rate=learning_rate,
        weight_decay=float(f"{decay * more / (learning_rate * steps):.2g}"),
        patience=max(3, round(epochs / 3)),
    )


def _to_multiple(value: float, of: int, least: int, most: int) -> int:
    return min(max(of * round(value / of), least), most)


def _two_digits(value: float) -> float:
    """The value in two digits, such as 17 or 2.4: a number that a person can read, close enough to what was meant."""
    short = float(f"{value:.2g}")
    return int(short) if short.is_integer() else short
