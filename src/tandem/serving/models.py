"""The served models, by name. A model can be replaced while requests use it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tandem.engines.onnx_engine import OnnxEngine
from tandem.errors import TandemError
from tandem.files.seals import FORMAT_FILE
from tandem.model_paths import checkpoint_of, read_models
from tandem.recipe.languages import Languages, languages_of
from tandem.serving.indexing import Indexing
from tandem.serving.refusals import Refusal
from tandem.serving.sources import Source
from tandem.serving.translating import Translating
from tandem.terminal import Notify
from tandem.translation import Translator

Stamp: TypeAlias = tuple[tuple[str, int, int], ...]
"""Identifies the files of a model on disk, so that a changed model is noticed."""


class Served:
    """A loaded model. After it has been replaced, it is closed once no request uses it."""

    def __init__(self, source: Source, translator: Translator, translating: Translating, stamp: Stamp = ()) -> None:
        """Take the model twice: `translator` has its settings, and `translating` translates the texts."""
        self.name = source.name
        self.translator = translator
        self.translating = translating
        self.stamp = stamp
        self.languages: Languages | None = source.languages or languages_of(translator.recipe)
        self.attends = translator.engine.with_attention() is not None
        self.indexing = Indexing(translator, source.paths[0])
        self._uses = 0
        self._unused = asyncio.Event()
        self._unused.set()

    def check_pytorch(self) -> None:
        """Raise Refusal for an export."""
        if isinstance(self.translator.engine, OnnxEngine):
            raise Refusal(
                422,
                f"model: {self.name} is an export, and this needs the PyTorch model itself: serve the run or the "
                "checkpoint that it was made from",
            )

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the model from being closed while the block runs."""
        self._uses += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._uses -= 1
            if not self._uses:
                self._unused.set()

    async def close(self) -> None:
        """Wait until no request uses the model, and close it."""
        await self._unused.wait()
        if thread := self.indexing.stop():
            await asyncio.to_thread(thread.join)
        await self.translating.close()


@dataclass(frozen=True)
class Loading:
    """How to load a model."""

    load: Callable[[Sequence[Path]], Translator]
    make_translating: Callable[[str, Translator], Translating]
    """Makes the `Translating` for a model, given its name."""

    def serve(self, source: Source) -> Served:
        """Load a model, even if a training replaces it meanwhile. Raise TandemError if that fails."""

        def read(checkpoints: Sequence[Path]) -> tuple[Translator, Stamp]:
            stamp = _stamp(checkpoints)
            return self.load(checkpoints), stamp

        translator, stamp = read_models(source.paths, read)
        return Served(source, translator, self.make_translating(source.name, translator), stamp)


class Models:
    """All models, by name."""

    def __init__(self, sources: Sequence[Source], loading: Loading, notify: Notify, *, later: bool = False) -> None:
        """Load all models. Raise TandemError if one cannot be loaded.

        With `later`, nothing is loaded here: `reload` loads each model as soon as it exists.
        """
        self._sources = sources
        self._loading = loading
        self._notify = notify
        self._served: dict[str, Served] = {} if later else {source.name: loading.serve(source) for source in sources}
        self._refused: dict[str, Stamp | None] = {}
        """The stamps of models that could not be loaded; they are not tried again until they change."""
        self._one_at_a_time = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def served(self) -> Mapping[str, Served]:
        """The currently loaded models, in the order in which they were named."""
        return self._served

    def find(self, name: str | None) -> Served:
        """Return the model of this name, or the first one if `name` is None. Raise Refusal if there is none."""
        if not self._served:
            raise Refusal(422, "model: no model is loaded yet: a run has one after its first validation")
        if name is None:
            return next(iter(self._served.values()))
        if name not in self._served:
            raise Refusal(422, f"model: there is no model {name[:80]!r}; the models are {', '.join(self._served)}")
        return self._served[name]

    async def reload(self, *, changed: bool = False) -> None:
        """Reload all models, or those that have changed on disk. If one cannot be loaded, the old one is kept."""
        async with self._one_at_a_time:
            for source in self._sources:
                old = self._served.get(source.name)
                stamp = await asyncio.to_thread(_current_stamp, source)
                if changed and stamp in (old.stamp if old else None, self._refused.get(source.name), None):
                    continue
                try:
                    new = await asyncio.to_thread(self._loading.serve, source)
                except (TandemError, OSError, ModuleNotFoundError) as error:
                    self._refused[source.name] = stamp
                    reason = "the old model is kept, since the new one cannot be loaded" if old else "cannot be loaded"
                    self._notify(f"{source.name}: {reason}: {error}")
                    continue
                self._put(source.name, new)
                self._notify(f"{source.name}: {'reloaded' if old else 'loaded'}")
                if old:
                    task = asyncio.create_task(old.close())
                    self._closing.add(task)
                    task.add_done_callback(self._closing.discard)

    def _put(self, name: str, new: Served) -> None:
        """Serve a model under its name, in the order of the sources."""
        served = {**self._served, name: new}
        self._served = {source.name: served[source.name] for source in self._sources if source.name in served}

    async def close(self) -> None:
        """Close all models, including replaced ones, once no request uses them."""
        await asyncio.gather(*self._closing, *(served.close() for served in self._served.values()))


def _current_stamp(source: Source) -> Stamp | None:
    """Return the stamp of the model on disk, or None if there is no complete model."""
    try:
        return _stamp([checkpoint_of(path) for path in source.paths])
    except (TandemError, OSError):
        return None


def _stamp(checkpoints: Sequence[Path]) -> Stamp:
    files = [(checkpoint / FORMAT_FILE).stat() for checkpoint in checkpoints]
    return tuple(
        (str(checkpoint), file.st_mtime_ns, file.st_ino) for checkpoint, file in zip(checkpoints, files, strict=True)
    )
