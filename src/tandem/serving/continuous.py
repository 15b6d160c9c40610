"""Continuous batching for the server: each model has a thread, in which every text joins the running search."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import NamedTuple, TypeAlias

from tandem.serving.translating import StepObserver
from tandem.translation import SearchSettings, TargetScore, Translation, Translator
from tandem.translation.flow import Done, Flow, FlowStep


class _Waiting(NamedTuple):
    """The pending answer to a client's text."""

    answer: asyncio.Future[Translation]
    on_step: Callable[[str], object] | None
    since: float


_Order: TypeAlias = Callable[[Flow], object]
"""Something that the thread does between two steps, such as adding a text."""


class Continuous:
    """Translates texts that join and leave while others are being searched: a `Translating`.

    The event loop puts orders into a queue, and the thread carries them out between two steps. Everything else is used
    either by the event loop or by the thread, never by both.
    """

    def __init__(self, translator: Translator, observer: StepObserver) -> None:
        """Translate with `translator`, and report each step to `observer`."""
        self._translator = translator
        self._observer = observer
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._texts: dict[int, _Waiting] = {}
        self._joined: set[int] = set()
        self._keys = count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=self._work, name="translating", daemon=True)

    @property
    def waiting(self) -> int:
        """The number of texts whose search has not begun."""
        return len(self._texts) - len(self._joined)

    @property
    def running(self) -> int:
        """The number of texts that are being searched."""
        return len(self._joined)

    async def translate(
        self,
        text: str,
        settings: SearchSettings,
        prefix: str = "",
        *,
        on_step: Callable[[str], object] | None = None,
    ) -> Translation:
        """See `Translating.translate`."""
        self._begin()
        key = next(self._keys)
        one = _Waiting(asyncio.get_running_loop().create_future(), on_step, perf_counter())
        self._texts[key] = one
        watched = on_step is not None
        self._orders.put(lambda flow: flow.add(key, text, settings, prefix, watched=watched))
        try:
            return await one.answer
        finally:
            if self._texts.pop(key, None):  # the client has disconnected
                self._joined.discard(key)
                self._orders.put(lambda flow: flow.remove(key))

    async def score(self, pairs: Sequence[tuple[str, str]]) -> list[TargetScore]:
        """Score each target given its source, between two steps."""
        self._begin()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[TargetScore]] = loop.create_future()
        sources, targets = [source for source, _ in pairs], [target for _, target in pairs]

        def work(_: Flow) -> None:
            try:
                result = self._translator.score(sources, targets)
            except Exception as error:  # noqa: BLE001 - it is the client's answer, whatever it is
                loop.call_soon_threadsafe(_set, answer, error)
            else:
                loop.call_soon_threadsafe(_set, answer, result)

        self._orders.put(work)
        return await answer

    async def close(self) -> None:
        """Finish all accepted texts, and end the thread."""
        self._orders.put(None)
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # run the last callbacks that the thread gave to the event loop

    def _begin(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._thread.start()

    def _work(self) -> None:
        """Carry out orders and take steps until the model is closed; this runs in the thread."""
        assert self._loop is not None
        flow, closing = Flow(self._translator), False
        while not (closing and flow.is_idle):
            closing = self._run_orders(flow) or closing
            if flow.is_idle:
                continue
            began = perf_counter()
            try:
                step = flow.step()
            except Exception as error:  # noqa: BLE001 - a fault of the program: nobody may wait for ever
                flow = Flow(self._translator)
                self._loop.call_soon_threadsafe(self._fail, error)
                continue
            self._observer.searched(flow.running + len(step.done), perf_counter() - began)
            if any(step):
                self._loop.call_soon_threadsafe(self._report, step)

    def _run_orders(self, flow: Flow) -> bool:
        """Carry out all waiting orders; wait for one if there is nothing to search. Return whether to close."""
        with suppress(Empty):
            while order := self._orders.get(block=flow.is_idle):
                order(flow)
            return True
        return False

    def _fail(self, error: Exception) -> None:
        """Set an error as the result of all waiting texts; this runs in the event loop."""
        self._report(FlowStep([], [Done(key, error) for key in self._texts], []))

    def _report(self, step: FlowStep) -> None:
        """Report the results of a step to the texts that wait for them; this runs in the event loop."""
        now = perf_counter()
        for key in step.joined:
            if one := self._texts.get(key):
                self._joined.add(key)
                self._observer.waited(now - one.since)
        for key, text in step.progress:
            if (one := self._texts.get(key)) and one.on_step:
                one.on_step(text)
        for key, result in step.done:
            self._joined.discard(key)
            if one := self._texts.pop(key, None):
                _set(one.answer, result)


def _set(answer: "asyncio.Future[Translation] | asyncio.Future[list[TargetScore]]", result: object) -> None:
    if not answer.done():
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)  # type: ignore[arg-type]
