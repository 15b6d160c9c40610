"""Continuous batching: each text joins the running search, and leaves it as soon as its own search is done.

The state of a recurrent model is one row for each hypothesis, so rows can be added and removed between two steps, and
no text waits for the end of a batch. The translations are those that `Translator.translate` gives for each text alone.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tandem.engines import IntArray
from tandem.memory import memory_for
from tandem.search import Hypothesis, Running, Search
from tandem.search.steps import no_output_error
from tandem.translation.messages import Translation
from tandem.translation.outputs import empty_translation
from tandem.translation.settings import SMALLER_SEARCH, SearchSettings
from tandem.translation.texts import Request, search_inputs
from tandem.translation.translator import Translator

_PATIENCE = 4
"""The most steps that a text waits for others, so that several are encoded together."""
_SHARE = 2
"""Texts join without waiting if this many times their number is at least the number of texts being searched."""
_SHORT = 64
"""All sources of at most this many tokens are searched together."""


class Done(NamedTuple):
    """The result of a text."""

    key: int
    result: Translation | Exception
    """An error concerns only this text. An error that is not a TandemError is a bug."""


class Progress(NamedTuple):
    """How far the translation of a text has come."""

    key: int
    text: str
    """The best text so far, which in greedy search only grows."""


class FlowStep(NamedTuple):
    """The events of a step."""

    joined: list[int]
    """The keys of the texts whose search began."""
    done: list[Done]
    progress: list[Progress]
    """The progress of the texts that are watched and not done."""


class _Text(NamedTuple):
    """A text that is waiting or being searched."""

    key: int
    request: Request
    settings: SearchSettings
    watched: bool


class _Group(NamedTuple):
    """What texts have in common that are searched together."""

    method: Search
    writes_unknown: bool
    """Whether the outputs may contain `<unk>`."""
    longest: int
    """The most tokens of a source. Long sources are searched apart from short ones, which would be padded to them."""
    alone: int | None = None
    """The key of a text that is searched by itself."""

    @classmethod
    def of(cls, text: _Text, *, alone: bool = False) -> "_Group":
        """Return the group of a text; the longest source of a group is a power of two."""
        settings, length = text.settings, text.request.length
        return cls(
            settings.method,
            settings.allow_unk or settings.replace_unknown,
            max(_SHORT, 1 << (length - 1).bit_length()),
            text.key if alone else None,
        )


@dataclass
class _Batch:
    """The running search of the texts of a group, and the texts that wait to join it."""

    running: Running | None = None
    texts: dict[int, _Text] = field(default_factory=dict)
    waiting: deque[_Text] = field(default_factory=deque)
    waited: int = 0
    """The number of steps that the first waiting text has waited."""


class Flow:
    """Translates texts, each of which joins a running search. Used by one thread."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._batches: dict[_Group, _Batch] = {}
        self._done: list[Done] = []

    @property
    def waiting(self) -> int:
        """The number of texts whose search has not begun."""
        return sum(len(batch.waiting) for batch in self._batches.values())

    @property
    def running(self) -> int:
        """The number of texts that are being searched."""
        return sum(len(batch.texts) for batch in self._batches.values())

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._batches and not self._done

    def add(self, key: int, text: str, settings: SearchSettings, prefix: str = "", *, watched: bool = False) -> None:
        """Add a text, which joins a search in one of the next steps; `key` identifies it.

        A text that cannot be searched is done at once, with its error as the result.
        """
        try:
            (request,) = self._translator.texts.read([text], [prefix], [0], settings)
            if request.is_empty:
                self._done.append(Done(key, empty_translation(settings)))
                return
            settings.rows([request.length], self._translator.engine.logits)
        except Exception as error:  # noqa: BLE001 - any error is the result of this text alone
            self._done.append(Done(key, error))
            return
        waiting = _Text(key, request, settings, watched)
        self._batches.setdefault(_Group.of(waiting), _Batch()).waiting.append(waiting)

    def remove(self, key: int) -> None:
        """Remove a text whose translation is no longer wanted. An unknown key is ignored."""
        for group, batch in list(self._batches.items()):
            batch.waiting = deque(one for one in batch.waiting if one.key != key)
            if batch.texts.pop(key, None) is not None and batch.running is not None:
                batch.running = batch.running.keep(np.flatnonzero(batch.running.keys != key))
            self._drop_empty(group, batch)
        self._done = [done for done in self._done if done.key != key]

    def step(self) -> FlowStep:
        """Take a step for all texts."""
        step, self._done = FlowStep([], self._done, []), []
        for group, batch in list(self._batches.items()):
            try:
                step.joined.extend(self._admit(batch))
                if batch.running is not None:
                    step.done.extend(self._advance(batch))
                    step.progress.extend(self._progress(batch))
            except Exception as error:  # noqa: BLE001 - any error is the result of these texts alone
                step.done.extend(self._failed(batch, error))
            self._drop_empty(group, batch)
        return step

    def _drop_empty(self, group: _Group, batch: _Batch) -> None:
        if not batch.texts:
            batch.running = None
            if not batch.waiting:
                self._batches.pop(group, None)

    def _admit(self, batch: _Batch) -> list[int]:
        """Let waiting texts join the search, unless they should wait for others; return their keys."""
        if not batch.waiting:
            return []
        batch.waited += 1
        count = len(batch.texts)
        if count and batch.waited <= _PATIENCE and len(batch.waiting) * _SHARE < count:
            return []
        longest = max((one.request.length for one in (*batch.texts.values(), *batch.waiting)), default=0)
        settings = batch.waiting[0].settings
        room = settings.rows([longest] * settings.batch_size, self._translator.engine.logits) - count
        joining = [batch.waiting.popleft() for _ in range(min(len(batch.waiting), max(room, 0 if count else 1)))]
        if not joining:
            return []
        batch.waited = 0
        batch.texts |= {one.key: one for one in joining}
        engine = self._translator.texts.engine(settings)
        inputs = search_inputs([one.request for one in joining])
        with memory_for(f"translating {count + len(joining):,} texts together", SMALLER_SEARCH):
            begun = settings.method.start(engine, inputs, np.array([one.key for one in joining]))
            batch.running = begun if batch.running is None else batch.running.join(begun)
        return [one.key for one in joining]

    def _advance(self, batch: _Batch) -> list[Done]:
        assert batch.running is not None
        with memory_for(f"translating {len(batch.texts):,} texts together", SMALLER_SEARCH):
            batch.running, _, finished = batch.running.step()
        return [self._written(batch.texts.pop(key), hypotheses) for key, hypotheses in finished]

    def _written(self, text: _Text, hypotheses: list[Hypothesis]) -> Done:
        if not hypotheses:
            return Done(text.key, no_output_error(0))
        try:
            (translation,) = self._translator.texts.write([text.request], [hypotheses], text.settings)
        except Exception as error:  # noqa: BLE001 - any error is the result of this text alone
            return Done(text.key, error)
        return Done(text.key, translation)

    def _progress(self, batch: _Batch) -> list[Progress]:
        assert batch.running is not None
        keys: IntArray = batch.running.keys
        watched = [place for place, key in enumerate(keys.tolist()) if batch.texts[key].watched]
        if not watched:
            return []
        target = self._translator.target_tokenizer
        results = []
        for place, ids in zip(watched, batch.running.best(np.array(watched)), strict=True):
            text = batch.texts[int(keys[place])]
            results.append(Progress(text.key, target.decode(ids, text.request.source.pieces)))
        return results

    def _failed(self, batch: _Batch, error: Exception) -> Sequence[Done]:
        """Return the error as the result of a single text. Search several again, each alone: one of them caused it."""
        texts, batch.texts, batch.running = list(batch.texts.values()), {}, None
        if len(texts) == 1:
            return [Done(texts[0].key, error)]
        for text in texts:
            self._batches[_Group.of(text, alone=True)] = _Batch(waiting=deque([text]))
        return []
