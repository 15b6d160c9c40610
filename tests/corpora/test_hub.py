"""A data set of the Hub is a corpus; what cannot be had is said in a sentence."""

import sys
from types import ModuleType

import pytest

from tandem.corpora.hub import HubDataset
from tandem.errors import CorpusError


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A stand-in for the `datasets` library; what it was asked for is in the dictionary."""
    asked: dict[str, object] = {}

    class DatasetsError(Exception):
        pass

    def load_dataset(path: str, name: str | None, split: str) -> list[dict[str, object]]:
        asked.update(path=path, name=name, split=split)
        if split == "nowhere":
            raise ValueError('Unknown split "nowhere"')
        if split == "broken":
            raise DatasetsError("the generator failed")
        return [
            {"translation": {"de": "Hund", "en": "dog"}, "flat": "x"},
            {"translation": {"de": "K"}, "flat": "y"},
        ]

    library, exceptions = ModuleType("datasets"), ModuleType("datasets.exceptions")
    monkeypatch.setattr(library, "load_dataset", load_dataset, raising=False)
    monkeypatch.setattr(exceptions, "DatasetsError", DatasetsError, raising=False)
    monkeypatch.setitem(sys.modules, "datasets", library)
    monkeypatch.setitem(sys.modules, "datasets.exceptions", exceptions)
    return asked


def test_a_hub_dataset_gives_columns_and_nested_columns(hub: dict[str, object]) -> None:
    corpus = HubDataset("some/set", "train", "translation.de", "flat", config="de-en")
    assert list(corpus) == [("Hund", "x"), ("K", "y")]
    assert hub == {"path": "some/set", "name": "de-en", "split": "train"}
    assert corpus.name == "some/set (de-en, train)"


@pytest.mark.parametrize(
    ("split", "column", "message"),
    [
        (
            "train",
            "translation.en",
            r"set \(train\) record 2: there is no 'translation\.en'; the columns are: 'translation\.de'",
        ),
        ("train", "english", r"record 1: there is no 'english'; the columns are: 'translation', 'flat'"),
        ("train", "translation", r"record 1: 'translation' is of type dict"),
        ("nowhere", "flat", r"set \(nowhere\): cannot be loaded \(Unknown split .* Check its name"),
        ("broken", "flat", r"set \(broken\): cannot be loaded \(the generator failed\)"),
    ],
)
def test_a_hub_dataset_that_cannot_be_read_stops(hub: dict[str, object], split: str, column: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        list(HubDataset("set", split, "flat", column))


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CorpusError, match=r'pip install "tandem-seq2seq\[hub\]"'):
        list(HubDataset("set", "train", "de", "en"))
