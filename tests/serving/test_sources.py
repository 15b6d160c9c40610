"""Which models are served under which names, and which languages they are of."""

from pathlib import Path

import pytest

from tandem.errors import ArgumentError
from tandem.recipe import make_recipe
from tandem.recipe.languages import Languages, languages_of
from tandem.serving.sources import Source, sources_of


def test_models_have_the_names_that_they_are_given() -> None:
    found = sources_of(["runs/one", "b=runs/two"], ["both=one,b"], ["de:en", "b=cs:pt-BR"])
    german = Languages("de", "en")
    assert found == [
        Source("one", (Path("runs/one"),), german),
        Source("b", (Path("runs/two"),), Languages("cs", "pt-BR")),
        Source("both", (Path("runs/one"), Path("runs/two")), german),
    ]


def test_a_path_may_have_an_equals_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a=b").mkdir()
    (tmp_path / "a=b" / "format.json").touch()
    monkeypatch.chdir(tmp_path)
    assert sources_of(["x=a=b"], [], []) == [Source("x", (Path("a=b"),))]
    with pytest.raises(ArgumentError, match=r"a=b: 'a=b' is not a valid name: .* Give NAME=PATH"):
        sources_of(["a=b"], [], [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((["a/run", "b/run"], [], []), "b/run: there is a model called run already: give this one another"),
        ((["=x"], [], []), "=x: '' is not a valid name"),
        ((["a"], ["both=a"], []), "--ensemble both=a: name two models or more, such as both=one,two"),
        ((["a"], ["both=a,b"], []), "--ensemble both=a,b: there is no model called 'b'; the models are a"),
        ((["a", "b"], ["a=a,b"], []), "--ensemble a=a,b: there is a model called a already"),
        ((["a"], [], ["de"]), "--languages de: give two codes, such as NAME=de:en, or de:en for all models"),
        ((["a"], [], ["b=de:en"]), "--languages b=de:en: there is no model called 'b'; the models are a"),
    ],
)
def test_wrong_words_are_told(words: tuple[list[str], list[str], list[str]], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        sources_of(*words)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("train", "languages"),
    [
        ({"kind": "files", "source": "data/train.de", "target": "data/train.en.gz"}, Languages("de", "en")),
        ({"kind": "files", "source": "a.txt", "target": "b.txt"}, None),
        ({"kind": "named", "name": "captions"}, Languages("de", "en")),
        ({"kind": "named", "name": "multi30k"}, Languages("de", "en")),
        ({"kind": "memory"}, None),
    ],
)
def test_languages_are_told_by_the_training_corpus(train: dict[str, str], languages: Languages | None) -> None:
    assert languages_of(make_recipe({"data": {"train": train}}, "test")) == languages
