"""TOML becomes a recipe, faults are reported together, and `--set` changes one thing."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tandem.errors import RecipeError
from tandem.recipe import FilesCorpus, load_recipe, make_recipe, override, parse_recipe

MINIMAL = '[data]\ntrain = { kind = "files", source = "a.de", target = "a.en" }\n'


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
        "text.source.tokenizer: Input should be 'word', 'whitespace', 'character', 'bpe' or 'tags'; it is 'words'",
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
    with pytest.raises(RecipeError, match=r"--set seed: another setting follows on a second line"):
        parse_recipe(MINIMAL, "here", ["seed=5\nmodel.hidden=8"])
    with pytest.raises(RecipeError, match=r"seed: Unable to parse .*; it is '999.*\.\.\..*999'$"):
        parse_recipe(MINIMAL, "here", [f"seed={DIGITS}"])
    with pytest.raises(RecipeError, match="seed: an integer of 20000 bits"):
        override(parse_recipe(MINIMAL, "here"), [f"seed={HEX}"])


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


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("hidden=64", "hidden: there is no such setting. Did you mean model.hidden?"),
        ("model.hiden=64", "model.hiden: there is no such setting. Did you mean model.hidden?"),
        ("train.epoch=5", "train: there is no such setting. Did you mean training.epochs?"),
        ("batch=5", "batch: there is no such setting. Did you mean training.batch_size?"),
        ("data.train.sorce=a", "data.train.sorce: there is no such setting. Did you mean data.train.source?"),
        (
            "text.tokenizer=bpe",
            "text.tokenizer: there is no such setting. Did you mean text.source.tokenizer or text.target.tokenizer or "
            "text.features.tokenizer?",
        ),
        (
            "training.learning_rate=0.01",
            "training.learning_rate: 0.01 is given for a whole section. Did you mean training.optimizer.learning_rate?",
        ),
        (
            "training.optimizer=sgd",
            "training.optimizer: 'sgd' is given for a whole section. "
            "The settings of training.optimizer are name, learning_rate, betas, weight_decay, momentum",
        ),
        (
            "text.source.zzz=1",
            "text.source.zzz: there is no such setting. "
            "The settings of text.source are tokenizer, lowercase, min_count, max_size",
        ),
        ("zzz=1", "zzz: there is no such setting. The sections are data, text, model, training, search"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(setting: str, remedy: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(f"  {remedy}")):
        parse_recipe(MINIMAL, "m", [setting])


def test_what_a_recipe_cannot_hold_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"m: source: 'tr\\udce4in\.de' holds bytes that are not UTF-8, and"):
        make_recipe({"data": {"train": {"source": "tr\udce4in.de", "target": "b"}}}, "m")
