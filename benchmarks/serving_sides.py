"""What `benchmarks.serving` compares with, in processes of their own: `python -m benchmarks.serving_sides SIDE MODEL`.

`offline` translates what it is given on standard input. The others serve with another way to gather texts.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import tandem
from tandem.serving.limits import Limits
from tandem.serving.running import serve
from tandem.serving.server_settings import ServerSettings
from tandem.serving.sockets import bound_socket
from tandem.serving.sources import sources_of
from tandem.serving.translating import StepObserver
from tandem.translation import SearchSettings, TargetScore, Translation, Translator

_Text: TypeAlias = "tuple[str, SearchSettings, asyncio.Future[Translation]]"


class Windows:
    """Translates all texts that came within a window of time in one batch, which others wait for: a `Translating`."""

    window = 0.1

    def __init__(self, translator: Translator, _: StepObserver) -> None:
        self._translator = translator
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[_Text] = []
        self._work: asyncio.Task[None] | None = None
        self.waiting = self.running = 0

    async def translate(
        self,
        text: str,
        settings: SearchSettings,
        prefix: str = "",  # noqa: ARG002 - the benchmark has none
        *,
        on_step: Callable[[str], object] | None = None,  # noqa: ARG002
    ) -> Translation:
        """Translate a text with those of the same window."""
        answer: asyncio.Future[Translation] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, settings, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._translate())
        return await answer

    async def score(self, pairs: Sequence[tuple[str, str]]) -> list[TargetScore]:
        """Nothing asks for it here."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing waits here."""

    async def _translate(self) -> None:
        while self._waiting:
            await asyncio.sleep(self.window)
            batch, self._waiting = self._take()
            texts = [text for text, _, _ in batch]
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._thread, self._translator.translate, texts, batch[0][1])
            for (_, _, answer), translation in zip(batch, found, strict=True):
                answer.set_result(translation)

    def _take(self) -> tuple[list[_Text], list[_Text]]:
        """Return the next batch, and what waits on."""
        return self._waiting, []


class OneByOne(Windows):
    """Translates one text after the other."""

    window = 0.0

    def _take(self) -> tuple[list[_Text], list[_Text]]:
        return self._waiting[:1], self._waiting[1:]


def offline(model: Path) -> None:
    """Translate what comes, a line of JSON each, and write the seconds and the outputs."""
    translator = tandem.load(model)
    for line in sys.stdin:
        given = json.loads(line)
        settings, texts = translator.search_settings(beam=given["beam"]), given["texts"]
        seconds, outputs = [], []
        for batch in [texts] if given["together"] else ([text] for text in texts):
            began = time.perf_counter()
            outputs += [each.text for each in translator.translate(batch, settings)]
            seconds.append(time.perf_counter() - began)
        print(json.dumps([seconds, outputs]), flush=True)


def serve_by(model: Path, gathering: type[Windows]) -> None:
    """Serve as `tandem serve` does, but for the gathering."""
    with bound_socket("127.0.0.1", 0) as bound:
        serve(
            sources_of([str(model)], [], []),
            bound,
            ServerSettings(Limits(), None, (), False, False),
            lambda paths: tandem.load(paths[0]),
            write_line=lambda _: None,
            notify=lambda sentence: print(sentence, file=sys.stderr, flush=True),
            make_translating=gathering,
        )


if __name__ == "__main__":
    side, path = sys.argv[1], Path(sys.argv[2])
    if side == "offline":
        offline(path)
    else:
        serve_by(path, OneByOne if side == "one text a batch" else Windows)
