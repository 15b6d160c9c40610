"""Words that no training pair has come out right with copying, and never without."""

import random

import pytest
import torch

from tandem.batches import Batches
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.names import TokenizerKind
from tandem.preparation.chunks import Chunk, Encoding
from tandem.preparation.encoded import EncodedCorpus, EncodedSide
from tandem.text import Tokenizer
from tandem.text.copying import Copying
from tandem.training import LoopSettings, Schedule
from tandem.training.events import Validation
from tests.support.trainings import training, validations_of

KNOWN = {"von": "from", "an": "to", "und": "and", "mit": "with"}


def sentences(count: int, letters: list[str], chance: random.Random) -> Chunk:
    """Two to four words, each other one a name; the target has them in the other direction."""
    sources, targets = [], []
    for _ in range(count):
        words = [
            "".join(chance.choices(letters, k=3)) if place % 2 else chance.choice(list(KNOWN))
            for place in range(chance.randint(2, 4))
        ]
        sources.append(" ".join(words))
        targets.append(" ".join(KNOWN.get(word, word) for word in reversed(words)))
    return Chunk(sources, targets)


@torch.no_grad()
def exact_share(model: Seq2Seq, batches: Batches) -> float:
    right = pairs = 0
    for batch in batches.epoch(0):
        best = model(batch.source, batch.target, 0.0, src_len=batch.source_lengths, copies=batch.copies)[1:].argmax(2)
        below = torch.arange(1, len(batch.target)).unsqueeze(1) >= batch.target_lengths
        right += int((below | (best == batch.target[1:])).all(dim=0).sum())
        pairs += len(batch.target_lengths)
    return right / pairs


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_it_learns_to_copy(kind: TokenizerKind) -> None:
    chance = random.Random(1)
    # So many letters that all are rare, and to byte pairs, too, each name is one unknown piece.
    letters = [chr(0x4E00 + place) for place in range(600)]
    train, held_out = sentences(1500, letters[:300], chance), sentences(200, letters[300:], chance)
    source, target = (Tokenizer.train(kind, texts, min_count=60, max_size=60) for texts in train)
    table = Copying(source, target).table

    def batches(chunk: Chunk, size: int) -> Batches:
        encoding = Encoding(source, target, reverse_source=False, max_tokens=None, copying=True)
        ids = encoding.run(chunk)
        sides = EncodedSide.of(ids.source, ids.source_lengths), EncodedSide.of(ids.target, ids.target_lengths)
        return Batches(EncodedCorpus(*sides), size, 1, copying=table)

    torch.manual_seed(1)
    shape = 24, 48, 1, 0.0
    encoder = Encoder(len(source), *shape, cell_type="gru", init_range=None, bidirectional=True)
    memory = encoder.output_dim
    decoder = Decoder(
        len(target), *shape, cell_type="gru", init_range=None, attention="luong", memory_dim=memory, copying=True
    )
    model = Seq2Seq(encoder, decoder, bridge=True)
    unseen = batches(held_out, 200)
    assert exact_share(model.eval(), unseen) < 0.01
    run = training(
        model,
        torch.optim.Adam(model.parameters(), 7e-3, fused=True),
        batches(train, 50),
        LoopSettings(epochs=6),
        schedule=Schedule("linear", decay_from=0.5),
        validate=lambda: Validation(1 - exact_share(model, unseen)),
    )
    shares = (1 - event.validation.loss for event in validations_of(run.events()))
    assert any(share >= 0.95 for share in shares)
