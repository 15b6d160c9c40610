"""The toolkit's own loop teaches small models to copy, reverse and sort digits, in orders they have never seen."""

from collections.abc import Callable

import pytest
import torch

from tandem.batches import Batches
from tandem.models import CellType, Decoder, Encoder, Seq2Seq
from tandem.names import AttentionKind
from tandem.training import LoopSettings, Schedule
from tandem.training.events import Validation
from tests.support.corpora import FIRST_WORD, task_corpora
from tests.support.trainings import training, validations_of

VOCABULARY = FIRST_WORD + 10
EPOCHS = 7


def copied(digits: list[int]) -> list[int]:
    return digits


def turned_round(digits: list[int]) -> list[int]:
    return digits[::-1]


def in_order(digits: list[int]) -> list[int]:
    return sorted(digits)


@torch.no_grad()
def exact_share(model: Seq2Seq, batches: Batches) -> float:
    """The share of sequences that come out right to the last digit and end there, each best token fed back."""
    right = pairs = 0
    for batch in batches.epoch(0):
        best = model(batch.source, batch.target, 0.0, src_len=batch.source_lengths)[1:].argmax(dim=2)
        below = torch.arange(1, len(batch.target)).unsqueeze(1) >= batch.target_lengths
        right += int((below | (best == batch.target[1:])).all(dim=0).sum())
        pairs += len(batch.target_lengths)
    return right / pairs


@pytest.mark.parametrize(
    ("task", "cell_type", "attention", "longest", "threshold"),
    [
        (turned_round, "lstm", None, 4, 0.95),
        (turned_round, "gru", None, 4, 0.95),
        (copied, "lstm", None, 4, 0.95),
        (in_order, "lstm", None, 4, 0.90),
        (turned_round, "gru", "luong", 7, 0.95),
        (copied, "lstm", "gnmt", 7, 0.95),
    ],
)
def test_it_learns(
    task: Callable[[list[int]], list[int]],
    cell_type: CellType,
    attention: AttentionKind | None,
    longest: int,
    threshold: float,
) -> None:
    train, held_out = task_corpora(task, train=3000, held_out=300, longest=longest, vocabulary=VOCABULARY)
    sizes = (VOCABULARY, 32, 64, 1 if attention is None else 2, 0.0)
    encoder = Encoder(*sizes, cell_type=cell_type, init_range=None, bidirectional=attention is not None)
    decoder = Decoder(*sizes, cell_type=cell_type, init_range=None, attention=attention, memory_dim=encoder.output_dim)
    model = Seq2Seq(encoder, decoder, bridge=attention is not None)
    unseen = Batches(held_out, 300, 1, shuffle=False)
    assert exact_share(model.eval(), unseen) < 0.01
    run = training(
        model,
        torch.optim.Adam(model.parameters(), 7e-3, fused=True),
        Batches(train, 64, 1),
        LoopSettings(epochs=EPOCHS),
        schedule=Schedule("linear", decay_from=0.5),
        validate=lambda: Validation(1 - exact_share(model, unseen)),
    )
    shares = (1 - event.validation.loss for event in validations_of(run.events()))
    # Trained no longer than it takes: the generator is asked for an epoch at a time.
    assert any(share >= threshold for share in shares)
