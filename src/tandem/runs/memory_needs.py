"""Whether a run fits into the memory of the machine, and which settings make it smaller."""

import math

import torch

from tandem.build import build_model
from tandem.errors import MemoryShortage
from tandem.memory import physical_memory
from tandem.models import count_parameters
from tandem.recipe import Recipe

SMALLER_CORPUS = "Lower data.max_characters, or text.source.max_size and text.target.max_size, or close other programs"
SMALLER_MODEL = (
    "Lower model.hidden, model.embedding or model.layers, or the vocabularies: text.source.max_size and "
    "text.target.max_size"
)
SMALLER_STEP = (
    "Lower training.batch_size (training.accumulate makes up for it), data.max_tokens or model.hidden, and go on with "
    "--resume, or start anew"
)


def check_memory(recipe: Recipe, sizes: tuple[int, int]) -> None:
    """Raise MemoryShortage where the machine cannot hold the weights and their gradients.

    A system may grant more memory than it has, and end the process once that memory is used.
    """
    with torch.device("meta"):
        needed = 2 * 4 * count_parameters(build_model(recipe, *sizes)).total
    if needed > (physical_memory() or math.inf):
        raise MemoryShortage(
            f"making the model: its weights and their gradients take {needed / 2**30:,.1f} GiB, more memory than this "
            f"machine has. {SMALLER_MODEL}"
        )
