"""How models on the Hub are named."""

from pathlib import Path

import pytest

import tandem
from tandem.checkpoint import save_checkpoint
from tandem.errors import HubError
from tandem.hub.naming import MODEL_FILES, HubName, checked_name, hub_name
from tandem.model_paths import EXPORT, is_model
from tests.support.runs import untrained


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hf:me/model", HubName("me/model")),
        ("hf:me/a-model_2.1@v1.0", HubName("me/a-model_2.1", "v1.0")),
        ("hf:me/model@refs/pr/1", HubName("me/model", "refs/pr/1")),
        ("me/model", None),
        ("hf:model", None),
        ("hf:me/model/more", None),
        ("hf:me/mo--del", None),
        ("hf:me/../model", None),
        ("hf:me/model.git", None),
        ("hf:me/model@", None),
        ("hf:me/model@../../x", None),
        (f"hf:me/{'m' * 100}", None),
        ("hf: me/model", None),
        ("hf:me/modèle", None),
        ("hf:" + "me/\0", None),
    ],
)
def test_a_name_has_an_owner_and_perhaps_a_revision(text: str, name: HubName | None) -> None:
    path = Path(text)
    assert hub_name(path) == name
    assert is_model(path) == (name is not None)
    assert name is None or str(name) == text


@pytest.mark.parametrize("text", ["model", "hf:model", "https://huggingface.co/me/model", "me/mo..del", ""])
def test_a_malformed_name_is_not_pushed_to(text: str) -> None:
    with pytest.raises(HubError, match="is named OWNER/NAME"):
        checked_name(text)
    with pytest.raises(HubError, match=r"a b: this is not the name of a branch"):
        checked_name("me/model", "a b")


def test_a_malformed_name_is_not_loaded() -> None:
    with pytest.raises(HubError, match="hf:model: a model on the Hub is named hf:OWNER/NAME or hf:OWNER/NAME@REVISION"):
        tandem.load("hf:model")


def test_a_path_that_exists_is_that_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    translator = untrained()
    translator.save(Path("hf:me") / "model")
    assert hub_name(Path("hf:me/model")) is None
    assert tandem.load("hf:me/model", device="cpu").translate(["eins"])[0].tokens


def test_the_files_of_a_model_are_those_that_are_written(run: Path, tmp_path: Path) -> None:
    from tandem.checkpoint import load_checkpoint

    tandem.export(run, out=tmp_path / "export")
    best = next((run / "checkpoints").iterdir())
    save_checkpoint(load_checkpoint(run), tmp_path / "checkpoint")
    written = {
        file.name for folder in (best, tmp_path / "export", tmp_path / "checkpoint") for file in folder.iterdir()
    }
    assert EXPORT in written
    assert MODEL_FILES - written <= {"features.tokenizer.json", "calibration.json"}
    assert written <= MODEL_FILES
