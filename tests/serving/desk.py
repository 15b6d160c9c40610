"""A server in this process: a model that knows nothing, and a `Translating` that can be held, or made to fail."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from tandem.recipe.languages import Languages
from tandem.runs.watched_run import WatchedRun
from tandem.serving.app import make_app
from tandem.serving.gate import Gate
from tandem.serving.limits import Limits
from tandem.serving.metrics import Metrics
from tandem.serving.models import Loading, Models
from tandem.serving.service import Service
from tandem.serving.sources import Source
from tandem.serving.tokens import Tokens
from tandem.translation import SearchSettings, TargetScore, Translation, Translator
from tandem.translation.forms import json_line
from tests.support.exports import exported
from tests.support.runs import untrained

ATTENDING, PLAIN = "attending", "plain"
LANGUAGES = {ATTENDING: Languages("de", "en"), PLAIN: Languages("en", "de")}


class Alone:
    """Translates each text for itself, in a thread: a `Translating`."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator
        self.waiting = self.running = self.cancelled = 0
        self.steps: Sequence[str] = ()
        """The texts that are said to be the best, one after the other."""
        self.faults: dict[str, Exception] = {}
        self.holds = False
        """Whether nothing is ever answered."""
        self.closed = False

    async def translate(
        self,
        text: str,
        settings: SearchSettings,
        prefix: str = "",
        *,
        on_step: Callable[[str], object] | None = None,
    ) -> Translation:
        assert not self.closed
        self.running += 1
        try:
            for step in self.steps:
                if on_step:
                    on_step(step)
                    await asyncio.sleep(0.001)
            if self.holds:
                await asyncio.Event().wait()
            if text in self.faults:
                raise self.faults[text]
            (translation,) = await asyncio.to_thread(self.translator.translate, [text], settings, prefixes=prefix)
            return translation
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def score(self, pairs: Sequence[tuple[str, str]]) -> list[TargetScore]:
        for source, _ in pairs:
            if source in self.faults:
                raise self.faults[source]
        sources, targets = zip(*pairs, strict=True) if pairs else ((), ())
        return self.translator.score(sources, targets)

    async def close(self) -> None:
        self.closed = True


class Desk(NamedTuple):
    """A server, and what it is made of."""

    app: ASGIApp
    service: Service
    alone: dict[str, Alone]
    log: list[str]
    messages: list[str]

    @contextmanager
    def client(self) -> Iterator[TestClient]:
        with TestClient(self.app) as client:
            yield client

    @property
    def translator(self) -> Translator:
        """The model that is asked where none is named."""
        return self.alone[ATTENDING].translator


@cache
def plain_or_attending(name: str) -> Translator:
    return untrained("lstm", "model.attention=luong") if name == ATTENDING else untrained("gru")


def as_export(name: str) -> Translator:
    """The model of this name, exported."""
    own = plain_or_attending(name)
    return Translator(exported(*own.members), own.codec, own.recipe)


def desk(
    limits: Limits | None = None,
    *,
    tokens: Tokens | None = None,
    origins: Sequence[str] = (),
    languages: bool = True,
    log_texts: bool = False,
    runs: Mapping[str, WatchedRun] | None = None,
    make: Callable[[str], Translator] = plain_or_attending,
    path: Path | None = None,
) -> Desk:
    """A server of two models, which `make` returns by their names; the first is said to have come from `path`."""
    alone: dict[str, Alone] = {}
    log: list[str] = []
    messages: list[str] = []

    def make_translating(name: str, translator: Translator) -> Alone:
        alone[name] = Alone(translator)
        return alone[name]

    limits = limits or Limits()
    paths = {name: Path(name) for name in LANGUAGES} | ({ATTENDING: path} if path else {})
    sources = [Source(name, (paths[name],), LANGUAGES[name] if languages else None) for name in LANGUAGES]
    names = {source.paths: source.name for source in sources}
    loading = StandIn(lambda paths: make(names[tuple(paths)]), make_translating)
    models = Models(sources, loading, messages.append)
    service = Service(models, Metrics(), Gate(limits.waiting), log.append, limits, tokens, log_texts, runs or {})
    return Desk(make_app(service, origins=origins), service, alone, log, messages)


class StandIn(Loading):
    """Loads without a disk."""

    def serve(self, source: Source) -> Any:
        from tandem.serving.models import Served

        translator = self.load(source.paths)
        return Served(source, translator, self.make_translating(source.name, translator))


def as_json(content: Any) -> Any:
    """What a client makes of an object that the server sends."""
    return json.loads(json_line(content))


def metric(client: TestClient, name: str) -> float:
    """The figure of this name and these labels."""
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)
