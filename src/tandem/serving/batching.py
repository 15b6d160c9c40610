"""Texts that wait are translated together, batch after batch, in a thread of their own."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter

from tandem.serving.translating import Watching
from tandem.translation import SearchSettings, TargetScore, Translation, Translator


@dataclass(eq=False)
class _Waiting:
    text: str
    prefix: str
    settings: SearchSettings
    answer: asyncio.Future[Translation]
    since: float = field(default_factory=perf_counter)


class BatchByBatch:
    """Gathers the texts that came during a batch, those of equal settings, into the next one: a `Translating`.

    A batch has no steps that can be seen: `on_step` is called once, with the whole translation.
    """

    def __init__(self, translator: Translator, watching: Watching) -> None:
        """Translate by `translator`, and tell `watching` of each batch."""
        self._translator = translator
        self._watching = watching
        self._waiting: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "translating")
        self._worker: asyncio.Task[None] | None = None
        self.running = 0

    @property
    def waiting(self) -> int:
        """The number of texts whose search has not begun."""
        return len(self._waiting)

    async def translate(
        self,
        text: str,
        settings: SearchSettings,
        prefix: str = "",
        *,
        on_step: Callable[[str], object] | None = None,
    ) -> Translation:
        """Translate a text together with the others that wait."""
        one = _Waiting(text, prefix, settings, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        try:
            translation = await one.answer
        finally:
            if one in self._waiting:  # its client has gone
                self._waiting.remove(one)
        if on_step:
            on_step(translation.text)
        return translation

    async def score(self, pairs: Sequence[tuple[str, str]]) -> list[TargetScore]:
        """Score each target given its source, between two batches."""
        sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._translator.score, sources, targets)

    async def close(self) -> None:
        """Finish what was accepted."""
        if self._worker is not None:
            await self._worker
        await asyncio.to_thread(self._thread.shutdown)

    async def _work(self) -> None:
        while batch := self._next_batch():
            began = perf_counter()
            for one in batch:
                self._watching.waited(began - one.since)
            self.running = len(batch)
            await self._answer(batch)
            self.running = 0
            self._watching.searched(len(batch), perf_counter() - began)

    def _next_batch(self) -> list[_Waiting]:
        if not self._waiting:
            return []
        settings = self._waiting[0].settings
        batch = [one for one in self._waiting if one.settings == settings][: settings.batch_size]
        for one in batch:
            self._waiting.remove(one)
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        """Translate together; where that fails, one by one, so that each text has its own error."""
        done = asyncio.get_running_loop().run_in_executor(self._thread, self._translate, batch)
        await asyncio.wait([done])
        error = done.exception()
        if error and len(batch) > 1:
            for one in batch:
                await self._answer([one])
            return
        for one, translation in zip(batch, [] if error else done.result(), strict=error is None):
            if not one.answer.done():
                one.answer.set_result(translation)
        if error and not batch[0].answer.done():
            batch[0].answer.set_exception(error)

    def _translate(self, batch: Sequence[_Waiting]) -> list[Translation]:
        texts, prefixes = [one.text for one in batch], [one.prefix for one in batch]
        return self._translator.translate(texts, batch[0].settings, prefixes=prefixes)
