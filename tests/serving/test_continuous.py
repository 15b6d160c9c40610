"""Texts join those that are searched, each has its own answer, and none is left behind."""

import asyncio
import random
from typing import Any

import pytest

from tandem.errors import TandemError
from tandem.serving.continuous import Continuous
from tandem.translation import Translator
from tandem.translation.flow import Flow
from tests.support.runs import number_pairs, untrained
from tests.support.translations import assert_same

TEXTS = [source for source, _ in number_pairs(12)]


class Heard:
    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.waits = 0

    def waited(self, seconds: float) -> None:
        assert seconds >= 0
        self.waits += 1

    def searched(self, texts: int, seconds: float) -> None:
        assert seconds >= 0
        self.sizes.append(texts)


@pytest.fixture(scope="module")
def translator() -> Translator:
    return untrained("gru")


def test_each_text_has_the_answer_that_it_has_alone(translator: Translator) -> None:
    narrow, wide = translator.search_settings(beam=1), translator.search_settings(beam=3)
    heard, chance = Heard(), random.Random(1)

    async def one(continuous: Continuous, number: int) -> str:
        await asyncio.sleep(chance.random() / 50)
        settings, prefix = ((narrow, ""), (wide, ""), (wide, "one"))[number % 3]
        translation = await continuous.translate(TEXTS[number % len(TEXTS)], settings, prefix)
        assert_same(translation, translator.translate([TEXTS[number % len(TEXTS)]], settings, prefixes=prefix)[0])
        return translation.text

    async def scene() -> None:
        continuous = Continuous(translator, heard)
        await asyncio.gather(*(one(continuous, number) for number in range(40)), continuous.translate("", narrow))
        await continuous.close()
        assert (continuous.waiting, continuous.running) == (0, 0)

    asyncio.run(scene())
    assert heard.waits == 40
    assert max(heard.sizes) > 1


def test_texts_that_are_cancelled_leave(translator: Translator) -> None:
    async def scene() -> None:
        settings = translator.search_settings()
        continuous = Continuous(translator, Heard())
        tasks = [asyncio.create_task(continuous.translate(text, settings)) for text in TEXTS]
        for number, task in enumerate(tasks):
            await asyncio.sleep(0)
            if number % 3 == 1:
                task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        for number, each in enumerate(found):
            if isinstance(each, BaseException):
                assert number % 3 == 1
                assert isinstance(each, asyncio.CancelledError)
            else:
                assert_same(each, translator.translate([TEXTS[number]], settings)[0])
        await continuous.close()
        assert (continuous.waiting, continuous.running) == (0, 0)

    asyncio.run(scene())


@pytest.mark.parametrize("error", [TandemError("no output"), RuntimeError("broken")])
def test_a_text_that_fails_fails_alone(
    error: Exception, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, poison = translator.engine.start, translator.codec.encode_sources([TEXTS[1]])[0].ids

    def start(sources: Any) -> Any:
        if poison in sources:
            raise error
        return usual(sources)

    monkeypatch.setattr(translator.engine, "start", start)

    async def scene() -> None:
        settings = translator.search_settings(beam=1)
        continuous = Continuous(translator, Heard())
        steps: list[str] = []
        tasks = [continuous.translate(text, settings, on_step=steps.append) for text in TEXTS[:3]]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert found[1] is error
        for number in (0, 2):
            assert_same(found[number], translator.translate([TEXTS[number]], settings)[0])
        assert steps
        assert await continuous.score([(TEXTS[0], "one")]) == translator.score([TEXTS[0]], ["one"])
        with pytest.raises(type(error), match=str(error)):
            await continuous.score([(TEXTS[1], "one")])
        await continuous.close()

    asyncio.run(scene())


def test_a_fault_of_the_thread_is_told_to_all_who_wait(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Flow.step
    faults = [RuntimeError("a fault")]

    def step(flow: Flow) -> Any:
        if faults:
            raise faults.pop()
        return usual(flow)

    monkeypatch.setattr(Flow, "step", step)

    async def scene() -> None:
        settings = translator.search_settings()
        continuous = Continuous(translator, Heard())
        with pytest.raises(RuntimeError, match="a fault"):
            await continuous.translate(TEXTS[0], settings)
        assert_same(await continuous.translate(TEXTS[0], settings), translator.translate([TEXTS[0]], settings)[0])
        await continuous.close()

    asyncio.run(scene())
