"""`POST /v1/neighbours`: an index is made in the background, once, and asked from then on."""

import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from tandem.analysis import neighbours
from tandem.model_paths import Current, write_current
from tandem.recipe import dump_recipe, override
from tandem.serving import indexing
from tandem.serving.answers import ComputingAnswer, ErrorAnswer, NeighboursAnswer
from tandem.serving.indexing import Indexing
from tandem.translation import Translator, load
from tests.serving.desk import Desk, desk
from tests.support.runs import number_pairs, saved, untrained

PAIRS = number_pairs(50)
CHECKPOINT = "checkpoints/epoch-001"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TANDEM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def run(tmp_path: Path, cache: Path) -> Path:
    """A run, its best checkpoint, and its training corpus."""
    corpus = tmp_path / "train.tsv"
    corpus.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")
    run, translator = tmp_path / "run", untrained("gru", pairs=PAIRS)
    recipe = override(translator.recipe, [f'data.train={{kind = "tsv", path = "{corpus.as_posix()}"}}'])
    saved(
        Translator.of(translator.model, translator.source_tokenizer, translator.target_tokenizer, recipe=recipe),
        run / CHECKPOINT,
    )
    (run / "recipe.toml").write_text(dump_recipe(recipe), encoding="utf-8")
    write_current(run, Current(CHECKPOINT, CHECKPOINT, CHECKPOINT))
    return run


def served(path: Path) -> Desk:
    """A server whose first model is the one at this path."""
    translator = load(path, device="cpu")
    return desk(make=lambda _: translator, path=path)


def asked(client: TestClient, **body: Any) -> dict[str, Any]:
    """The answer of an index that is there."""
    for _ in range(100):
        answer = client.post("/v1/neighbours", json={"text": "eins zwei", **body})
        if answer.status_code != 202:
            assert answer.status_code == 200, answer.text
            NeighboursAnswer.model_validate(answer.json(), strict=True)
            content: dict[str, Any] = answer.json()
            return content
        ComputingAnswer.model_validate(answer.json(), strict=True)
        time.sleep(0.05)
    raise AssertionError("the index is never there")


@pytest.mark.parametrize("inside", ["", CHECKPOINT])
def test_neighbours_are_training_sentences(run: Path, inside: str) -> None:
    with served(run / inside).client() as client:
        content = asked(client, count=3)
        source, target = PAIRS[7]
        (nearest,) = asked(client, text=source, count=1)["neighbours"]
    assert (nearest["source"], nearest["target"]) == (source, target)
    assert nearest["distance"] == pytest.approx(0, abs=1e-3)
    assert {(one["source"], one["target"]) for one in content["neighbours"]} <= set(PAIRS)
    distances = [one["distance"] for one in content["neighbours"]]
    assert distances == sorted(distances)
    assert content["sentences"] == len(content["points"]) == len(PAIRS)
    assert len(content["point"]) == len(content["variance"]) == 2


def test_while_the_index_is_made_its_progress_is_answered(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_READ_TOGETHER", 20)
    monkeypatch.setattr(indexing, "_PATIENCE", 0.01)
    begun, goes_on = Event(), Event()
    own = Indexing._on_progress

    def held(self: Indexing, done: int, total: int) -> None:
        own(self, done, total)
        if done == 20:
            begun.set()
            assert goes_on.wait(60)

    monkeypatch.setattr(Indexing, "_on_progress", held)
    with served(run).client() as client:
        assert client.post("/v1/neighbours", json={"text": "eins"}).status_code == 202
        assert begun.wait(60)
        answer = client.post("/v1/neighbours", json={"text": "eins"})
        assert (answer.status_code, answer.json()) == (202, {"computing": {"done": 20, "total": len(PAIRS)}})
        translated = client.post("/v1/translate", json={"text": "eins"})
        assert translated.status_code == 200  # others are not held up
        goes_on.set()
        assert asked(client)["sentences"] == len(PAIRS)


def test_a_corpus_that_has_changed_has_a_new_index(run: Path) -> None:
    with served(run).client() as client:
        asked(client)
        (run.parent / "train.tsv").write_text("eins\tone\nzwei\ttwo\n", encoding="utf-8")
        content = asked(client)
    assert content["sentences"] == 2
    assert {one["target"] for one in content["neighbours"]} == {"one", "two"}


def refused(client: TestClient) -> str:
    for _ in range(100):
        answer = client.post("/v1/neighbours", json={"text": "eins"})
        if answer.status_code != 202:
            assert answer.status_code == 422
            return ErrorAnswer.model_validate(answer.json()).error.message
        time.sleep(0.05)
    raise AssertionError("it is computed for ever")


def test_a_corpus_that_is_gone_is_said_and_may_come_back(run: Path) -> None:
    corpus = run.parent / "train.tsv"
    with served(run).client() as client:
        asked(client)
        corpus.rename(run.parent / "away.tsv")
        for _ in range(2):
            assert refused(client).startswith(f"model: attending has no neighbours: {corpus}: ")
        (run.parent / "away.tsv").rename(corpus)
        assert asked(client)["sentences"] == len(PAIRS)


def test_pairs_from_a_program_are_not_there(tmp_path: Path, cache: Path) -> None:
    checkpoint = saved(untrained("gru"), tmp_path / "model")
    with served(checkpoint).client() as client:
        assert "this recipe's pairs were handed over from Python and are not in it" in refused(client)


def test_a_model_that_is_served_no_more_ends_its_work(run: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_READ_TOGETHER", 1)
    monkeypatch.setattr(indexing, "_PATIENCE", 0.01)
    begun, goes_on = Event(), Event()
    own = Indexing._on_progress

    def slow(self: Indexing, done: int, total: int) -> None:
        if done == 2:
            begun.set()
            assert goes_on.wait(60)
        own(self, done, total)

    monkeypatch.setattr(Indexing, "_on_progress", slow)
    here = served(run)
    with here.client() as client:
        client.post("/v1/neighbours", json={"text": "eins"})
        assert begun.wait(60)
        here.service.models.find(None).indexing.stop()
        goes_on.set()
    assert here.alone["attending"].closed
    assert list((cache / "contexts").iterdir()) == []


@pytest.mark.parametrize("count", [0, 1001, 1.5, "3"])
def test_counts_have_a_range(count: object) -> None:
    with desk().client() as client:
        answer = client.post("/v1/neighbours", json={"text": "eins", "count": count})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("count: should be ")
