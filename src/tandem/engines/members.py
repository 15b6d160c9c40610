"""The members of an engine: one model, or those of an ensemble."""

from typing import NamedTuple

from tandem.models import Seq2Seq
from tandem.recipe import Recipe


class Member(NamedTuple):
    """A model and the recipe that describes it."""

    model: Seq2Seq
    recipe: Recipe
