"""What is compared is first checked to be the same computation."""

import copy
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import tutorial
from benchmarks.corpora import FIRST_WORD, framed
from benchmarks.sides import TandemSide, TutorialSide
from tandem.batches import pad_sentences
from tandem.models import Seq2Seq
from tandem.preparation.encoded import EncodedCorpus
from tandem.text import EOS_ID, SOS_ID

_LOGITS, _GRADIENTS = 1e-4, 1e-3
_RATIOS = (1.0, 0.0)
M = TypeVar("M", bound=nn.Module)


class DifferentError(Exception):
    """The two sides do not compute the same, so nothing was measured."""


def check_same(ours: Seq2Seq, plain: tutorial.Seq2Seq, words: tuple[int, int], *, batch: int) -> None:
    """Raise DifferentError unless both give the same logits, and the same gradients in one step of their loops.

    The step is one of plain gradient descent at rate 1 behind the clipping, so what it changes is the clipped
    gradient. Dropout is off, and all sources are of one length, since the tutorial's encoder reads padding, too.
    """
    ours, plain = _without_dropout(ours), _without_dropout(plain)
    sources, targets = _sentences(words, batch)
    source, target = pad_sentences(sources)[0], pad_sentences(targets)[0]
    for ratio in _RATIOS:
        with torch.no_grad():
            difference = float((ours(source, target, ratio) - plain(source, target, ratio)).abs().max())
        if not difference <= _LOGITS:
            raise DifferentError(f"the logits of the two sides differ by {difference:.3g} at ratio {ratio}")
    corpus = EncodedCorpus(*(framed([ids[1:-1] for ids in side]) for side in (sources, targets)))
    for ratio in _RATIOS:
        one, other = copy.deepcopy(ours), copy.deepcopy(plain)
        before = _flat(other)
        TutorialSide(other, corpus, [list(range(batch))], ratio, torch.optim.SGD(other.parameters(), 1.0)).turn()
        TandemSide(one, corpus, batch, ratio, "float32", torch.optim.SGD(one.parameters(), 1.0)).turn()
        difference = float((_flat(one) - _flat(other)).norm() / (_flat(other) - before).norm())
        if not difference <= _GRADIENTS:
            raise DifferentError(
                f"the gradients of the two sides differ by {difference:.3g} of their size at ratio {ratio}"
            )


def _sentences(words: tuple[int, int], count: int) -> tuple[list[list[int]], list[list[int]]]:
    """Random pairs, framed: sources of 7 words, targets of 3, 6 and 9."""
    chance = np.random.default_rng(7)
    lengths = [7] * count, [(3, 6, 9)[row % 3] for row in range(count)]
    sources, targets = (
        [[SOS_ID, *chance.integers(FIRST_WORD, size, length).tolist(), EOS_ID] for length in side]
        for side, size in zip(lengths, words, strict=True)
    )
    return sources, targets


def _without_dropout(model: M) -> M:
    """A copy in evaluation mode that drops nothing in training either."""
    model = copy.deepcopy(model).eval()
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        elif isinstance(part, nn.LSTM):
            part.dropout = 0.0
    return model


def _flat(model: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.state_dict().values()])
