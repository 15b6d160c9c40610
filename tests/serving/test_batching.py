"""Texts that come while others are translated go together, and each has its own answer."""

import asyncio
from typing import Any

import pytest

from tandem.errors import TandemError
from tandem.serving.batching import BatchByBatch
from tandem.translation import Translator
from tests.support.runs import number_pairs, untrained

TEXTS = [source for source, _ in number_pairs(12)]


class Heard:
    def __init__(self) -> None:
        self.batches: list[int] = []

    def waited(self, seconds: float) -> None:
        assert seconds >= 0

    def searched(self, texts: int, seconds: float) -> None:
        self.batches.append(texts)


@pytest.fixture(scope="module")
def translator() -> Translator:
    return untrained("gru")


def test_what_waits_goes_together_where_the_settings_are_equal(translator: Translator) -> None:
    narrow, wide = translator.search_settings(beam=1), translator.search_settings(beam=3)
    heard = Heard()

    async def scene() -> list[str]:
        batches = BatchByBatch(translator, heard)
        first = asyncio.create_task(batches.translate(TEXTS[0], narrow))
        while not batches.running:
            await asyncio.sleep(0)
        rest = [asyncio.create_task(batches.translate(text, narrow)) for text in TEXTS[1:]]
        other = asyncio.create_task(batches.translate(TEXTS[1], wide, "one"))
        found = [each.text for each in await asyncio.gather(first, *rest, other)]
        await batches.close()
        assert (batches.waiting, batches.running) == (0, 0)
        return found

    found = asyncio.run(scene())
    assert found[:-1] == [translator.translate([text], narrow)[0].text for text in TEXTS]
    assert found[-1] == translator.translate([TEXTS[1]], wide, prefixes="one")[0].text
    assert heard.batches == [1, len(TEXTS) - 1, 1]


def test_a_text_that_is_cancelled_leaves(translator: Translator) -> None:
    heard = Heard()

    async def scene() -> None:
        settings = translator.search_settings()
        batches = BatchByBatch(translator, heard)
        tasks = [asyncio.create_task(batches.translate(text, settings)) for text in TEXTS[:4]]
        await asyncio.sleep(0)
        tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        assert not any(isinstance(each, BaseException) for each in (found[0], *found[2:]))
        await batches.close()

    asyncio.run(scene())


@pytest.mark.parametrize("error", [TandemError("no output"), RuntimeError("broken")])
def test_a_text_that_fails_fails_alone(
    error: Exception, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = translator.translate

    def translate(texts: list[str], *rest: Any, **options: Any) -> Any:
        if TEXTS[1] in texts:
            raise error
        return usual(texts, *rest, **options)

    monkeypatch.setattr(translator, "translate", translate)

    async def scene() -> None:
        settings = translator.search_settings()
        batches = BatchByBatch(translator, Heard())
        steps: list[str] = []
        tasks = [batches.translate(text, settings, on_step=steps.append) for text in TEXTS[:3]]
        one, two, three = await asyncio.gather(*tasks, return_exceptions=True)
        assert two is error
        assert [one.text, three.text] == [usual([text])[0].text for text in (TEXTS[0], TEXTS[2])]  # type: ignore[union-attr]
        assert len(steps) == 2
        assert await batches.score([(TEXTS[0], "one")]) == translator.score([TEXTS[0]], ["one"])
        await batches.close()

    asyncio.run(scene())
