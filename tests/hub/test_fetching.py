"""Models that come from the Hub, perhaps a stranger's."""

import socket
from pathlib import Path

import pytest

import tandem
from tandem.errors import CheckpointError, HubError
from tandem.files.seals import FORMAT_FILE, read_sealed, sealed
from tandem.hub.fetching import local_model
from tandem.model_paths import WEIGHTS, checkpoint_of
from tests.support.hub import READER, Repository, StandInHub
from tests.support.runs import untrained


@pytest.fixture
def repository(hub: StandInHub, run: Path) -> Repository:
    """The model of `run` as `me/numbers`."""
    return hub.make("me/numbers", **{file.name: file.read_bytes() for file in checkpoint_of(run).iterdir()})


def spoilt(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def test_the_cache_is_asked_first(hub: StandInHub, repository: Repository) -> None:
    tandem.load("hf:me/numbers", device="cpu")
    assert sorted(hub.fetched()) == sorted(name for name in repository.files if name != ".gitattributes")
    hub.asked.clear()
    tandem.load("hf:me/numbers", device="cpu")
    assert hub.asked == [f"HEAD /me/numbers/resolve/main/{FORMAT_FILE}"]


def test_a_model_in_the_cache_needs_no_network(
    hub: StandInHub, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tandem.load("hf:me/numbers", device="cpu").translate(["eins zwei"])[0].text
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    template = f"http://127.0.0.1:{port}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    hub.asked.clear()
    assert tandem.load("hf:me/numbers", device="cpu").translate(["eins zwei"])[0].text == first
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(HubError, match=r"hf:me/other: the Hub \(.*\) cannot be reached \(.*\), and the model is not"):
        tandem.load("hf:me/other")
    assert hub.asked == []


def test_offline_is_offline(hub: StandInHub, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    local_model(Path("hf:me/numbers"))
    hub.asked.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert (local_model(Path("hf:me/numbers")) / WEIGHTS).exists()
    with pytest.raises(
        HubError, match="hf:me/other: HF_HUB_OFFLINE is set, and the model is not completely in the cache"
    ):
        local_model(Path("hf:me/other"))
    assert hub.asked == []


def test_a_new_model_of_the_name_is_the_one_that_is_loaded(
    hub: StandInHub, repository: Repository, tmp_path: Path
) -> None:
    before = repository.branches["main"]
    old = local_model(Path("hf:me/numbers"))
    untrained("gru").save(tmp_path / "new")
    repository.commit({file.name: file.read_bytes() for file in (tmp_path / "new").iterdir()})
    assert tandem.load("hf:me/numbers", device="cpu").recipe.model.cell == "gru"
    assert tandem.load(f"hf:me/numbers@{before}", device="cpu").recipe.model.cell == "lstm"
    assert local_model(Path(f"hf:me/numbers@{before}")) == old


@pytest.mark.parametrize("name", [WEIGHTS, "recipe.toml", "target.tokenizer.json", FORMAT_FILE])
def test_a_file_that_was_changed_is_refused(name: str, hub: StandInHub, repository: Repository) -> None:
    repository.files[name] = spoilt(repository.files[name])
    with pytest.raises(CheckpointError, match=rf"models--me--numbers.*{name}: damaged: "):
        tandem.load("hf:me/numbers", device="cpu")


def test_what_to_do_about_a_changed_file_fits_the_cache(hub: StandInHub, repository: Repository) -> None:
    repository.files[WEIGHTS] = spoilt(repository.files[WEIGHTS])
    with pytest.raises(CheckpointError, match="Remove the folder models--OWNER--NAME that it is in"):
        tandem.load("hf:me/numbers", device="cpu")


def test_a_stranger_s_other_files_are_not_fetched(hub: StandInHub, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / FORMAT_FILE).write_bytes(repository.files[FORMAT_FILE])
    content = read_sealed(tmp_path / FORMAT_FILE)
    del content["sha256"]
    more = {"pickled.bin": b"cos\nsystem\n.", "modeling.py": b"1/0", "train.de": b"ein hund"}
    content["files"] |= {name: {"size": len(data), "sha256": "0"} for name, data in more.items()}
    repository.commit({**repository.files, **more, "README.md": b"#", FORMAT_FILE: sealed(content).encode()})
    tandem.load("hf:me/numbers", device="cpu")
    assert set(hub.fetched()) == checkpoint_files(repository)


def checkpoint_files(repository: Repository) -> set[str]:
    return repository.files.keys() - {".gitattributes", "README.md", "pickled.bin", "modeling.py", "train.de"}


def test_a_file_that_is_listed_and_missing_is_named(hub: StandInHub, repository: Repository) -> None:
    del repository.files["target.tokenizer.json"]
    with pytest.raises(HubError, match=r"hf:me/numbers: target\.tokenizer\.json is missing: this is not a model of"):
        tandem.load("hf:me/numbers")


def test_what_is_no_model_of_tandem_is_said_to_be_none(hub: StandInHub) -> None:
    hub.make("me/bert", **{"config.json": b"{}"})
    with pytest.raises(HubError, match=r"hf:me/bert: format\.json is missing: this is not a model of Tandem"):
        tandem.load("hf:me/bert")


def test_a_missing_model_and_a_missing_revision(hub: StandInHub, repository: Repository) -> None:
    with pytest.raises(
        HubError, match=r"hf:me/nothing: the Hub has no such model, or it is private and you have no access"
    ):
        tandem.load("hf:me/nothing")
    with pytest.raises(HubError, match=r"hf:me/numbers@v9: the model has no branch, tag or commit of that name"):
        tandem.load("hf:me/numbers@v9")


def test_a_private_model_is_for_those_with_a_token(
    hub: StandInHub, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.private = True
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(
        HubError, match=r"private and you have no access\. Check its name\. Log in with `hf auth login`, or set"
    ):
        tandem.load("hf:me/numbers")
    monkeypatch.setenv("HF_TOKEN", READER)
    assert tandem.load("hf:me/numbers", device="cpu").recipe.model.cell == "lstm"


def test_a_gated_model_is_asked_for(hub: StandInHub, repository: Repository) -> None:
    repository.gated = True
    with pytest.raises(HubError, match="hf:me/numbers: its owner decides who has access"):
        tandem.load("hf:me/numbers")


def test_models_of_the_hub_are_members_and_can_be_exported_and_averaged(
    hub: StandInHub, repository: Repository, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tandem.load(["hf:me/numbers", run], device="cpu").size == 2
    assert tandem.export("hf:me/numbers").directory == Path("numbers-onnx")
    tandem.average(["hf:me/numbers", run], out=tmp_path / "mean")
    assert tandem.load(tmp_path / "mean", device="cpu").size == 1
