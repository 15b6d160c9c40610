"""Several models on the command line: one ensemble, whatever way they are named."""

import json
from pathlib import Path

import pytest

from tandem.translation import load
from tests.support.console import Tandem
from tests.support.runs import number_pairs, saved, untrained

LINES = [source for source, _ in number_pairs(5, seed=9)]
TEXT = "".join(f"{line}\n" for line in LINES).encode()


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    return [saved(untrained("lstm", f"seed={seed}"), Path(f"model-{seed}")) for seed in (1, 2, 3)]


def expected(models: list[Path], averaging: str = "arithmetic") -> list[str]:
    translator = load(models, device="cpu", averaging=averaging)  # type: ignore[arg-type]
    return [translation.text for translation in translator.translate(LINES)]


def test_models_are_named_as_arguments_or_by_an_option(tandem: Tandem, models: list[Path]) -> None:
    Path("in.txt").write_bytes(TEXT)
    of_all = expected(models)
    assert of_all != expected(models[:1])
    first, *others = models
    options = [word for model in others for word in ("--model", model)]
    assert tandem("translate", *models, "--input", "in.txt").lines == of_all
    assert tandem("translate", first, *options, "--input", "in.txt").lines == expected([*others, first])
    assert tandem("translate", *models, stdin=TEXT).lines == of_all
    assert tandem("translate", *models, *LINES).lines == of_all
    assert tandem("translate", *options, *LINES).lines == expected(others)


def test_a_text_that_is_called_like_a_folder_is_a_text(tandem: Tandem, models: list[Path]) -> None:
    Path("eins").mkdir()
    assert len(tandem("translate", models[0], "eins", models[1]).lines) == 2


def test_the_mean_is_chosen(tandem: Tandem, models: list[Path]) -> None:
    found = tandem("translate", *models, "--averaging", "geometric", *LINES).lines
    assert found == expected(models, "geometric")


def test_an_output_is_gone_on_with_by_the_same_ensemble_only(tandem: Tandem, models: list[Path]) -> None:
    Path("in.txt").write_bytes(TEXT)
    places = ("--input", "in.txt", "--output", "out.txt")
    assert tandem("translate", *models, *places).code == 0
    assert tandem("translate", *models, *places, "--resume").err == (
        "tandem: out.txt: is complete already. To translate anew, remove it or leave out --resume\n"
    )


def test_an_ensemble_is_evaluated_and_scores(tandem: Tandem, models: list[Path]) -> None:
    Path("pairs.tsv").write_text("".join(f"{de}\t{en}\n" for de, en in number_pairs(6)), encoding="utf-8")
    scores = json.loads(tandem("evaluate", *models, "--tsv", "pairs.tsv", "--json").out)["scores"]
    assert "|ensemble:3|mean:arithmetic" in scores["bleu"]["signature"]
    assert "token_accuracy" not in scores
    nats = [float(line) for line in tandem("score", *models, "--tsv", "pairs.tsv").lines]
    tokens = int(scores["loss"]["signature"].split("tokens:")[1].split("|")[0])
    assert scores["loss"]["value"] == pytest.approx(-sum(nats) / tokens, abs=1e-4)
    alone = json.loads(tandem("evaluate", models[0], "--tsv", "pairs.tsv", "--json").out)["scores"]
    assert "ensemble" not in alone["bleu"]["signature"]
    assert "token_accuracy" in alone


def test_models_that_do_not_fit_together_are_told(tandem: Tandem, models: list[Path]) -> None:
    other = saved(untrained(pairs=[("eins", "one"), ("zwei", "two")]), Path("other"))
    found = tandem("translate", models[0], other, stdin=TEXT)
    assert found.code == 1
    assert "model-1 and other: the members of an ensemble must share their vocabularies" in found.err


def test_a_model_must_be_named(tandem: Tandem) -> None:
    found = tandem("translate", "--beam", "3", stdin=TEXT)
    assert found.code == 2
    assert "name the directory of a run, a checkpoint or an export" in found.err
