"""What is trained: one reduced recipe, what is varied in it, and several seeds of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tandem.recipe import Recipe, load_recipe, override, parse_recipe

REVERSED, FORWARD = "reversed", "forward"
DEPTHS = (1, 2, 3, 4)
"""Layers of encoder and decoder; the paper's has four."""


@dataclass(frozen=True)
class Plan:
    """Which models the claims are looked at with. Names are those of their runs."""

    recipe: Recipe
    """Of the model whose source is reversed; its seed is not used."""
    seeds: int = 3
    """Trainings of each variant."""
    members: int = 5
    """Models of the ensemble: trainings of the recipe as it is, which are more than other variants have."""

    def __post_init__(self) -> None:
        """ValueError for numbers out of range."""
        if self.seeds < 1 or self.members < 3:
            raise ValueError(f"seeds ({self.seeds}) must be 1 or more, members ({self.members}) 3 or more")

    @property
    def reversed(self) -> list[str]:
        """All models of the recipe as it is."""
        return [f"{REVERSED}-{seed}" for seed in range(1, max(self.seeds, self.members) + 1)]

    @property
    def ensemble(self) -> list[str]:
        """Its members."""
        return self.reversed[: self.members]

    @property
    def pairs(self) -> list[list[str]]:
        """Ensembles of two, as many as there are seeds, that share as few members as can be."""
        names = self.ensemble
        return [[names[2 * n % len(names)], names[(2 * n + 1) % len(names)]] for n in range(self.seeds)]

    @property
    def forward(self) -> list[str]:
        """Models that read the source as it stands."""
        return [f"{FORWARD}-{seed}" for seed in range(1, self.seeds + 1)]

    def of_depth(self, layers: int) -> list[str]:
        """Models of so many layers, as many as there are seeds."""
        if layers == self.recipe.model.layers:
            return self.reversed[: self.seeds]
        return [f"layers-{layers}-{seed}" for seed in range(1, self.seeds + 1)]

    def runs(self) -> Iterator[tuple[str, Recipe]]:
        """Every training by its name, those first that most claims need."""
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
    """The recipe in a file, or our own, with `settings` ("section.key=value") put over it. RecipeError."""
    if path is not None:
        return load_recipe(path, settings)
    text = resources.files("tandem_reproduction").joinpath("recipe.toml").read_text("utf-8")
    return parse_recipe(text, "the reproduction's recipe", settings)
