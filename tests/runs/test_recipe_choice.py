"""What is chosen follows from what is measured on the corpus, and the reasons say so."""

import random

import numpy as np
import pytest

from tandem.corpora.pairs import Pair
from tandem.recipe import Data, FilesCorpus, MemoryCorpus, Model, Recipe, dump_recipe, parse_recipe
from tandem.runs.corpora import GivenPairs
from tandem.runs.recipe_choice import choose_recipe, chosen_recipe, fitting_limits

MEMORY = MemoryCorpus(kind="memory")
COMMON = ["the", "a", "dog", "cat", "house", "runs", "sees", "small", "old", "man", "woman", "and", "to", "in", "red"]


def chosen(pairs: list[tuple[str, str]], count: int | None = None) -> tuple[Recipe, list[str]]:
    recipe, reasons = choose_recipe([Pair(*pair) for pair in pairs], Data(train=MEMORY), count or len(pairs))
    return recipe, reasons


def sentences(count: int, words: list[str], *, end: str = ".") -> list[str]:
    chance = random.Random(3)
    return [" ".join(chance.choices(words, k=chance.randint(9, 12))) + end for _ in range(count)]


def new_words(count: int) -> list[str]:
    """So many words of letters only."""
    return ["".join(chr(97 + number // 26**place % 26) for place in range(5)) for number in range(count)]


def phrases(count: int) -> list[tuple[str, str]]:
    """Short sources that all differ, each with a target."""
    chance = random.Random(7)
    words = new_words(count)
    return [(f"{word} {chance.choice(COMMON)}", word.upper()) for word in words]


def test_single_words_are_cut_into_characters_and_closed_sets_stay_as_they_are() -> None:
    recipe, reasons = chosen([(word, " ".join(word.upper())) for word in new_words(300)])
    assert recipe.text.source.tokenizer == "character"
    assert recipe.text.target.tokenizer == "whitespace"
    assert reasons[0].startswith("source tokens: characters: ")
    assert reasons[1].startswith("target tokens: tokens as given: 0.0 % unseen")


def test_ordinary_text_is_cut_into_words() -> None:
    texts = sentences(400, COMMON)
    recipe, reasons = chosen(list(zip(texts, texts, strict=True)))
    assert (recipe.text.source.tokenizer, recipe.text.source.min_count) == ("word", 1)
    assert reasons[0].startswith("source tokens: words: 0.0 % unseen")


def test_much_text_leaves_out_words_seen_once() -> None:
    texts = [f"{number % 7} {text}" for number, text in enumerate(sentences(6_000, COMMON))]
    recipe, _ = chosen(list(zip(texts, texts, strict=True)))
    assert (recipe.text.target.tokenizer, recipe.text.target.min_count) == ("word", 2)


def test_words_that_were_never_seen_in_long_texts_are_cut_into_pieces() -> None:
    texts = [f"{text} {rare}" for text, rare in zip(sentences(2_000, COMMON), new_words(2_000), strict=True)]
    recipe, reasons = chosen(list(zip(texts, map(str.upper, texts), strict=True)))
    assert (recipe.text.source.tokenizer, recipe.text.source.max_size) == ("bpe", 1_000)
    assert "; not words: each of 1,820 would be seen only" in reasons[0]


def test_numbers_are_spelt_even_if_all_were_seen() -> None:
    pairs = [(f"on {n % 31} {COMMON[n % 12]} 20{n % 9}0", f"20{n % 9}0-{n % 12}-{n % 31}") for n in range(5_000)]
    recipe, reasons = chosen(pairs)
    assert recipe.text.source.tokenizer == "character"
    assert "hold digits, and numbers are spelt" in reasons[0]


def test_words_of_any_script_are_those_of_the_tokenizer() -> None:
    """Hindi vowel signs belong to their word: Python's own pattern for words ends at each of them."""
    words = ["किताब", "लड़की", "घर", "पानी", "सूरज", "दिन", "रात", "पेड़", "नदी", "फूल", "हाथी", "मेज़"]
    texts = sentences(500, words, end="।")
    recipe, reasons = chosen(list(zip(texts, texts, strict=True)))
    assert recipe.text.source.tokenizer == "word"
    assert f"{len(words) + 5} in all" in reasons[0]  # four special tokens and the danda


@pytest.mark.parametrize("pairs", [150, 199, 500, 1_999, 2_000, 2_699, 10_000, 19_999, 20_000, 114_000])
def test_neighbouring_sizes_are_trained_alike(pairs: int) -> None:
    sample = phrases(400)
    one, other = (chosen(sample, count)[0] for count in (pairs, pairs + max(1, pairs // 500)))
    assert abs(one.model.hidden - other.model.hidden) <= 32
    presented = [r.training.epochs * r.training.passes * count for r, count in ((one, pairs), (other, pairs))]
    assert presented[0] / presented[1] == pytest.approx(1, abs=0.1)
    rates = [recipe.training.optimizer.learning_rate for recipe in (one, other)]
    assert rates[0] == pytest.approx(rates[1], rel=0.1)
    assert abs(one.training.batch_size - other.training.batch_size) <= 1


def test_models_and_trainings_grow_with_the_pairs() -> None:
    sample = phrases(400)
    recipes = {count: chosen(sample, count)[0] for count in (200, 2_000, 20_000, 200_000, 2_000_000)}
    hidden = [recipe.model.hidden for recipe in recipes.values()]
    presented = [r.training.epochs * r.training.passes * count for count, r in recipes.items()]
    assert hidden == sorted(set(hidden))
    assert presented == sorted(set(presented))


def test_few_sources_are_learnt_by_heart() -> None:
    recipe, reasons = chosen([("guten tag", "good day"), ("guten abend", "good evening")] * 10)
    assert recipe.data.validation_fraction == 0
    assert "nothing is held back: with 2 different sources all pairs are learnt by heart" in reasons
    assert ", measured on the training texts themselves; not" in reasons[0]


def test_a_small_corpus_holds_back_enough_to_decide_by() -> None:
    assert chosen(phrases(200))[0].data.validation_fraction == pytest.approx(0.1)
    assert chosen(phrases(2_000))[0].data.validation_fraction == 0.05
    data = Data(train=MEMORY, validation_fraction=0.3)
    assert choose_recipe([Pair(*pair) for pair in phrases(200)], data, 200).recipe.data.validation_fraction == 0.3


def test_limits_leave_room_above_every_training_target() -> None:
    source, target = np.array([2, 3, 10]), np.array([80, 9, 31])
    limits = fitting_limits(source, target)
    most = np.floor(source * limits.max_length_factor) + limits.max_length_extra
    assert (most >= 1.25 * target).all()
    assert fitting_limits(source, source).max_length_factor == 2.0  # never below what recipes have by default


def test_what_counts_is_kept() -> None:
    assert chosen(phrases(300))[0].training.keep == "exact"
    texts = sentences(400, new_words(300))
    assert chosen(list(zip(texts, texts, strict=True)))[0].training.keep == "chrf"


def test_attention_is_chosen_and_is_one_setting_away_from_being_left_out() -> None:
    pairs = [Pair(f"ein Hund {n}.", f"a dog {n}.") for n in range(200)]
    said: list[str] = []
    (attending, _), (plain, reasons) = (
        chosen_recipe(Data(train=MEMORY), settings, GivenPairs(pairs), said.append)
        for settings in ([], ["model.attention=off"])
    )
    assert (attending.model.attention, attending.model.bidirectional) == ("luong", True)
    assert not attending.text.reverse_source
    assert (plain.model.attention, plain.model.bidirectional, plain.text.reverse_source) == ("off", False, True)
    assert plain.model.init_range == Model().init_range
    assert any(reason.startswith("source reversed") for reason in reasons)


def test_names_and_numbers_are_copied() -> None:
    chance = random.Random(5)
    names = new_words(1_200)
    pairs = [
        Pair(f"send {chance.randrange(10**6)} to {name} {chance.choice(COMMON)}", f"{name} gets {number}")
        for name in names
        for number in [chance.randrange(10**6)]
    ]
    pairs = [Pair(f"{source} {target.split()[-1]}", target) for source, target in pairs]
    recipe, reasons = choose_recipe(pairs, Data(train=MEMORY), len(pairs))
    assert recipe.model.copy
    assert (recipe.text.source.tokenizer, recipe.text.source.min_count, recipe.text.target.min_count) == ("word", 2, 2)
    assert any(reason.startswith("copying: ") and "and 0.0 % are in neither" in reason for reason in reasons)
    for settings in (["model.copy=false"], ["training.r_drop=1.0"], ["model.attention=off"]):
        chosen, _ = chosen_recipe(Data(train=MEMORY), settings, GivenPairs(pairs), lambda _: None)
        assert not chosen.model.copy
    copied_anyway, _ = chosen_recipe(Data(train=MEMORY), ["model.copy=true"], GivenPairs(pairs[:200]), lambda _: None)
    assert copied_anyway.model.copy


def test_what_is_translated_is_not_copied() -> None:
    words = new_words(1_200)
    pairs = [Pair(f"the {word} runs", f"{word.upper()} rennt") for word in words]
    assert not choose_recipe(pairs, Data(train=MEMORY), len(pairs))[0].model.copy


def test_reasons_say_what_the_recipe_holds_and_the_recipe_is_whole() -> None:
    train, validation = FilesCorpus(source="a", target="b"), FilesCorpus(source="c", target="d")
    pairs = [Pair(f"ein Hund {n}.", f"a dog {n}.") for n in range(200)]
    recipe, reasons = choose_recipe(pairs, Data(train=train, validation=validation), 200)
    assert (recipe.data.train, recipe.data.validation) == (train, validation)
    said = " ".join(reasons)
    assert f"{recipe.model.layers} LSTM layer of {recipe.model.hidden}" in said
    assert f"steps of {recipe.training.batch_size} pairs in {recipe.training.epochs} epochs" in said
    assert parse_recipe(dump_recipe(recipe), "recipe.toml") == recipe
