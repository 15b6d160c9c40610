"""The models that an engine is made of: one, or the members of an ensemble."""

from typing import NamedTuple

from tandem.models import Seq2Seq
from tandem.recipe import Recipe


class Member(NamedTuple):
    """A model and how it was made."""

    model: Seq2Seq
    recipe: Recipe
