"""Continuous batching: each text joins the search that is under way, and leaves it as soon as its own is done.

A recurrent state is rows, so nobody waits for the end of a batch. What comes out is what `Translator.translate` gives
for the text alone.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tandem.engines import IntArray
from tandem.errors import TandemError
from tandem.memory import memory_for
from tandem.search import Running, Search
from tandem.search.steps import nothing_possible
from tandem.translation.messages import Translation
from tandem.translation.outputs import empty_translation
from tandem.translation.settings import SMALLER_SEARCH, SearchSettings
from tandem.translation.texts import Request, search_inputs
from tandem.translation.translator import Translator

_PATIENCE = 4
"""Steps that texts wait at most for others, so that several are encoded together."""
_SHARE = 2
"""Of the texts that are searched: where half as many wait, they join at once."""
_SHORT = 64
"""Tokens of a source up to which all are searched together."""


class Done(NamedTuple):
    """What became of a text."""

    key: int
    result: Translation | Exception
    """An error is this text's own; one that is no TandemError is a fault of the program."""


class Progress(NamedTuple):
    """How far the translation of a text has come."""

    key: int
    text: str
    """The best so far, which in greedy search only grows."""


class FlowStep(NamedTuple):
    """What happened in a step."""

    joined: list[int]
    """The keys of the texts whose search began."""
    done: list[Done]
    progress: list[Progress]
    """Of the texts that are watched and not done."""


class _Text(NamedTuple):
    """A text that waits or is searched."""

    key: int
    request: Request
    settings: SearchSettings
    watched: bool


class _Group(NamedTuple):
    """Which texts are searched together."""

    method: Search
    writes_unknown: bool
    """Whether `<unk>` may be written."""
    longest: int
    """The most tokens of a source: long ones keep to themselves, since they would take the room of many."""
    alone: int | None = None
    """The key of a text that is searched by itself."""

    @classmethod
    def of(cls, text: _Text, *, alone: bool = False) -> "_Group":
        """Return the group of a text."""
        settings, length = text.settings, text.request.length
        return cls(
            settings.method,
            settings.allow_unk or settings.replace_unknown,
            max(_SHORT, 1 << (length - 1).bit_length()),
            text.key if alone else None,
        )


@dataclass
class _Search:
    """The search of texts with the same settings, and those that wait to join it."""

    running: Running | None = None
    texts: dict[int, _Text] = field(default_factory=dict)
    waiting: deque[_Text] = field(default_factory=deque)
    waited: int = 0
    """Steps that the first one has waited."""


class Flow:
    """Translates texts, each of which joins those under way. Used by one thread."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._searches: dict[_Group, _Search] = {}
        self._done: list[Done] = []

    @property
    def waiting(self) -> int:
        """The number of texts that are not searched yet."""
        return sum(len(search.waiting) for search in self._searches.values())

    @property
    def running(self) -> int:
        """The number of texts that are searched."""
        return sum(len(search.texts) for search in self._searches.values())

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._searches and not self._done

    def add(self, key: int, text: str, settings: SearchSettings, prefix: str = "", *, watched: bool = False) -> None:
        """Take a text, which joins at one of the next steps; `key` tells it from others.

        What cannot be searched is done at once, by its error.
        """
        try:
            (request,) = self._translator.texts.read([text], [prefix], [0], settings)
            if request.is_empty:
                self._done.append(Done(key, empty_translation(settings)))
                return
            settings.rows([request.length], self._translator.engine.logits)
        except (TandemError, ValueError) as error:
            self._done.append(Done(key, error))
            return
        waiting = _Text(key, request, settings, watched)
        self._searches.setdefault(_Group.of(waiting), _Search()).waiting.append(waiting)

    def remove(self, key: int) -> None:
        """Forget a text that nobody wants any more. One that is not there is no error."""
        for group, search in list(self._searches.items()):
            search.waiting = deque(one for one in search.waiting if one.key != key)
            if search.texts.pop(key, None) is not None and search.running is not None:
                search.running = search.running.keep(np.flatnonzero(search.running.keys != key))
            self._drop_empty(group, search)
        self._done = [done for done in self._done if done.key != key]

    def step(self) -> FlowStep:
        """Take a step for all texts."""
        step, self._done = FlowStep([], self._done, []), []
        for group, search in list(self._searches.items()):
            try:
                step.joined.extend(self._admit(search))
                if search.running is not None:
                    step.done.extend(self._advance(search))
                    step.progress.extend(self._progress(search))
            except Exception as error:  # noqa: BLE001 - whatever it is, only these texts have it
                step.done.extend(self._failed(search, error))
            self._drop_empty(group, search)
        return step

    def _drop_empty(self, group: _Group, search: _Search) -> None:
        if not search.texts:
            search.running = None
            if not search.waiting:
                self._searches.pop(group, None)

    def _admit(self, search: _Search) -> list[int]:
        """Let texts that wait join the search, unless they should wait for others; return their keys."""
        if not search.waiting:
            return []
        search.waited += 1
        count = len(search.texts)
        if count and search.waited <= _PATIENCE and len(search.waiting) * _SHARE < count:
            return []
        longest = max((one.request.length for one in (*search.texts.values(), *search.waiting)), default=0)
        settings = search.waiting[0].settings
        room = settings.rows([longest] * settings.batch_size, self._translator.engine.logits) - count
        joining = [search.waiting.popleft() for _ in range(min(len(search.waiting), max(room, 0 if count else 1)))]
        if not joining:
            return []
        search.waited = 0
        search.texts |= {one.key: one for one in joining}
        engine = self._translator.texts.engine(settings)
        inputs = search_inputs([one.request for one in joining])
        with memory_for(f"translating {count + len(joining):,} texts together", SMALLER_SEARCH):
            begun = settings.method.start(engine, inputs, np.array([one.key for one in joining]))
            search.running = begun if search.running is None else search.running.join(begun)
        return [one.key for one in joining]

    def _advance(self, search: _Search) -> list[Done]:
        assert search.running is not None
        with memory_for(f"translating {len(search.texts):,} texts together", SMALLER_SEARCH):
            search.running, _, finished = search.running.step()
        done: list[Done] = []
        for key, hypotheses in finished:
            text = search.texts.pop(key)
            if not hypotheses:
                done.append(Done(key, nothing_possible(0)))
                continue
            try:
                (translation,) = self._translator.texts.write([text.request], [hypotheses], text.settings)
                done.append(Done(key, translation))
            except TandemError as error:
                done.append(Done(key, error))
        return done

    def _progress(self, search: _Search) -> list[Progress]:
        assert search.running is not None
        keys: IntArray = search.running.keys
        watched = [place for place, key in enumerate(keys.tolist()) if search.texts[key].watched]
        if not watched:
            return []
        target = self._translator.target_tokenizer
        results = []
        for place, ids in zip(watched, search.running.best(np.array(watched)), strict=True):
            text = search.texts[int(keys[place])]
            results.append(Progress(text.key, target.decode(ids, text.request.source.pieces)))
        return results

    def _failed(self, search: _Search, error: Exception) -> Sequence[Done]:
        """Say the error of a single text; search several anew, each by itself, for it is the error of one of them."""
        texts, search.texts, search.running = list(search.texts.values()), {}, None
        if len(texts) == 1:
            return [Done(texts[0].key, error)]
        for text in texts:
            self._searches[_Group.of(text, alone=True)] = _Search(waiting=deque([text]))
        return []
