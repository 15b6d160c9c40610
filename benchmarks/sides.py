"""The two sides of a training: the tutorial's loop over its loader, and Tandem's own `Training`."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from benchmarks import tutorial
from benchmarks.plan import Sizes
from tandem.batches import Batches
from tandem.build import build_fabric
from tandem.devices import choose_precision
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.preparation.encoded import EncodedCorpus
from tandem.text import PAD_ID
from tandem.training import LoopSettings, Schedule, TeacherForcing, TrainingLoop
from tandem.training.events import Event, StepDone, Validated, Validation

Precision: TypeAlias = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
DTYPES: dict[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LEARNING_RATE = 1e-3
_ENDLESS = 10**9


class KeepingAdam(torch.optim.Adam):
    """Adam whose gradients stay allocated from step to step."""

    def zero_grad(self, set_to_none: bool = False) -> None:  # noqa: ARG002
        """Fill them with zeros, whatever is asked."""
        super().zero_grad(set_to_none=False)


def processor_precisions(device: str = "cpu") -> tuple[Precision, ...]:
    """bfloat16 comes in where the processor computes in it."""
    return PRECISIONS if choose_precision("auto", torch.device(device)) == torch.bfloat16 else ("float32",)


def plain_model(words: tuple[int, int], sizes: Sizes, *, seed: int = 1) -> tutorial.Seq2Seq:
    """The tutorial's model for these vocabularies, its weights drawn from U(-0.08, 0.08)."""
    torch.manual_seed(seed)
    shape = (sizes.embedding, sizes.hidden, sizes.layers, sizes.dropout)
    model = tutorial.Seq2Seq(tutorial.Encoder(words[0], *shape), tutorial.Decoder(words[1], *shape))
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -0.08, 0.08)
    return model


def tandem_model(words: tuple[int, int], sizes: Sizes, weights: dict[str, Tensor] | None = None) -> Seq2Seq:
    """Tandem's model for these vocabularies, with the tutorial's weights where they are given."""
    torch.manual_seed(1)
    shape = (sizes.embedding, sizes.hidden, sizes.layers, sizes.dropout)
    model = Seq2Seq(Encoder(words[0], *shape), Decoder(words[1], *shape))
    if weights is not None:
        model.load_state_dict(weights)
    return model


class TutorialSide:
    """The tutorial's loop over its own batches, which a loader makes as they are asked for."""

    def __init__(
        self,
        model: tutorial.Seq2Seq,
        corpus: EncodedCorpus,
        rows: list[list[int]],
        ratio: float,
        optimizer: torch.optim.Optimizer | None = None,
    ) -> None:
        """`rows` are the sentences of each batch."""
        self.model = model
        self._optimizer = optimizer or torch.optim.Adam(model.parameters(), LEARNING_RATE)
        sources, targets = (
            [torch.from_numpy(side.ids[begin:end].copy()).long() for begin, end in pairwise(side.offsets)]
            for side in (corpus.source, corpus.target)
        )
        pairs: Any = list(zip(sources, targets, strict=True))
        collate = partial(tutorial.collate, pad=PAD_ID)
        self._loader: DataLoader[Any] = DataLoader(pairs, batch_sampler=rows, collate_fn=collate)
        self._ratio = ratio
        self.tokens = sum(len(targets[row]) - 1 for batch in rows for row in batch)
        """Real target tokens of one turn: `<eos>` counted, `<sos>` and padding not."""

    def turn(self) -> float:
        """Train on every batch once; the tokens that were learnt from."""
        tutorial.train_epoch(self.model, self._loader, self._optimizer, self._ratio, PAD_ID)
        return self.tokens


class TandemSide:
    """Tandem's training loop over the batches of a corpus, epoch after epoch without end."""

    def __init__(
        self,
        model: Seq2Seq,
        corpus: EncodedCorpus,
        batch: int,
        ratio: float,
        precision: Precision,
        optimizer: torch.optim.Optimizer | None = None,
        device: str = "cpu",
    ) -> None:
        """A training as a recipe would build it, without validation."""
        self.model = model.to(device)
        self.tokens = corpus.target_tokens
        """Of one turn, counted as the tutorial's are."""
        training = TrainingLoop(
            self.model,
            optimizer or torch.optim.Adam(model.parameters(), LEARNING_RATE, fused=True),
            Batches(corpus, batch, 1),
            fabric=build_fabric(torch.device(device), DTYPES[precision]),
            schedule=Schedule(),
            forcing=TeacherForcing(start=ratio),
            settings=LoopSettings(epochs=_ENDLESS),
            validate=lambda: Validation(1.0),
            criterion=lambda _: 1.0,
        )
        self._events: Iterator[Event] = training.events()

    def turn(self) -> float:
        """Train for one epoch; the tokens that were learnt from."""
        while not isinstance(next(self._events), Validated):
            pass
        return self.tokens

    def step(self) -> None:
        """Train on one batch."""
        while not isinstance(next(self._events), StepDone):
            pass
