"""The models that an engine is made of: one, or the members of an ensemble."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tandem.checkpoint import Checkpoint
from tandem.errors import CheckpointError
from tandem.models import Seq2Seq
from tandem.recipe import Recipe
from tandem.text.differences import vocabulary_difference


class Member(NamedTuple):
    """A model and how it was made."""

    model: Seq2Seq
    recipe: Recipe


def check_vocabularies(paths: Sequence[Path], checkpoints: Sequence[Checkpoint]) -> None:
    """Raise CheckpointError unless all checkpoints have the vocabularies of the first."""
    first = checkpoints[0]
    for path, other in zip(paths[1:], checkpoints[1:], strict=True):
        for side, difference in (
            ("source", vocabulary_difference(first.source_tokenizer, other.source_tokenizer)),
            ("target", vocabulary_difference(first.target_tokenizer, other.target_tokenizer)),
        ):
            if difference:
                raise CheckpointError(
                    f"{paths[0]} and {path}: the members of an ensemble must share their vocabularies, but on the "
                    f"{side} side {difference}. Train the members on the same data, with the same [text] settings"
                )
