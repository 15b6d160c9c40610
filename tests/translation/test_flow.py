"""Continuous batching: what comes out is what a text has alone, whatever else is under way."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import tandem
from tandem import Translator
from tandem.errors import TandemError
from tandem.translation.flow import Done, Flow
from tandem.translation.settings import SearchSettings
from tests.support.runs import untrained
from tests.support.translations import assert_same

WORDS = ["eins", "zwei", "drei", "vier", "fünf"]
ATTENDING = ("model.attention=luong", "model.attention_score=additive", "model.bidirectional=true")


def texts(number: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(0, 9))) for _ in range(number)]


def run(flow: Flow, arrive: Callable[[dict[int, Any]], bool]) -> dict[int, Any]:
    """What became of each text; `arrive` gets it, adds texts before a step, and says whether
    more will come.
    """
    results: dict[int, Any] = {}
    more = True
    while more or not flow.is_idle:
        more = arrive(results)
        done = flow.step().done
        assert not {key for key, _ in done} & results.keys()
        results |= dict(done)
    assert (flow.waiting, flow.running) == (0, 0)
    return results


@pytest.fixture(scope="module", params=["plain", "attention", "export"])
def translator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Translator:
    made = untrained("lstm", *(ATTENDING if request.param != "plain" else ()))
    if request.param != "export":
        return made
    folder = tmp_path_factory.mktemp("flow")
    made.save(folder / "model")
    return tandem.load(tandem.export(folder / "model").directory)


def test_arrivals_and_departures_change_no_translation(translator: Translator) -> None:
    attends = translator.engine.with_attention() is not None
    choices = [
        translator.search_settings(beam=1),
        translator.search_settings(beam=3, n_best=2),
        translator.search_settings(beam=3, n_best=2, max_length_extra=2, alignment=attends),
        translator.search_settings(sample=2, seed=4),
    ]
    sources, chance = texts(40, 1), random.Random(3)
    settings = [chance.choice(choices) for _ in sources]
    prefixes = ["" if n % 5 else "one" for n in range(len(sources))]
    flow, waiting, gone = Flow(translator), list(range(len(sources))), set[int]()

    def arrive(results: dict[int, Any]) -> bool:
        for key in [waiting.pop(0) for _ in range(min(len(waiting), chance.choice([0, 0, 1, 2, 9])))]:
            flow.add(key, sources[key], settings[key], prefixes[key])
        present = sorted({*range(len(sources))} - {*waiting, *gone, *results})
        if present and chance.random() < 0.2:
            gone.add(leaving := chance.choice(present))
            flow.remove(leaving)
        return bool(waiting)

    results = run(flow, arrive)
    assert gone
    assert sorted([*results, *gone]) == [*range(len(sources))]
    for key, found in results.items():
        (expected,) = translator.translate([sources[key]], settings[key], prefixes=prefixes[key])
        assert_same(found, expected)


def test_what_is_watched_is_told_after_each_step(translator: Translator) -> None:
    flow = Flow(translator)
    flow.add(7, "eins zwei drei", translator.search_settings(beam=1), watched=True)
    flow.add(8, "eins zwei", translator.search_settings(beam=1))
    seen = []
    while not flow.is_idle:
        progress = flow.step().progress
        assert {one.key for one in progress} <= {7}
        seen += [one.text for one in progress]
    assert seen
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
    assert translator.translate(["eins zwei drei"], beam=1)[0].text.startswith(seen[-1])


def test_a_text_that_cannot_be_translated_has_its_own_error(translator: Translator) -> None:
    flow, settings = Flow(translator), translator.search_settings(beam=2)
    for key, prefix in enumerate(["", "☃", ""]):
        flow.add(key, "eins", settings, prefix)
    results = run(flow, lambda _: False)
    assert isinstance(results[1], TandemError)
    assert "the prefix '☃' contains" in str(results[1])
    for key in (0, 2):
        assert_same(results[key], translator.translate(["eins"], settings)[0])


def test_a_failure_is_that_of_one_text(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    flow, settings = Flow(translator), translator.search_settings(beam=2)
    poison = translator.codec.encode_sources(["fünf fünf"])[0].ids
    start = type(translator.engine).start

    def failing(engine: Any, sources: Any) -> Any:
        if poison in sources:
            raise ValueError("a member that breaks")
        return start(engine, sources)

    monkeypatch.setattr(type(translator.engine), "start", failing)
    for key, text in enumerate(["eins", "fünf fünf", "zwei drei"]):
        flow.add(key, text, settings)
    results = run(flow, lambda _: False)
    assert str(results[1]) == "a member that breaks"
    for key, text in ((0, "eins"), (2, "zwei drei")):
        assert_same(results[key], translator.translate([text], settings)[0])


def test_long_texts_keep_to_themselves(translator: Translator) -> None:
    flow, settings = Flow(translator), translator.search_settings(beam=2, max_length_factor=0.1)
    long = " ".join(["eins zwei"] * 40)
    expected = translator.translate(["eins", long, "zwei"], settings)
    for key, text in enumerate(["eins", long, "zwei"]):
        flow.add(key, text, settings)
    assert len(flow._batches) == 2
    results = run(flow, lambda _: False)
    for key in range(3):
        assert_same(results[key], expected[key])


def test_no_more_are_searched_together_than_fit(translator: Translator) -> None:
    settings: SearchSettings = translator.search_settings(beam=1, batch_size=3)
    flow, most = Flow(translator), 0
    for key in range(10):
        flow.add(key, "eins zwei", settings)
    done: list[Done] = []
    while not flow.is_idle:
        done += flow.step().done
        most = max(most, flow.running)
    assert most == 3
    assert sorted(key for key, _ in done) == [*range(10)]
