"""A small model learns to write digits that it has never seen after what the features beside them ask for."""

import numpy as np
import torch

from tandem.batches import Batches
from tandem.models import Decoder, FeaturesEncoder, Seq2Seq
from tandem.training import LoopSettings, Schedule
from tandem.training.events import Validation
from tests.learning.test_learning import EPOCHS, VOCABULARY, exact_share
from tests.support.corpora import FIRST_WORD, corpus, random_words
from tests.support.trainings import training, validations_of

TAGS = 3


def asked(digits: list[int], number: int) -> tuple[list[int], list[int]]:
    """Digits with one of three features or, for every fourth pair, none; the digits behind what it stands for."""
    tag = number % (TAGS + 1)
    if tag == TAGS:
        return digits, digits
    return [*digits, VOCABULARY + FIRST_WORD + tag], [FIRST_WORD + 3 * tag, *digits]


def test_it_learns_to_do_what_features_ask_for() -> None:
    drawn = random_words(np.random.default_rng(1), 1500, 3, VOCABULARY)
    distinct = [list(digits) for digits in dict.fromkeys(map(tuple, drawn))]
    held_out, seen = distinct[:50], distinct[50:650]
    train = corpus([asked(digits, tag) for digits in seen for tag in range(TAGS + 1)])
    unseen = Batches(corpus([asked(digits, tag) for digits in held_out for tag in range(TAGS + 1)]), 200, 1)
    torch.manual_seed(1)
    sizes = (VOCABULARY, 32, 64, 1, 0.0)
    encoder = FeaturesEncoder(
        *sizes,
        features_dim=FIRST_WORD + TAGS,
        cell_type="gru",
        init_range=None,
        bidirectional=True,
    )
    decoder = Decoder(*sizes, cell_type="gru", init_range=None, attention="luong", memory_dim=encoder.output_dim)
    run = training(
        model := Seq2Seq(encoder, decoder, bridge=True),
        torch.optim.Adam(model.parameters(), 7e-3, fused=True),
        Batches(train, 32, 1),
        LoopSettings(epochs=EPOCHS),
        schedule=Schedule("linear", decay_from=0.5),
        validate=lambda: Validation(1 - exact_share(model, unseen)),
    )
    shares = (1 - event.validation.loss for event in validations_of(run.events()))
    # Trained no longer than it takes: the generator is asked for an epoch at a time.
    assert any(share >= 0.9 for share in shares)
