"""The size of a model and the length of its training, as smooth functions of the amount of data.

A slightly larger corpus gets a slightly larger model and about as many optimiser steps: there is no table with edges.
The constants were set on corpora of 60 to 114,000 pairs; `python -m benchmarks --only tasks` measures the results.
"""

from dataclasses import dataclass

VALIDATIONS = 32  # the number of validations where the corpus is small enough for a whole pass between two
BY_HEART = 150  # with fewer distinct sources nothing is held back: a sample would be too small

# The constants are those of a corpus of 3,600 words with their pronunciation.
_PAIRS, _TOKENS = 3_600, 60_000
_HIDDEN, _LEAST_HIDDEN, _MOST_HIDDEN = 256, 64, 1024
_BATCH, _MOST_BATCH = 32, 128
_WITH_ATTENTION = 0.75  # the share of the steps of a model without attention, at 3,600 pairs; of more pairs less
_LEAST_EPOCHS = 3  # the smallest number of passes, however large the corpus is
_LEARNING_RATE = 3e-3
_FEW = 1_000  # with fewer pairs, weights decay more, up to four times as much
_DECAY = 2.4
"""Learning rate x weight decay x steps: how many times a weight without gradients would decay by a factor of e.

It is the same for every length of training, since the time scale of the decay matters relative to that of the training
(Wang & Aitchison 2024, arXiv 2405.13698). On few pairs it makes the difference between memorising and learning.
"""


@dataclass(frozen=True)
class Size:
    """The sizes of the model and the schedule for a corpus."""

    hidden: int
    embedding: int
    dropout: float
    output_dropout: float
    batch_size: int
    passes: int  # the number of passes over the corpus between two validations
    epochs: float  # validations, each after `passes` passes; the last may come after a part of them
    steps: int  # the number of optimiser steps in all
    warmup_steps: int
    learning_rate: float
    weight_decay: float
    patience: int


def size_for(pairs: int, tokens: float, *, by_heart: bool = False, attention: bool = False) -> Size:
    """Return the size for a number of training pairs and of their tokens, source and target together.

    With `by_heart` the corpus is to be memorised rather than generalised from, so dropout is low. With `attention` the
    training is shorter.
    """
    growth = tokens / _TOKENS
    hidden = _to_multiple(_HIDDEN * growth**0.22, 32, _LEAST_HIDDEN, _MOST_HIDDEN)
    batch_size = round(min(_BATCH * growth**0.25, _MOST_BATCH, pairs)) or 1
    # A small corpus gets more passes, since a model learns late to generalise from it.
    more = 0.3 if attention else 0.43
    presented = 40 * _PAIRS * (pairs / _PAIRS) ** (1 / 3 if pairs < _PAIRS else more)
    presented = max(presented * (_WITH_ATTENTION if attention else 1.0), _LEAST_EPOCHS * pairs)
    return _scheduled(
        pairs,
        presented,
        hidden=hidden,
        dropout=0.1 if by_heart else 0.4,
        output_dropout=0.1 if by_heart else 0.3,
        batch_size=batch_size,
    )


def shrunk(size: Size, pairs: int, *, hidden: float, presented: float) -> Size:
    """Multiply the width of the model and the number of presented pairs by these factors.

    A shorter training sees each pair less often and can memorise less, so dropout and weight decay shrink by the same
    factor.
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
    """Return a size whose training presents this many pairs, each counted as often as it is presented."""
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
    """Round to two significant digits, such as 17 or 2.4, for people to read."""
    short = float(f"{value:.2g}")
    return int(short) if short.is_integer() else short
