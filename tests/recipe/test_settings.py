"""What settings may be."""

import pytest

from tandem.errors import RecipeError
from tandem.recipe import make_recipe, parse_recipe

MINIMAL = '[data]\ntrain = { kind = "files", source = "a.de", target = "a.en" }\n'


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("model.layers", 100),
        ("model.hidden", 2**17),
        ("model.embedding", 2**17),
        ("search.beam", 10_000),
        ("search.max_length_factor", 100),
        ("search.max_length_extra", 10_000),
    ],
)
def test_sizes_have_a_limit(key: str, most: int) -> None:
    parse_recipe(MINIMAL, "here", [f"{key}={most}"])
    with pytest.raises(RecipeError, match=rf"{key}: Input should be less than or equal to {most}; it is {most + 1}"):
        parse_recipe(MINIMAL, "here", [f"{key}={most + 1}"])


@pytest.mark.parametrize("side", ["source", "target"])
def test_bpe_dropout_is_for_bpe_alone(side: str) -> None:
    dropout = f"text.{side}.bpe_dropout=0.1"
    message = (
        rf"text\.{side}: bpe_dropout is 0\.1, which leaves out merges, but the tokenizer word has none: set tokenizer"
    )
    with pytest.raises(RecipeError, match=message):
        parse_recipe(MINIMAL, "here", [dropout])
    parse_recipe(MINIMAL, "here", [dropout, f"text.{side}.tokenizer=bpe"])


def test_copying_needs_attention() -> None:
    assert parse_recipe(MINIMAL, "here", ["model.copy=true", "model.attention=luong"]).model.copy
    with pytest.raises(
        RecipeError, match="copy is on, but attention is off, although attention chooses what is copied"
    ):
        parse_recipe(MINIMAL, "here", ["model.copy=true"])


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "key",
    [
        "model.init_range",
        "training.clip_norm",
        "training.optimizer.learning_rate",
        "training.optimizer.weight_decay",
        "search.length_penalty",
        "search.coverage",
        "search.max_length_factor",
        "data.validation_fraction",
    ],
)
def test_numbers_must_be_finite(key: str, value: str) -> None:
    with pytest.raises(RecipeError, match=f"{key}.*: "):
        parse_recipe(MINIMAL, "m", [f"{key}={value}"])


def test_seeds_that_no_generator_takes_are_refused() -> None:
    for seed in (-1, 2**32):
        with pytest.raises(RecipeError, match=rf"  seed: .*it is {seed}"):
            parse_recipe(MINIMAL, "m", [f"seed={seed}"])


def test_recipes_are_frozen() -> None:
    recipe = make_recipe({"data": {"train": {"kind": "memory"}}}, "here")
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 5


@pytest.mark.parametrize("other", ["training.r_drop=1.0", "text.target={tokenizer='bpe', bpe_dropout=0.1}"])
def test_copying_goes_without_what_reads_tokens_twice_or_anew(other: str) -> None:
    with pytest.raises(RecipeError, match=r"model\.copy goes with neither bpe_dropout nor training\.r_drop"):
        parse_recipe(MINIMAL, "here", ["model.copy=true", "model.attention=luong", other])
