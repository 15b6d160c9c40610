"""The models to train: a reduced recipe and its variants, each with several seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tandem.recipe import Recipe, load_recipe, override, parse_recipe

REVERSED, FORWARD = "reversed", "forward"
DEPTHS = (1, 2, 3, 4)
"""The numbers of layers in encoder and decoder; the paper's model has four."""


@dataclass(frozen=True)
class Plan:
    """The models that claims are checked with, by the names of their runs."""

    recipe: Recipe
    """The recipe of the model with a reversed source; its seed is not used."""
    seeds: int = 3
    """The number of trainings of each variant."""
    members: int = 5
    """The number of models in the ensemble, which are trainings of the unchanged recipe."""

    def __post_init__(self) -> None:
        """ValueError for numbers out of range."""
        if self.seeds < 1 or self.members < 3:
            raise ValueError(f"seeds ({self.seeds}) must be 1 or more, members ({self.members}) 3 or more")

    @property
    def reversed(self) -> list[str]:
        """All models of the unchanged recipe."""
        return [f"{REVERSED}-{seed}" for seed in range(1, max(self.seeds, self.members) + 1)]

    @property
    def ensemble(self) -> list[str]:
        """The members of the ensemble."""
        return self.reversed[: self.members]

    @property
    def pairs(self) -> list[list[str]]:
        """Ensembles of two, one for each seed, that share as few members as possible."""
        names = self.ensemble
        return [[names[2 * n % len(names)], names[(2 * n + 1) % len(names)]] for n in range(self.seeds)]

    @property
    def forward(self) -> list[str]:
        """The models that read the source forwards."""
        return [f"{FORWARD}-{seed}" for seed in range(1, self.seeds + 1)]

    def of_depth(self, layers: int) -> list[str]:
        """Return the models with this number of layers, one for each seed."""
        if layers == self.recipe.model.layers:
            return self.reversed[: self.seeds]
        return [f"layers-{layers}-{seed}" for seed in range(1, self.seeds + 1)]

    def runs(self) -> Iterator[tuple[str, Recipe]]:
        """Yield name and recipe of every training; those that most claims need come first."""
        yield from self._named(self.reversed)
        yield from self._named(self.forward, "text.reverse_source=false")
        for layers in DEPTHS:
            if layers != self.recipe.model.layers:
                yield from self._named(self.of_depth(layers), f"model.layers={layers}")

    def _named(self, names: Sequence[str], *settings: str) -> Iterator[tuple[str, Recipe]]:
        for name in names:
            seed = f"seed={name.rpartition('-')[2]}"
            yield name, override(self.recipe, ["text.reverse_source=true", *settings, seed])


def reduced_recipe(path: Path | None, settings: list[str]) -> Recipe:
    """Read the recipe in a file, or the built-in one, and put `settings` ("section.key=value") over it.

    RecipeError where the recipe or a setting is wrong.
    """
    if path is not None:
        return load_recipe(path, settings)
    text = resources.files("tandem_reproduction").joinpath("recipe.toml").read_text("utf-8")
    return parse_recipe(text, "the reproduction's recipe", settings)
