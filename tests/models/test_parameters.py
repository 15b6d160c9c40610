"""Where a model's weights are, and that the paper's system is as large as the paper says."""

from pathlib import Path

import pytest
import torch

from tandem.build import build_model
from tandem.models import CellType, ParameterCounts, count_parameters
from tandem.recipe import load_recipe
from tandem.text import SPECIAL_TOKENS
from tests.support.models import CELL_TYPES, small_model

PAPER = Path(__file__).parents[2] / "recipes" / "sutskever2014.toml"


@pytest.mark.parametrize("tie_output", [False, True])
@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_every_weight_is_in_one_part(cell_type: CellType, tie_output: bool) -> None:
    model = small_model(cell_type, tie_output=tie_output)
    counts = count_parameters(model)
    assert counts.total == sum(parameter.numel() for parameter in model.parameters())
    assert counts.source_embedding == model.encoder.embedding.weight.numel()
    assert counts.target_embedding == model.decoder.embedding.weight.numel()
    assert counts.encoder == sum(weight.numel() for weight in model.encoder.rnn.parameters())
    shared = model.decoder.fc_out.weight.numel() if tie_output else 0
    projection = model.decoder.projection.weight.numel() if model.decoder.projection is not None else 0
    assert counts.output == sum(p.numel() for p in model.decoder.fc_out.parameters()) - shared + projection


def test_the_papers_system_has_the_papers_weights() -> None:
    """384M weights, of which 64M are recurrent: 32M in the encoder, 32M in the decoder (section 3.4)."""
    recipe = load_recipe(PAPER)
    words = [text.max_size - len(SPECIAL_TOKENS) for text in (recipe.text.source, recipe.text.target) if text.max_size]
    assert words == [160_000, 80_000]
    layers, size = 4, 1000
    recurrent = layers * 4 * size * (size + size)
    papers = ParameterCounts(160_000 * size, 80_000 * size, recurrent, recurrent, 80_000 * size)
    assert (papers.total, papers.recurrent) == (384_000_000, 64_000_000)

    with torch.device("meta"):
        ours = count_parameters(build_model(recipe, words[0] + len(SPECIAL_TOKENS), words[1] + len(SPECIAL_TOKENS)))
    biases = layers * 2 * 4 * size  # two vectors a layer, as torch.nn.LSTM has them
    specials = len(SPECIAL_TOKENS) * size
    assert ours == ParameterCounts(
        papers.source_embedding + specials,
        papers.target_embedding + specials,
        papers.encoder + biases,
        papers.decoder + biases,
        papers.output + specials + words[1] + len(SPECIAL_TOKENS),  # the output layer's own bias
    )
    assert ours.total == 384_156_004
