"""The engines that the laws are tried on: tables, models of every cell, ensembles."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import torch

from tandem.build import build_model
from tandem.engines import Engine, Ids
from tandem.engines.members import Member
from tandem.engines.torch_engine import TorchEngine
from tandem.models import CellType
from tandem.text.copying import NEVER, CopyTable
from tests.search.tables import BANNED, random_table
from tests.support.exports import exported
from tests.support.models import CELL_TYPES, small_model
from tests.support.runs import untrained

VOCABULARY = 7

GNMT = (
    "model.attention=gnmt",
    "model.attention_score=additive",
    "model.bidirectional=true",
    "model.layers=2",
    "model.encoder_layers=1",
    "model.scale_embedding=true",
)
TIED = ("text.joint=true", "model.tie_embeddings=true", "model.tie_output=true")

COPYING = ("model.attention=gnmt", "model.layers=2", "model.copy=true")
# The first word is the second one of the targets; the others, of which one is the other in lower case, are no targets.
NUMBERS = CopyTable(np.array([NEVER] * 4 + [5, VOCABULARY + 5, VOCABULARY + 5]), VOCABULARY)


@cache
def member(cell: CellType, seed: int, *, reverse: bool = False) -> Member:
    recipe = untrained(cell, f"text.reverse_source={str(reverse).lower()}").recipe
    return Member(small_model(cell, source=VOCABULARY, target=VOCABULARY, seed=seed), recipe)


@cache
def attending(cell: CellType, *settings: str) -> Member:
    """A model with attention, or whatever else the settings ask for."""
    recipe = untrained(cell, *settings).recipe
    return Member(build_model(recipe, VOCABULARY, VOCABULARY), recipe)


@cache
def with_features(cell: CellType, *settings: str) -> Member:
    """A model whose last two ids are features."""
    recipe = untrained(cell, *settings).recipe
    return Member(build_model(recipe, VOCABULARY - 2, VOCABULARY, 2 + VOCABULARY), recipe)


def _torch(*members: Member, **options: Any) -> Engine[Any]:
    return TorchEngine(members, device=torch.device("cpu"), **options).banning(BANNED)


def _exported(*members: Member, **options: Any) -> Engine[Any]:
    return exported(*members, **options).banning(BANNED)


def _in_int8(*members: Member, **options: Any) -> Engine[Any]:
    return exported(*members, precision="int8", **options).banning(BANNED)


Make: TypeAlias = Callable[..., Engine[Any]]
"""Makes an engine of members, in PyTorch or without it."""

OF_MODELS: dict[str, Callable[[Make], Engine[Any]]] = {
    **{cell: (lambda make, cell=cell: make(member(cell, 1))) for cell in CELL_TYPES},  # type: ignore[misc]
    "luong": lambda make: make(attending("lstm", "model.attention=luong", "model.layers=2")),
    "gnmt": lambda make: make(attending("gru", *GNMT)),
    "features": lambda make: make(
        with_features("lstm", *GNMT), with_features("gru", "text.reverse_source=true", "model.layers=2")
    ),
    "mean with and without attention": lambda make: make(
        attending("lstm", *GNMT, *TIED), member("gru", 2, reverse=True)
    ),
    "copying": lambda make: make(attending("lstm", *COPYING), copying=NUMBERS),
    "mean of what copies": lambda make: make(
        attending("gru", *COPYING),
        attending("lstm", "text.reverse_source=true", *COPYING),
        member("lstm", 1),
        copying=NUMBERS,
    ),
    "arithmetic mean": lambda make: make(member("lstm", 1), member("gru", 2, reverse=True), averaging="arithmetic"),
    "geometric mean": lambda make: make(member("lstm", 1), member("rnn", 2, reverse=True), averaging="geometric"),
}
EXPORTED, INT8 = "exported: ", "exported in int8: "
_IN_INT8 = ("lstm", "gru", "gnmt", "features", "copying")

ENGINES: dict[str, Callable[[], Engine[Any]]] = {
    "table": lambda: random_table(3, VOCABULARY),
    **{name: (lambda of=of: of(_torch)) for name, of in OF_MODELS.items()},  # type: ignore[misc]
    **{f"{EXPORTED}{name}": (lambda of=of: of(_exported)) for name, of in OF_MODELS.items()},  # type: ignore[misc]
    **{f"{INT8}{name}": (lambda of=OF_MODELS[name]: of(_in_int8)) for name in _IN_INT8},  # type: ignore[misc]
}


def _both(*names: str) -> tuple[str, ...]:
    return (*names, *(f"{EXPORTED}{n}" for n in names), *(f"{INT8}{n}" for n in names if n in _IN_INT8))


ATTENDING = ("table", *_both("luong", "gnmt", "mean with and without attention", "features"))
"""Those that can tell where a step looked."""
COPYING_ENGINES = _both("copying", "mean of what copies")


def ranked(name: str, sources: list[list[int]]) -> int:
    """The number of ids that an engine ranks in a state of these sources."""
    return VOCABULARY + (max(map(len, sources)) if name in COPYING_ENGINES else 0)


def closeness(name: str) -> float:
    """How far two ways to the same score may be apart: models add up floats in another order in another batch."""
    return 1e-12 if name == "table" else 2e-5


def framed(ids: Ids) -> list[int]:
    return [2, *ids, 3]
