"""The files that a checkpoint and an export have alike: recipe, tokenizers, calibration. Reads without torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tandem.errors import CheckpointError, RecipeError
from tandem.files.seals import check_directory, read_sealed, sealed
from tandem.metrics.calibration import Calibration
from tandem.recipe import Recipe, dump_recipe, load_recipe, portable
from tandem.text import Tokenizer
from tandem.text.differences import vocabulary_difference
from tandem.text.features import FeaturesTokenizer
from tandem.version import __version__

_RECIPE = "recipe.toml"
_SOURCE = "source.tokenizer.json"
_TARGET = "target.tokenizer.json"
_FEATURES = "features.tokenizer.json"
_CALIBRATION = "calibration.json"
_NEVER_EDITED = (
    "A saved model's recipe is never edited: put the file back as it was, and say how to search on the command line, "
    "such as --beam 5 --length-penalty 1"
)

Sizes: TypeAlias = tuple[int, int] | tuple[int, int, int]
"""The sizes of the vocabularies, in tokens: source, target, and features if the model has any."""


class ModelFiles(NamedTuple):
    """How a model was made, and what turns text into its ids and back."""

    recipe: Recipe
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    calibration: Calibration | None = None
    """How well its probabilities predict that an output is right. None: there was too little data to learn it."""

    @property
    def sizes(self) -> Sizes:
        """The sizes of the vocabularies."""
        return sizes_of(self.source_tokenizer, self.target_tokenizer)

    def texts(self) -> dict[str, str]:
        """Return the content of each file by its name."""
        source = self.source_tokenizer
        own = source.source if isinstance(source, FeaturesTokenizer) else source
        texts = {
            _RECIPE: dump_recipe(portable(self.recipe)),
            _TARGET: self.target_tokenizer.to_json(),
            _SOURCE: own.to_json(),
        }
        if isinstance(source, FeaturesTokenizer):
            texts[_FEATURES] = source.features.to_json()
        if self.calibration is not None:
            texts[_CALIBRATION] = sealed(asdict(self.calibration))
        return texts


def sizes_of(source: Tokenizer, target: Tokenizer) -> Sizes:
    """Return the sizes of the vocabularies of these tokenizers."""
    if isinstance(source, FeaturesTokenizer):
        return len(source.source), len(target), len(source.features)
    return len(source), len(target)


def read_model_files(directory: Path, more: Sequence[str]) -> ModelFiles:
    """Check the sums of these files and of `more`, and read them. Raise CheckpointError naming what is damaged."""
    remedies: Mapping[str, str] = {_RECIPE: _NEVER_EDITED}
    listed = check_directory(
        directory, (*more, _RECIPE, _SOURCE, _TARGET), remedies, optional=(_CALIBRATION, _FEATURES)
    )
    try:
        recipe = load_recipe(directory / _RECIPE)
    except RecipeError as error:
        path = directory / _RECIPE
        raise CheckpointError(
            f"{path}: this Tandem ({__version__}) cannot read it. Copy it again, or upgrade Tandem where a newer one "
            f"wrote it. {str(error).removeprefix(f'{path}: ')}"
        ) from error
    if (recipe.text.features is not None) != (_FEATURES in listed):
        raise CheckpointError(
            f"{directory}: its recipe has {'no ' if recipe.text.features is None else ''}features, but {_FEATURES} is "
            f"{'present' if _FEATURES in listed else 'missing'}: these files are not of one model. Copy it again"
        )
    source, target = Tokenizer.load(directory / _SOURCE), Tokenizer.load(directory / _TARGET)
    source = FeaturesTokenizer(source, Tokenizer.load(directory / _FEATURES)) if _FEATURES in listed else source
    if recipe.text.joint and (difference := vocabulary_difference(source, target)):
        raise CheckpointError(
            f"{directory}: its recipe gives both sides one vocabulary, but {difference}, which are source and target: "
            "these files are not of one model. Copy it again"
        )
    calibration = _read_calibration(directory / _CALIBRATION) if _CALIBRATION in listed else None
    return ModelFiles(recipe, source, target, calibration)


def _read_calibration(path: Path) -> Calibration:
    """Read the calibration in a file. Raise CheckpointError where it is none."""
    content = read_sealed(path)
    values = [content.get(field.name) for field in fields(Calibration)]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    if len(numbers) < len(values):
        raise CheckpointError(f"{path}: damaged: a calibration is of {len(values)} finite numbers. Copy it again")
    return Calibration(*numbers)
