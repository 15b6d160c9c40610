"""Models that go to the Hub and come back."""

from pathlib import Path

import pytest

import tandem
from tandem.errors import HubError
from tandem.hub.naming import MODEL_FILES
from tandem.model_paths import EXPORT, WEIGHTS, checkpoint_of
from tests.support.hub import READER, StandInHub
from tests.support.runs import copied, number_pairs

SOURCES = [source for source, _ in number_pairs(20, seed=5)]


def texts(model: str | Path) -> list[str]:
    return [translation.text for translation in tandem.load(model, device="cpu").translate(SOURCES)]


def test_a_run_comes_back_as_it_was(hub: StandInHub, run: Path) -> None:
    pushed = tandem.push(run, "me/numbers", message="The first one")
    assert pushed.page == f"{hub.url}/me/numbers"
    assert texts("hf:me/numbers") == texts(run)
    assert texts(f"hf:me/numbers@{pushed.commit}") == texts(run)
    assert hub.repositories["me/numbers"].messages[-1] == "The first one"


def test_an_export_comes_back_as_it_was(hub: StandInHub, run: Path, tmp_path: Path) -> None:
    tandem.export(run, out=tmp_path / "export")
    tandem.push(tmp_path / "export", "me/numbers")
    assert texts("hf:me/numbers") == texts(tmp_path / "export")
    assert tandem.load("hf:me/numbers").engine.__class__.__name__ == "OnnxEngine"


def test_what_is_pushed_is_the_checkpoint_and_the_card(hub: StandInHub, run: Path, tmp_path: Path) -> None:
    checkpoint = checkpoint_of(copied(run, tmp_path / "run"))
    own = {file.name: file.read_bytes() for file in checkpoint.iterdir()}
    (checkpoint / "notes.txt").write_text("mine", encoding="utf-8")
    tandem.push(tmp_path / "run", "me/numbers")
    files = hub.repositories["me/numbers"].files
    assert files == {**own, "README.md": files["README.md"], ".gitattributes": b""}


def test_paths_and_people_stay_at_home(hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "anna"
    home.mkdir(parents=True)
    for side, name in enumerate(("train.de", "train.en")):
        text = "".join(pair[side] + "\n" for pair in number_pairs(40))
        (home / name).write_text(text, encoding="utf-8")
    small = ("model.hidden=8", "model.embedding=8", "training.epochs=1", f"data.folder={home}")
    run = tmp_path / "anna-run"
    command = ["tandem", "train", "--source", str(home / "train.de"), "--set", f"data.folder={home}"]
    monkeypatch.setattr("sys.argv", command)
    tandem.train(source=home / "train.de", target=home / "train.en", out=run, settings=small, device="cpu")
    tandem.push(run, "me/numbers")
    files = hub.repositories["me/numbers"].files
    assert b"train.de" in files["recipe.toml"]
    assert b"train.de" in files["README.md"]
    assert [name for name, content in files.items() if b"anna" in content or b"/home" in content] == []


def test_a_push_replaces_the_model_and_leaves_the_rest(hub: StandInHub, run: Path, tmp_path: Path) -> None:
    tandem.push(run, "me/numbers")
    repository = hub.repositories["me/numbers"]
    repository.commit({**repository.files, "picture.png": b"mine"})
    tandem.export(run, out=tmp_path / "export")
    tandem.push(tmp_path / "export", "me/numbers")
    assert repository.files["picture.png"] == b"mine"
    assert WEIGHTS not in repository.files
    assert EXPORT in repository.files


def test_a_branch_is_made_and_the_main_one_stays(hub: StandInHub, run: Path, tmp_path: Path) -> None:
    tandem.push(run, "me/numbers")
    tandem.export(run, out=tmp_path / "export")
    tandem.push(tmp_path / "export", "me/numbers", revision="onnx")
    tandem.push(tmp_path / "export", "me/numbers", revision="onnx")
    assert tandem.load("hf:me/numbers@onnx").precision == "float32"
    assert WEIGHTS in hub.repositories["me/numbers"].files
    assert "hf:me/numbers@onnx" in tandem.runs.prepare_push(run, "me/numbers", revision="onnx").card.text()


def test_a_private_one_is_private(hub: StandInHub, run: Path) -> None:
    tandem.push(run, "me/numbers", private=True)
    assert hub.repositories["me/numbers"].private
    tandem.push(run, "me/numbers", private=True)
    tandem.push(run, "me/open")
    with pytest.raises(HubError, match=r"hf:me/open: it exists already and is public, and --private is for new"):
        tandem.push(run, "me/open", private=True)


def test_nothing_is_pushed_without_a_token(hub: StandInHub, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match=r"hf:me/numbers: a push needs a token .* `hf auth login`, or set HF_TOKEN"):
        tandem.push(run, "me/numbers")
    assert hub.repositories == {}


@pytest.mark.parametrize(
    ("token", "message"),
    [(READER, "your token does not allow this"), ("hf_unknown", "the Hub does not accept your token")],
)
@pytest.mark.parametrize("exists", [True, False])
def test_who_may_not_write_is_told_so(
    token: str, message: str, exists: bool, hub: StandInHub, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exists:
        hub.make("me/numbers")
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match=f"hf:me/numbers: {message}"):
        tandem.push(run, "me/numbers")


def test_a_repository_of_something_else_is_left_alone(hub: StandInHub, run: Path) -> None:
    repository = hub.make("me/numbers", **{"config.json": b"{}", "a.bin": b"", "b.bin": b"", "c.bin": b""})
    with pytest.raises(HubError, match=r"other content \(a.bin, b.bin, c.bin and 1 more\).* Choose another name"):
        tandem.push(run, "me/numbers")
    assert "README.md" not in repository.files
    hub.make("me/begun", **{"README.md": b"soon", "LICENSE": b"mine"})
    tandem.push(run, "me/begun")
    assert hub.repositories["me/begun"].files["LICENSE"] == b"mine"
    assert MODEL_FILES & hub.repositories["me/begun"].files.keys()


def test_a_licence_is_one_that_the_hub_knows(run: Path) -> None:
    with pytest.raises(HubError, match="My own: this is no name of a licence on the Hub"):
        tandem.push(run, "me/numbers", license="My own")
