"""A recipe's TOML says all of it, faults are reported together, and `--set` changes one thing."""

import os
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import RecipeError
from tandem.models import CellType
from tandem.recipe import (
    CorpusChoice,
    Data,
    FilesCorpus,
    Forcing,
    HubCorpus,
    JsonLinesCorpus,
    LearningRate,
    MemoryCorpus,
    Model,
    NamedCorpus,
    Optimizer,
    Recipe,
    Search,
    TabSeparatedCorpus,
    Text,
    Texts,
    Training,
    dump_recipe,
    load_recipe,
    make_recipe,
    override,
    parse_recipe,
    portable,
)
from tandem.text import TokenizerKind
from tandem.training.loop import GradientPer
from tandem.training.schedule import ScheduleName

MINIMAL = '[data]\ntrain = { kind = "files", source = "a.de", target = "a.en" }\n'

counts = st.integers(1, 2**63 - 1)
shares = st.floats(0, 1)
below_one = st.floats(0, 1, exclude_max=True)
positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
texts = st.text(max_size=12)
"""Surrogates are left out by hypothesis: they are no text."""


def corpora() -> st.SearchStrategy[CorpusChoice]:
    columns = st.integers(1, 99) | texts
    return st.one_of(
        st.builds(FilesCorpus, source=texts, target=texts),
        st.builds(TabSeparatedCorpus, kind=st.just("tsv"), path=texts, source_column=columns, target_column=columns),
        st.builds(JsonLinesCorpus, kind=st.just("jsonl"), path=texts, source_key=texts, target_key=texts),
        st.builds(
            HubCorpus,
            kind=st.just("hub"),
            name=texts,
            split=texts,
            source_column=texts,
            target_column=texts,
            config=st.none() | texts,
        ),
        st.builds(
            NamedCorpus, kind=st.just("named"), name=texts, split=st.sampled_from(["train", "validation", "test"])
        ),
        st.just(MemoryCorpus(kind="memory")),
    )


def data() -> st.SearchStrategy[Data]:
    return st.builds(
        Data,
        train=corpora(),
        validation=st.none() | corpora(),
        test=st.none() | corpora(),
        validation_fraction=st.floats(0, 1, exclude_min=True, exclude_max=True),
        validation_at_most=counts,
        folder=st.none() | texts,
        on_error=st.sampled_from(["drop", "stop"]),
        max_characters=counts,
        max_tokens=counts,
    )


def sides() -> st.SearchStrategy[Text]:
    return st.builds(
        Text,
        tokenizer=st.sampled_from(get_args(TokenizerKind)),
        lowercase=st.booleans(),
        min_count=counts,
        max_size=st.none() | st.integers(5, 10**6),
    )


def models() -> st.SearchStrategy[Model]:
    return st.builds(
        Model,
        cell=st.sampled_from(get_args(CellType)),
        layers=st.integers(1, 100),
        hidden=st.integers(1, 2**17),
        embedding=st.integers(1, 2**17),
        dropout=below_one,
        output_dropout=below_one,
        word_dropout=below_one,
        tie_output=st.booleans(),
        init_range=positive | st.just("torch"),
    )


def forcings() -> st.SearchStrategy[Forcing]:
    rest = {"start": shares, "end": shares, "by_token": st.booleans()}
    return st.one_of(
        st.builds(Forcing, schedule=st.sampled_from(["constant", "linear"]), **rest),
        st.builds(Forcing, schedule=st.just("exponential"), k=st.floats(0.01, 0.99), **rest),
        st.builds(Forcing, schedule=st.just("inverse-sigmoid"), k=st.floats(1, 1e9), **rest),
    )


def trainings() -> st.SearchStrategy[Training]:
    return st.builds(
        Training,
        epochs=st.integers(1, 2**53) | st.floats(0.01, 2**53),
        batch_size=counts,
        accumulate=counts,
        optimizer=st.builds(
            Optimizer,
            name=st.sampled_from(["adam", "adamw", "sgd"]),
            learning_rate=positive,
            betas=st.tuples(shares, shares),
            weight_decay=st.floats(0, 1e300),
            momentum=shares,
        ),
        learning_rate=st.builds(
            LearningRate,
            schedule=st.sampled_from(get_args(ScheduleName)),
            warmup_steps=st.integers(0, 10**9),
            decay_from=shares,
            halve_after=st.floats(0, 1e300),
            halve_every=positive,
            factor=st.floats(0, 1, exclude_min=True, exclude_max=True),
            patience=counts,
        ),
        teacher_forcing=forcings(),
        label_smoothing=below_one,
        gradient_per=st.sampled_from(get_args(GradientPer)),
        clip_norm=positive | st.just("off"),
        patience=st.none() | counts,
        keep=st.sampled_from(["loss", "bleu", "exact"]),
        precision=st.sampled_from(["auto", "float32", "bfloat16"]),
    )


def recipes() -> st.SearchStrategy[Recipe]:
    return st.builds(
        Recipe,
        data=data(),
        text=st.builds(Texts, source=sides(), target=sides(), reverse_source=st.booleans()),
        model=models(),
        training=trainings(),
        search=st.builds(
            Search,
            beam=st.integers(1, 10_000),
            length_penalty=st.floats(0, 1e300),
            max_length_factor=st.floats(0, 100, exclude_min=True),
            max_length_extra=st.integers(0, 10_000),
            lowercase_scores=st.booleans(),
        ),
        seed=st.integers(0, 2**32 - 1),
    )


@settings(max_examples=30)
@given(recipes())
def test_what_is_written_is_read_again(recipe: Recipe) -> None:
    assert parse_recipe(dump_recipe(recipe), "law") == recipe


@given(st.text())
def test_any_path_comes_back(path: str) -> None:
    recipe = Recipe(data=Data(train=FilesCorpus(source=path, target="b"), folder=path))
    read = parse_recipe(dump_recipe(recipe), "law").data
    assert (read.folder, read.train) == (path, recipe.data.train)


def test_every_setting_is_written_out_so_that_a_later_default_changes_nothing() -> None:
    recipe = parse_recipe(MINIMAL, "minimal")
    written = dump_recipe(recipe)
    for section in ("model", "search"):
        for key in getattr(recipe, section).model_dump():
            assert f"\n{key} = " in written, key
    assert "[training.optimizer]" in written
    assert 'kind = "files"' in written


def test_a_file_is_read_and_settings_go_over_it(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(MINIMAL + "[training]\nepochs = 3\n", encoding="utf-8")
    assert load_recipe(path).training.epochs == 3
    for written, kept in (("4.0", "4"), ("7.5", "7.5")):
        assert repr(load_recipe(path, [f"training.epochs={written}"]).training.epochs) == kept
    changed = load_recipe(path, ["training.epochs=4", "model.cell=gru", "data.folder=ü b"])
    assert (changed.training.epochs, changed.model.cell, changed.data.folder) == (4, "gru", "ü b")


def test_a_corpus_of_two_files_need_not_say_its_kind() -> None:
    unsaid = parse_recipe(MINIMAL.replace('kind = "files", ', ""), "unsaid", ['data.test={source="c", target="d"}'])
    assert unsaid.data.train == FilesCorpus(source="a.de", target="a.en")
    assert unsaid.data.test == FilesCorpus(source="c", target="d")
    with pytest.raises(RecipeError, match=r"data\.train\.path: there is no such setting"):
        parse_recipe('[data]\ntrain = { path = "a.tsv" }\n', "wrong")


def test_all_faults_are_reported_at_once_under_dotted_names() -> None:
    wrong = (
        "[data]\n"
        'train = { kind = "files", source = "a.de", taget = "a.en" }\n'
        "[model]\nhiden = 3\nlayers = 0\n"
        "[training.optimizer]\nlearning_rate = -1.0\n"
        '[text.source]\ntokenizer = "words"\n'
        '[training.teacher_forcing]\nschedule = "exponential"\n'
    )
    with pytest.raises(RecipeError) as caught:
        parse_recipe(wrong, "wrong.toml")
    message = str(caught.value)
    assert message.startswith("wrong.toml: 7 settings not valid:\n")
    for line in (
        "data.train.target: is missing",
        "data.train.taget: there is no such setting",
        "model.hiden: there is no such setting",
        "model.layers: Input should be greater than or equal to 1; it is 0",
        "training.optimizer.learning_rate: Input should be greater than 0; it is -1.0",
        "text.source.tokenizer: Input should be 'word', 'whitespace', 'character' or 'bpe'; it is 'words'",
        "training.teacher_forcing: the schedule exponential needs k; k is None",
    ):
        assert f"\n  {line}" in message


def test_a_recipe_without_data_says_so() -> None:
    with pytest.raises(RecipeError, match=r"empty: 1 setting not valid:\n  data: is missing"):
        parse_recipe("", "empty")


def test_damaged_and_missing_recipes_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no\.toml: there is no such recipe"):
        load_recipe(tmp_path / "no.toml")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match=r"binary\.toml: the recipe cannot be read"):
        load_recipe(tmp_path / "binary.toml")
    with pytest.raises(RecipeError, match=r"here: this is not valid TOML: .*line 1"):
        parse_recipe("seed = = 1", "here")


def test_what_is_no_small_file_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_text(MINIMAL + "#" * 2**15, encoding="utf-8")
    with pytest.raises(
        RecipeError, match=r"large\.toml: the recipe cannot be read: it has 32,\d+ bytes, and such a fi"
    ):
        load_recipe(tmp_path / "large.toml")
    with pytest.raises(RecipeError, match="the recipe cannot be read: embedded null"):
        load_recipe("a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.toml")
        with pytest.raises(RecipeError, match=r"pipe\.toml: the recipe cannot be read: it is not an ordinary file"):
            load_recipe(tmp_path / "pipe.toml")


DIGITS = "9" * 5000
HEX = "0x" + "f" * 5000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 5000, "here: this is not valid TOML: maximum recursion"),
        (f"seed = {DIGITS}", "here: this is not valid TOML: Exceeds the limit"),
        (f"seed = {HEX}", "here: seed: an integer of 20000 bits, but 64 are the most"),
        (f"[model]\nlayers = -{2**63}", "here: layers: an integer of 64 bits, but 64 are the most"),
        ("a." * 900 + "a = 1", "a: there is no such setting"),
        ("seed." + "a." * 900 + "a = 1", r"seed: Input should be a valid integer; it is \{'a': \{'a': "),
        ('"a\\u001b[31mb" = 1', r"  'a\\x1b\[31mb': there is no such setting"),
        ("\n".join(f"k{n} = 1" for n in range(60)), r"61 settings not valid:(\n  .*){50}\n  \.\.\.$"),
    ],
    ids=["nested", "digits", "hexadecimal", "negative", "dotted", "dotted value", "escapes", "many"],
)
def test_hostile_recipes_are_refused_in_few_words(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as caught:
        parse_recipe(text, "here")
    assert len(str(caught.value)) < 5000


def test_hostile_settings_are_refused_in_few_words() -> None:
    with pytest.raises(RecipeError, match=r"--set seed: the value is nested too deeply"):
        parse_recipe(MINIMAL, "here", ["seed=" + "[" * 5000])
    with pytest.raises(RecipeError, match=r"seed: Unable to parse .*; it is '999.*\.\.\..*999'$"):
        parse_recipe(MINIMAL, "here", [f"seed={DIGITS}"])
    with pytest.raises(RecipeError, match="seed: an integer of 20000 bits"):
        override(parse_recipe(MINIMAL, "here"), [f"seed={HEX}"])


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


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/anna/data/train.de", "train.de"),
        ("C:\\Users\\anna\\train.de", "train.de"),
        ("C:/Users/anna/train.de", "train.de"),
        ("C:train.de", "train.de"),
        ("\\\\server\\share\\anna\\train.de", "train.de"),
        ("\\anna\\train.de", "train.de"),
        ("~/train.de", "train.de"),
        ("~anna/data/train.de", "train.de"),
        ("train.de", "train.de"),
        ("data/train.de", "data/train.de"),
    ],
)
def test_a_portable_recipe_has_no_place_on_a_machine(path: str, name: str) -> None:

    def corpora(path: str) -> list[CorpusChoice]:
        return [
            FilesCorpus(source=path, target=path),
            TabSeparatedCorpus(kind="tsv", path=path, source_column="/a", target_column="~b"),
            JsonLinesCorpus(kind="jsonl", path=path, source_key="/a", target_key="~b"),
            HubCorpus(kind="hub", name=path, source_column="/a", target_column="~b"),
        ]

    for corpus, shipped in zip(corpora(path), corpora(name), strict=True):
        for part in ("train", "validation", "test"):
            data = Data(train=MemoryCorpus(kind="memory")).model_copy(update={part: corpus, "folder": "/home/anna"})
            there = data.model_copy(update={part: shipped, "folder": None})
            assert portable(Recipe(data=data, seed=7)) == Recipe(data=there, seed=7)


@pytest.mark.parametrize(
    ("setting", "section", "key", "value"),
    [
        ("model.hidden=32", "model", "hidden", 32),
        ("model.init_range=torch", "model", "init_range", "torch"),
        ('model.init_range="torch"', "model", "init_range", "torch"),
        ("training.clip_norm=off", "training", "clip_norm", "off"),
        ("training.clip_norm = 2.5", "training", "clip_norm", 2.5),
        ("data.folder=a=b", "data", "folder", "a=b"),
        ("model.tie_output=true", "model", "tie_output", True),
    ],
)
def test_settings_are_toml_or_else_plain_text(setting: str, section: str, key: str, value: Any) -> None:
    assert getattr(getattr(parse_recipe(MINIMAL, "m", [setting]), section), key) == value
    assert getattr(getattr(override(parse_recipe(MINIMAL, "m"), [setting]), section), key) == value


@pytest.mark.parametrize("setting", ["model.hidden", "=3", "model..hidden=3", ".=1", "", "model.=3"])
def test_malformed_settings_are_shown_the_form(setting: str) -> None:
    with pytest.raises(RecipeError, match=r"settings have the form section\.key=value, such as training\.epochs=5"):
        parse_recipe(MINIMAL, "m", [setting])


def test_settings_cannot_reach_into_a_value_or_name_what_is_not_there() -> None:
    recipe = parse_recipe(MINIMAL, "m")
    with pytest.raises(RecipeError, match=r"--set training\.epochs\.x=1: epochs is a value, not a section"):
        override(recipe, ["training.epochs.x=1"])
    with pytest.raises(RecipeError, match=r"  trainig: there is no such setting"):
        override(recipe, ["trainig.epochs=1"])
    with pytest.raises(RecipeError, match=r"2 settings not valid"):
        override(recipe, ["model.hidden=many", "model.layers=0"])


def test_a_later_setting_wins() -> None:
    assert parse_recipe(MINIMAL, "m", ["seed=2", "seed=3"]).seed == 3


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "key",
    [
        "model.init_range",
        "training.clip_norm",
        "training.optimizer.learning_rate",
        "training.optimizer.weight_decay",
        "search.length_penalty",
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
