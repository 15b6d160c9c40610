"""The ways to make a translator: from PyTorch models, from exports, or from a model that was trained by other means."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tandem.errors import ArgumentError
from tandem.metrics.calibration import Calibration
from tandem.names import Averaging, Device
from tandem.recipe import Recipe
from tandem.text import PAD_ID, SOS_ID, UNK_ID, Tokenizer
from tandem.text.codec import Codec
from tandem.text.copying import Copying
from tandem.translation.translator import Translator

if TYPE_CHECKING:
    import torch

    from tandem.engines.members import Member
    from tandem.exported import Export
    from tandem.models import Seq2Seq

_NEVER_WRITTEN = (UNK_ID, PAD_ID, SOS_ID)
"""The ids that no output contains, unless the settings of a search allow `<unk>`."""
_MODEL_SETTINGS = (
    "cell",
    "layers",
    "hidden",
    "embedding",
    "bidirectional",
    "attention",
    "copy",
    "tie_output",
    "tie_embeddings",
)
"""The settings of a recipe that a given model must agree with."""


def translator_from_members(
    members: Sequence["Member"],
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    *,
    device: "torch.device",
    dtype: "torch.dtype | None" = None,
    averaging: Averaging = "arithmetic",
    calibration: Calibration | None = None,
) -> Translator:
    """Return a translator of one PyTorch model, or of an ensemble, whose matrix products run in `dtype`."""
    import torch

    from tandem.engines.torch_engine import TorchEngine

    copies = any(member.model.decoder.copy_gate is not None for member in members)
    copying = Copying(source_tokenizer, target_tokenizer) if copies else None
    engine = TorchEngine(
        members,
        device=device,
        dtype=dtype or torch.float32,
        averaging=averaging,
        copying=None if copying is None else copying.table,
    )
    recipe = members[0].recipe
    codec = Codec(source_tokenizer, target_tokenizer, recipe.text.reverse_source, copying)
    return Translator(engine.banning(_NEVER_WRITTEN), codec, recipe, calibration=calibration)


def translator_from_exports(
    exports: Sequence["Export"],
    *,
    averaging: Averaging = "arithmetic",
    calibration: Calibration | None = None,
    threads: int = 1,
) -> Translator:
    """Return a translator of one exported model, or of an ensemble; each model runs with `threads` threads."""
    from tandem.engines.onnx_engine import OnnxEngine

    files = exports[0].files
    reverse = files.recipe.text.reverse_source
    tokenizers = files.source_tokenizer, files.target_tokenizer
    copying = Copying(*tokenizers) if any(export.sizes.copies for export in exports) else None
    engine = OnnxEngine(
        # All members get the sources in the order of the first one; a member that reads the other order turns them.
        [
            export.model(turned=export.files.recipe.text.reverse_source != reverse, threads=threads)
            for export in exports
        ],
        averaging=averaging,
        copying=None if copying is None else copying.table,
        precision=" and ".join(sorted({export.precision for export in exports})),
    )
    codec = Codec(*tokenizers, reverse, copying)
    return Translator(engine.banning(_NEVER_WRITTEN), codec, files.recipe, calibration=calibration)


def translator_from_model(
    model: "Seq2Seq",
    source_tokenizer: Tokenizer,
    target_tokenizer: Tokenizer,
    *,
    recipe: Recipe | None,
    device: Device,
) -> Translator:
    """Return a translator of a model that was trained by other means: see `Translator.of`."""
    from tandem.devices import choose_device
    from tandem.engines.members import Member
    from tandem.model_recipes import recipe_of

    derived = recipe_of(model, source_tokenizer, target_tokenizer)
    recipe = recipe or derived
    for key in _MODEL_SETTINGS:
        wanted, actual = getattr(recipe.model, key), getattr(derived.model, key)
        if wanted != actual:
            raise ArgumentError(f"recipe: model.{key} is {wanted!r}, but the given model has {actual!r}")
    member = Member(model, recipe)
    return translator_from_members([member], source_tokenizer, target_tokenizer, device=choose_device(device))
