"""What is chosen follows from the corpus, and the reasons say so."""

import random

import pytest

from tandem.data.pairs import Pair
from tandem.recipe import Data, FilesCorpus, MemoryCorpus, Recipe, dump_recipe, parse_recipe
from tandem.run.choose import choose_recipe

MEMORY = MemoryCorpus(kind="memory")
COMMON = ["the", "a", "dog", "cat", "house", "runs", "sees", "small", "old", "man", "woman", "and", "to", "in", "red"]


def chosen(pairs: list[tuple[str, str]]) -> tuple[Recipe, list[str]]:
    recipe, reasons = choose_recipe([Pair(*pair) for pair in pairs], Data(train=MEMORY), len(pairs))
    return recipe, reasons


def sentences(count: int, words: list[str], *, end: str = ".") -> list[str]:
    chance = random.Random(3)
    return [" ".join(chance.choices(words, k=chance.randint(2, 9))) + end for _ in range(count)]


def new_words(count: int) -> list[str]:
    """So many words of letters only."""
    return ["".join(chr(97 + number // 26**place % 26) for place in range(5)) for number in range(count)]


def test_single_words_are_cut_into_characters_and_closed_sets_stay_as_they_are() -> None:
    recipe, reasons = chosen([(word, " ".join(word.upper())) for word in new_words(300)])
    assert recipe.text.source.tokenizer == "character"
    assert recipe.text.target.tokenizer == "whitespace"
    assert reasons[0] == "source tokens: characters, since 100 % of the texts are single words"
    assert "target tokens: as they stand between spaces: only" in reasons[1]


def test_ordinary_text_is_cut_into_words() -> None:
    texts = sentences(400, COMMON)
    recipe, reasons = chosen(list(zip(texts, texts, strict=True)))
    assert (recipe.text.source.tokenizer, recipe.text.source.min_count) == ("word", 1)
    assert "words seen at least 1 time:" in reasons[0]


def test_much_text_leaves_out_words_seen_once() -> None:
    texts = sentences(5_000, COMMON)
    texts[7] = "unheardof " + texts[7]
    recipe, reasons = chosen(list(zip(texts, texts, strict=True)))
    assert (recipe.text.target.tokenizer, recipe.text.target.min_count) == ("word", 2)
    assert "words seen at least 2 times: 16 of 17 different ones" in reasons[1]


@pytest.mark.parametrize("kind", ["many words", "rare words"])
def test_large_and_rare_vocabularies_are_cut_into_pieces(kind: str) -> None:
    if kind == "many words":
        words = new_words(21_000)
        texts = [" ".join(words[start : start + 10]) + "." for start in range(0, len(words), 10)]
    else:
        texts = [f"{text} {rare}" for text, rare in zip(sentences(5_000, COMMON), new_words(5_000), strict=True)]
    recipe, reasons = chosen(list(zip(texts, texts, strict=True)))
    assert (recipe.text.source.tokenizer, recipe.text.source.max_size) == ("bpe", 8_000)
    assert "BPE, 8,000 pieces, since there are" in reasons[0]


def test_sizes_grow_and_epochs_shrink_with_the_pairs() -> None:
    few = [("eins zwei.", "one two."), ("drei.", "three.")]
    recipes = [chosen(few * (count // 2))[0] for count in (100, 2_000, 20_000)]
    hidden = [recipe.model.hidden for recipe in recipes]
    epochs = [recipe.training.epochs for recipe in recipes]
    assert hidden == sorted(set(hidden))
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1]


def test_reasons_say_what_the_recipe_holds_and_the_recipe_is_whole() -> None:
    train, validation = FilesCorpus(source="a", target="b"), FilesCorpus(source="c", target="d")
    recipe, reasons = choose_recipe([Pair("ein Hund.", "a dog.")] * 10, Data(train=train, validation=validation), 10)
    assert (recipe.data.train, recipe.data.validation) == (train, validation)
    assert f"{recipe.model.layers} LSTM layer of {recipe.model.hidden}" in " ".join(reasons)
    assert f"up to {recipe.training.epochs} epochs of 1 steps, {recipe.training.batch_size} pairs each" in reasons[-1]
    assert parse_recipe(dump_recipe(recipe), "chosen") == recipe
