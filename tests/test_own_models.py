"""A model that was trained by other means becomes a translator, and a checkpoint that loads to the same."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tandem.build import build_model
from tandem.errors import ArgumentError, CheckpointError
from tandem.model_recipes import recipe_of
from tandem.models import CellType, Decoder, Encoder, Seq2Seq
from tandem.recipe import override
from tandem.text import Tokenizer
from tandem.translation import Translator, load
from tests.support.models import CELL_TYPES
from tests.support.runs import number_pairs

PAIRS = number_pairs(20)
SOURCE = Tokenizer.train("word", [source for source, _ in PAIRS])
TARGET = Tokenizer.train("character", [target for _, target in PAIRS], lowercase=True)
TEXTS = [source for source, _ in PAIRS[:6]]


def own_model(cell: CellType = "lstm", *, tie: bool = False, source: int = len(SOURCE), columns: int = 5) -> Seq2Seq:
    torch.manual_seed(1)
    encoder = Encoder(source, 5, 7, 2, 0.25, cell_type=cell, word_dropout=0.1, init_range=1.0)
    decoder = Decoder(
        len(TARGET), columns, 7, 2, 0.25, cell_type=cell, tie_output=tie, output_dropout=0.5, init_range=1.0
    )
    return Seq2Seq(encoder, decoder)


@pytest.mark.parametrize("cell", CELL_TYPES)
@pytest.mark.parametrize("tie", [False, True])
def test_what_is_saved_loads_to_the_same_translator(cell: CellType, tie: bool, tmp_path: Path) -> None:
    translator = Translator.of(own_model(cell, tie=tie), SOURCE, TARGET, device="cpu")
    translator.save(tmp_path / "own")
    again = load(tmp_path / "own", device="cpu")
    assert again.recipe == translator.recipe
    assert again.translate(TEXTS) == translator.translate(TEXTS)


def test_the_recipe_tells_the_model_s_shape_and_dropout() -> None:
    model = own_model("gru", tie=True)
    recipe = recipe_of(model, SOURCE, TARGET)
    settings = recipe.model
    assert (settings.cell, settings.layers, settings.hidden, settings.embedding) == ("gru", 2, 7, 5)
    assert (settings.dropout, settings.output_dropout, settings.word_dropout) == (0.25, 0.5, 0.1)
    assert settings.tie_output
    assert (recipe.text.source.tokenizer, recipe.text.target.tokenizer) == ("word", "character")
    assert recipe.text.target.lowercase
    built = build_model(recipe, len(SOURCE), len(TARGET))
    assert {name: t.shape for name, t in built.state_dict().items()} == {
        name: t.shape for name, t in model.state_dict().items()
    }


def test_the_recipe_tells_of_other_layers_and_scaled_embeddings(tmp_path: Path) -> None:
    encoder = Encoder(len(SOURCE), 5, 7, 1, 0.0, init_range=None, scale_embedding=True)
    decoder = Decoder(len(TARGET), 5, 7, 2, 0.0, init_range=None, tie_output=True, scale_embedding=True)
    translator = Translator.of(Seq2Seq(encoder, decoder, bridge=True), SOURCE, TARGET, device="cpu")
    settings = translator.recipe.model
    assert (settings.layers, settings.encoder_layers, settings.scale_embedding) == (2, 1, True)
    translator.save(tmp_path / "own")
    assert load(tmp_path / "own", device="cpu").translate(TEXTS) == translator.translate(TEXTS)


def test_a_recipe_of_one_s_own_says_how_to_read_and_search(tmp_path: Path) -> None:
    model = own_model()
    plain = Translator.of(model, SOURCE, TARGET, device="cpu")
    recipe = override(plain.recipe, ["text.reverse_source=true", "search.beam=3"])
    turned = Translator.of(model, SOURCE, TARGET, recipe=recipe, device="cpu")
    assert turned.search_settings().beam == 3
    backwards = [" ".join(reversed(text.split())) for text in TEXTS]
    settings = plain.search_settings(beam=3)
    assert [t.text for t in turned.translate(backwards)] == [t.text for t in plain.translate(TEXTS, settings)]


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"source embedding has 99 rows, but the source tokenizer \d+ tokens"):
        Translator.of(own_model(source=99), SOURCE, TARGET)
    with pytest.raises(ArgumentError, match="source embedding has 5 columns and the target embedding 6"):
        Translator.of(own_model(columns=6), SOURCE, TARGET)
    other = override(Translator.of(own_model(), SOURCE, TARGET).recipe, ["model.hidden=9"])
    with pytest.raises(ArgumentError, match=r"recipe: model\.hidden is 9, but the given model has 7"):
        Translator.of(own_model(), SOURCE, TARGET, recipe=other)
    with pytest.raises(ArgumentError, match=r"the model is of type Linear, but must be a tandem\.Seq2Seq"):
        Translator.of(nn.Linear(2, 2), SOURCE, TARGET)  # type: ignore[arg-type]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="already exists, and is not overwritten"):
        Translator.of(own_model(), SOURCE, TARGET).save(tmp_path)
