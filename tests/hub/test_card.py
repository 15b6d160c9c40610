"""The card of a model: what the Hub reads in it, and what a person reads."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

import tandem
from tandem.hub.card import Card
from tandem.hub.naming import HubName
from tandem.metrics.score import Score
from tandem.recipe import Recipe, make_recipe
from tandem.runs import prepare_push
from tandem.runs.scores import SCORES, read_scores
from tests.support.runs import copied, tiny_recipe, untrained

NAME = HubName("me/numbers")


def recipe(*settings: str, **corpora: dict[str, str]) -> Recipe:
    return tandem.recipe.override(
        make_recipe({"data": corpora, "text": {}, "model": {}, "training": {}}, "a test"), settings
    )


def front_matter(text: str) -> Any:
    """What the Hub's own library reads of a card."""
    return ModelCard(text).data


FILES = {"kind": "files", "source": "data/of/anna/train.de", "target": "data/of/anna/train.en"}


def test_the_hub_reads_its_front_matter(run: Path) -> None:
    card = front_matter(prepare_push(run, "me/numbers", license="mit").card.text()).to_dict()
    assert card["license"] == "mit"
    assert card["library_name"] == "tandem-seq2seq"
    assert {"tandem", "seq2seq", "lstm", "safetensors"} <= set(card["tags"])
    assert "language" not in card  # pairs in memory tell none
    assert "license" not in front_matter(prepare_push(run, "me/numbers").card.text()).to_dict()


def test_the_scores_are_the_run_s_with_their_signatures(run: Path) -> None:
    card = prepare_push(run, "me/numbers").card
    saved = read_scores(run, "epoch-002") or read_scores(run, "epoch-001")
    assert saved is not None
    results = front_matter(card.text()).eval_results
    assert {(r.metric_type.replace("exact_match", "exact"), r.metric_value) for r in results} == {
        (score.name, round(score.value, 4)) for score in saved.finite()
    }
    assert {r.metric_args["signature"] for r in results} == {score.signature for score in saved.finite()}
    assert {r.dataset_name for r in results} == {"pairs"}
    assert "On the validation corpus" in card.text()
    for score in saved.finite():
        assert f"| `{score.name}` | {score.value:.2f} | `" in card.text()


def test_scores_of_another_checkpoint_are_not_taken(run: Path, tmp_path: Path) -> None:
    mine = copied(run, tmp_path / "run")
    (mine / SCORES).unlink()
    card = prepare_push(mine, "me/numbers").card
    assert {score.name for score in card.scores} >= {"bleu", "loss"}
    assert all(score.signature.startswith("search:greedy|validation of epoch") for score in card.scores)
    text = prepare_push(next((mine / "checkpoints").iterdir()), "me/numbers").card.text()
    assert "No scores are known. `tandem evaluate` measures" in text
    assert "model-index" not in text
    assert read_scores(run, "epoch-009") is None


def test_damaged_scores_are_damage(run: Path, tmp_path: Path) -> None:
    mine = copied(run, tmp_path / "run")
    (mine / SCORES).write_text((mine / SCORES).read_text(encoding="utf-8").replace("bleu", "blue"), encoding="utf-8")
    with pytest.raises(tandem.TandemError, match=rf"{SCORES}: damaged"):
        prepare_push(mine, "me/numbers")


def test_languages_and_data_sets_are_told_where_they_are_known() -> None:
    card = Card(NAME, recipe(train=FILES), (10, 12))
    data = front_matter(card.text()).to_dict()
    assert (data["language"], data["pipeline_tag"]) == (["de", "en"], "translation")
    assert "that translates German into English" in card.text()
    hub = {"kind": "hub", "name": "someone/pairs", "source_column": "a", "target_column": "b"}
    assert front_matter(Card(NAME, recipe(train=hub), (10, 12)).text()).to_dict()["datasets"] == ["someone/pairs"]


def test_only_the_last_part_of_a_path_is_told() -> None:
    card = Card(NAME, recipe(train=FILES), (10, 12))
    given = replace(card, corpora={"train": [("data/of/anna/train.de", "0" * 64), (r"C:\of\anna\train.en", "1" * 64)]})
    for text in (card.text(), given.text()):
        assert "anna" not in text
        assert "| train | `train.de` |" in text
    assert f"| train | `train.en` | `{'1' * 64}` |" in given.text()


def test_limits_follow_from_the_model() -> None:
    words = Card(NAME, recipe("model.attention=off", "text.source.tokenizer=word", train=FILES), (10, 12)).text()
    assert "It knows 10 source tokens. `--json` lists the others" in words
    assert "A vector of fixed size holds the whole source" in words
    assert "Its confidences are not calibrated" in words
    pieces = Card(
        NAME,
        recipe("model.attention=luong", "text.source.tokenizer=bpe", train=FILES),
        (10, 12),
        calibrated=True,
        export="int8",
    ).text()
    assert not re.search("lists the others|vector of fixed size|not calibrated", pieces)
    assert "Its weights have 8 bits" in pieces
    assert 'pip install "tandem-seq2seq[hub]"' in pieces


def test_names_cannot_break_the_card() -> None:
    odd = {**FILES, "source": "a`b|c\u202e\n---\n.de"}
    scores = [Score("bleu", 1.0, 'a"b|c`d\n'), Score("loss", float("inf"), "x")]
    text = Card(NAME, recipe(train=odd), (10, 12), scores=scores, scored_on="test", software="x\n# y").text()
    data = front_matter(text)
    assert [result.metric_type for result in data.eval_results] == ["bleu"]
    assert [line for line in text.splitlines() if line in ("---", "# y")] == ["---", "---"]
    assert "\u202e" not in text


def test_weights_are_counted_once(tmp_path: Path) -> None:
    translator = untrained("lstm", "model.tie_output=true")
    translator.save(tmp_path / "mine")
    counted = sum(weight.numel() for weight in translator.model.parameters())
    assert prepare_push(tmp_path / "mine", "me/numbers").card.parameters == counted
    assert tiny_recipe().model.hidden == 8
