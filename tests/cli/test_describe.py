"""How large a model is, said before anything is trained."""

import re
from pathlib import Path

import pytest

from tandem.checkpoint import load_checkpoint
from tandem.models import count_parameters
from tests.support.console import Tandem

RECIPES = Path(__file__).parents[2] / "recipes"
PAPER = RECIPES / "sutskever2014.toml"


def rows(text: str) -> dict[str, int]:
    """The table's counts by what they are of."""
    found = re.findall(r"^(\w[\w ]+?) *│ +([\d,]+) │ +[\d.]+ %", text, flags=re.MULTILINE)
    return {part: int(count.replace(",", "")) for part, count in found}


def test_a_recipe_is_described_without_its_corpus(tandem: Tandem) -> None:
    found = tandem("describe", PAPER)
    assert found.code == 0
    assert rows(found.out) == {
        "source embedding": 160_004_000,
        "target embedding": 80_004_000,
        "recurrent layers of the encoder": 32_032_000,
        "recurrent layers of the decoder": 32_032_000,
        "output layer": 80_084_004,
        "all": 384_156_004,
    }
    assert "LSTM, 4 layers of 1,000, embeddings of 1,000; 160,004 source and 80,004 target tokens" in found.out
    assert (
        f"training: {384_156_004 * 8 / 2**20:,.0f} MiB for the weights, the gradients and the state of sgd" in found.out
    )


@pytest.mark.parametrize(("settings", "kept"), [((), 2), (("optimizer.name=sgd", "optimizer.momentum=0.9"), 1)])
def test_what_the_optimiser_keeps_is_counted(settings: tuple[str, ...], kept: int, tandem: Tandem) -> None:
    options = [word for setting in settings for word in ("--set", f"training.{setting}")]
    found = tandem("describe", RECIPES / "multi30k.toml", "--vocabularies", "8000,6000", *options)
    counts = rows(found.out)
    assert (counts["source embedding"], counts["target embedding"]) == (8000 * 256, 6000 * 256)
    assert sum(counts.values()) == 2 * counts["all"]
    assert f"training: {counts['all'] * 4 * (2 + kept) / 2**20:,.0f} MiB" in found.out


def test_a_trained_model_is_described(tandem: Tandem, run: Path) -> None:
    found = tandem("describe", run)
    assert rows(found.out)["all"] == count_parameters(load_checkpoint(run).model).total


def test_one_embedding_of_both_sides_is_one_part(tandem: Tandem) -> None:
    ties = [f"--set={setting}=true" for setting in ("text.joint", "model.tie_embeddings", "model.tie_output")]
    found = tandem("describe", RECIPES / "multi30k.toml", "--vocabularies", "8000,8000", *ties)
    assert "embeddings of 256; 8,000 tokens of both sides" in found.out
    counts = rows(found.out)
    assert counts["embedding of both sides"] == 8000 * 256
    assert sum(counts.values()) == 2 * counts["all"]
    refused = tandem("describe", RECIPES / "multi30k.toml", "--vocabularies", "8000,6000", *ties)
    assert "--vocabularies 8000,6000: text.joint has a single vocabulary: give its size twice" in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((RECIPES / "multi30k.toml",), "multi30k.toml: the sizes of its vocabularies are not known before"),
        ((PAPER, "--vocabularies", "8000"), "--vocabularies 8000: give two numbers of tokens, such as 8000,6000"),
        ((PAPER, "--vocabularies", "0,9"), "--vocabularies 0,9: give two numbers"),
        ((PAPER, "--vocabularies", "9" * 30 + ",9"), "give two numbers"),
        (("nowhere",), "nowhere: there is no such recipe"),
    ],
)
def test_what_cannot_be_described_is_said(arguments: tuple[object, ...], message: str, tandem: Tandem) -> None:
    found = tandem("describe", *arguments)
    assert found.code == 1
    assert message in found.err


def test_a_trained_model_takes_no_settings(tandem: Tandem, run: Path) -> None:
    found = tandem("describe", run, "--set", "model.hidden=3")
    assert (found.code, "a trained model cannot be changed: leave out --set" in found.err) == (1, True)
