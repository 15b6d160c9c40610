"""`tandem push`, and commands that take `hf:OWNER/NAME`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Tandem
from tests.support.hub import StandInHub, stand_in_hub
from tests.support.runs import number_pairs, untrained


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandInHub]:
    with stand_in_hub(monkeypatch, tmp_path / "cache") as hub:
        yield hub


@pytest.fixture
def model(tmp_path: Path) -> Path:
    untrained().save(tmp_path / "mine")
    return tmp_path / "mine"


def test_a_dry_run_prints_the_card_and_asks_nobody(hub: StandInHub, model: Path, tandem: Tandem) -> None:
    printed = tandem("push", model, "me/numbers", "--dry-run", "--license", "mit")
    assert printed.code == 0
    assert printed.out.startswith('---\nlibrary_name: "tandem-seq2seq"\nlicense: "mit"\n')
    assert 'tandem.load("hf:me/numbers")' in printed.out
    assert "a push sends model.safetensors, " in printed.err
    assert hub.asked == []


def test_a_pushed_model_is_named_wherever_models_are(
    hub: StandInHub, model: Path, tmp_path: Path, tandem: Tandem
) -> None:
    pushed = tandem("push", model, "me/numbers", "--message", "Mine", "--revision", "first")
    assert pushed.code == 0
    assert f"The model is at {hub.url}/me/numbers, commit " in pushed.out
    assert "tandem translate hf:me/numbers@first" in pushed.out
    name = "hf:me/numbers@first"
    (tmp_path / "pairs.tsv").write_text("".join(f"{s}\t{t}\n" for s, t in number_pairs(5)), encoding="utf-8")
    for words in (
        ("translate", "{}", "eins zwei", "drei"),
        ("translate", "{}", "{}", "--input", tmp_path / "pairs.tsv", "--json"),
        ("evaluate", "{}", tmp_path / "pairs.tsv", "--json", "--output", tmp_path / "out.txt"),
        ("score", "{}", "--tsv", tmp_path / "pairs.tsv"),
    ):
        there, here = (tandem(*[where if word == "{}" else word for word in words]) for where in (name, model))
        assert there.code == 0, there.err
        assert there.out.replace(name, "M") == here.out.replace(str(model), "M")
    described = tandem("describe", name)
    assert described.code == 0
    assert "lstm" in described.out.lower()


def test_errors_are_a_sentence(hub: StandInHub, model: Path, tandem: Tandem, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tandem("translate", "hf:me/nothing", "eins")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("tandem: hf:me/nothing: the Hub has no such model")
    malformed = tandem("translate", "hf:nothing", "eins")
    assert "hf:nothing: a model on the Hub is named hf:OWNER/NAME" in malformed.err
    monkeypatch.delenv("HF_TOKEN")
    assert "hf:me/numbers: a push needs a token" in tandem("push", model, "me/numbers").err
