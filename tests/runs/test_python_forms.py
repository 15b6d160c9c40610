"""What a Python program may hand over, and what it is told in its own words where it may not."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tandem
from tandem.errors import ArgumentError, CorpusError, RecipeError, TandemError, TrainingError
from tandem.recipe import load_recipe, setting_lines
from tests.support.runs import number_pairs, tiny_recipe, untrained

PAIRS = number_pairs(24)
SMALL: dict[str, Any] = {"model": {"hidden": 8, "embedding": 6}, "training": {"epochs": 1, "precision": "float32"}}


def test_pairs_may_come_from_a_generator_and_settings_from_a_dictionary(tmp_path: Path) -> None:
    validation = (pair for pair in number_pairs(4, seed=3))
    tandem.train(
        pairs=(list(pair) for pair in PAIRS),  # type: ignore[misc]
        validation_pairs=validation,
        out=tmp_path / "run",
        settings=SMALL | {"training.batch_size": 8},
        device="cpu",
    )
    recipe = load_recipe(tmp_path / "run" / "recipe.toml")
    assert (recipe.model.hidden, recipe.training.epochs, recipe.training.batch_size) == (8, 1, 8)


def test_a_dictionary_of_settings_says_what_strings_say() -> None:
    given = {
        "seed": 3,
        "data.folder": Path("here"),
        "data": {"test": {"kind": "tsv", "path": "a.tsv"}},
        "training": {"optimizer": {"betas": (0.5, 0.9)}, "clip_norm": "off"},
        "text.reverse_source": True,
    }
    assert setting_lines(given) == [
        "seed=3",
        'data.folder="here"',
        'data.test={kind = "tsv", path = "a.tsv"}',
        "training.optimizer.betas=[0.5, 0.9]",
        'training.clip_norm="off"',
        "text.reverse_source=true",
    ]
    assert setting_lines(["a=1"]) == ["a=1"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "training.epochs=3",
            r"settings is 'training.epochs=3', but must be a dictionary, such as",
        ),
        ([3], r"settings is \[3\], but must be a dictionary"),
        ({"model": {"hidden": None}}, r"settings: model.hidden is None, of type NoneType, which no setting has"),
        ({"model.hidden": len}, "settings: model.hidden is <built-in"),
    ],
)
def test_settings_of_another_type_are_named(settings: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=message):
        tandem.train(pairs=PAIRS, out=tmp_path / "run", settings=settings)


@pytest.mark.parametrize(
    ("pairs", "kind", "message"),
    [
        ([("a",)], CorpusError, r"pairs in memory, pair 1: this has 1 part\. A pair must be two texts"),
        ([("a", "b", "c", "d")], CorpusError, "pair 1: this has 4 parts"),
        (["ab"], CorpusError, r"pair 1: this is one string\. .* frame\[\[SOURCE, TARGET\]\]\.itertuples"),
        ([{"source": "a", "target": "b"}], CorpusError, "pair 1: this is of type dict"),
        ([None], CorpusError, "pair 1: this is of type NoneType"),
        ([("a", None)], CorpusError, "pair 1: the target is of type NoneType, but must be a string"),
        ([(float("nan"), "b")], CorpusError, "pair 1: the source is of type float"),
        ([], CorpusError, "pairs in memory: there are no pairs"),
        ("text", ArgumentError, "pairs is of type str, but must be a list or another iterable of pairs of texts"),
        (7, ArgumentError, "pairs is of type int"),
    ],
)
def test_pairs_of_another_shape_are_named(pairs: Any, kind: type[TandemError], message: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=message):
        tandem.train(pairs=pairs, out=tmp_path / "run")
    if pairs:
        with pytest.raises(kind, match=message.removeprefix("pairs in memory, ")):
            tandem.evaluate(untrained(), pairs)


def test_pairs_that_are_no_texts_can_be_left_out(tmp_path: Path) -> None:
    pairs: Any = [*PAIRS, ("x", None), None]
    said: list[str] = []
    settings = SMALL | {"data.on_error": "drop"}
    tandem.train(pairs=pairs, out=tmp_path / "run", settings=settings, device="cpu", notify=said.append)
    assert any("dropped 2 of 26 pairs: 2 unreadable" in line for line in said)


def test_evaluate_takes_any_iterable() -> None:
    translator = untrained()
    scores = tandem.evaluate(translator, (pair for pair in PAIRS[:3])).scores
    assert scores == tandem.evaluate(translator, PAIRS[:3]).scores


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tandem.load(3), "path is of type int, but must be a path: a string or"),  # type: ignore[arg-type]
        (lambda: tandem.load(["a", None]), "path is of type NoneType, but must be"),  # type: ignore[list-item]
        (lambda: tandem.train(PAIRS, out="run"), "recipe is of type list, but must be a Recipe or"),  # type: ignore[arg-type]
        (lambda: tandem.train(pairs=PAIRS, out=None), "out is of type NoneType, but must be a path"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_path_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


@pytest.mark.parametrize("device", [None, "gpu"])
def test_unknown_devices_and_precisions_are_named(device: Any, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=f"^device is {device!r}, but must be one of 'auto', 'cpu', 'cuda', 'mps'$"):
        tandem.train(tiny_recipe(), pairs=PAIRS, validation_pairs=PAIRS, out=tmp_path / "run", device=device)
    with pytest.raises(RecipeError, match=f"^device is {device!r}, but"):
        tandem.load(tmp_path, device=device)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.translate("eins"), r'translate takes a list of texts: translate\(\["\.\.\."\]\)'),
        (lambda t: t.translate(None), "texts is of type NoneType, but must be a list of texts"),
        (lambda t: t.translate(["eins", 2]), "texts: item 2 is of type int, but must be a text"),
        (lambda t: t.score("eins", ["one"]), "sources is of type str"),
        (lambda t: t.score(["eins"], [None]), "targets: item 1 is of type NoneType"),
    ],
)
def test_what_is_no_list_of_texts_is_named(call: Callable[[Any], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call(untrained())


def test_messages_speak_of_arguments_and_not_of_options(tmp_path: Path) -> None:
    tandem.train(pairs=PAIRS, out=tmp_path / "run", settings=SMALL)
    with pytest.raises(
        TrainingError, match=r"it holds a run\. Continue it with resume=True, choose another directory with out,"
    ):
        tandem.train(pairs=PAIRS, out=tmp_path / "run", settings=SMALL)
    with pytest.raises(RecipeError, match=r"^settings model: settings have the form"):
        tandem.train(pairs=PAIRS, out=tmp_path / "other", settings=["model"])


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "arguments", "shown"),
    [
        (True, {}, True),
        (True, {"progress": False}, False),
        (True, {"recorders": []}, False),
        (True, {"notify": lambda _: None}, False),
        (False, {}, False),
        (False, {"progress": True}, True),
    ],
)
def test_progress_is_shown_in_a_terminal(
    terminal: bool, arguments: dict[str, Any], shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = _Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    tandem.train(tiny_recipe("training.epochs=1"), pairs=PAIRS, validation_pairs=PAIRS, out=tmp_path / "a", **arguments)
    for part in ("• training on cpu in float32", "Training: 1 epoch of", "Training is over: "):
        assert (part in stream.getvalue()) is shown
