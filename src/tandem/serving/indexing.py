"""The index of a model's training sentences, which a thread makes on the first request."""

import logging
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from tandem.translation import Translator

if TYPE_CHECKING:
    from tandem.analysis.neighbours import TrainingIndex

_PATIENCE = 1.0
"""Seconds that a request waits for an index; they suffice to open an index that is in the cache."""
_LOG = logging.getLogger("tandem.serving")


class _Stopped(Exception):
    """The model is no longer served."""


class Indexing:
    """Makes an index once, and again if the corpus has changed. Several threads may use it."""

    def __init__(self, translator: Translator, path: Path) -> None:
        """Take a model and the path that it was loaded from; the run at this path names the training corpus."""
        self._translator = translator
        self._path = path
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None
        self._index: TrainingIndex | None = None
        self._error: Exception | None = None
        self.progress = (0, 0)
        """The numbers of computed contexts and of all contexts; (0, 0) until the sentences are counted."""

    def find(self) -> "TrainingIndex | None":
        """Return the index, or None while it is being made. The first call starts making it.

        Raise the error of a failed attempt once; the next call then starts again. It is TandemError if the corpus no
        longer exists or the cache cannot be written.
        """
        with self._lock:
            self._raise_once()
            if self._index is not None and self._index.is_current():
                return self._index
            if self._thread is None:
                self._index, self.progress = None, (0, 0)
                self._thread = Thread(target=self._work, name="indexing", daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(_PATIENCE)
        with self._lock:
            self._raise_once()
            return self._index

    def stop(self) -> Thread | None:
        """Stop making the index after the current batch of sentences; return the thread, if one is running."""
        self._stop.set()
        return self._thread

    def _raise_once(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _work(self) -> None:
        from tandem.analysis.contexts import ContextReader
        from tandem.analysis.neighbours import TrainingIndex, TrainingPairs
        from tandem.preparation.cache import default_cache
        from tandem.runs.corpora import training_corpus

        index, fault = None, None
        try:
            pairs = TrainingPairs(*training_corpus(self._path))
            reader = ContextReader(self._translator)
            index = TrainingIndex.open(reader, pairs, default_cache(), self._on_progress)
        except _Stopped:
            _LOG.info("%s: its index is left unfinished, since the model is no longer served", self._path)
        except Exception as error:  # noqa: BLE001 - it is the client's answer, whatever it is
            fault = error
        with self._lock:
            self._index, self._error, self._thread = index, fault, None

    def _on_progress(self, done: int, total: int) -> None:
        self.progress = done, total
        if self._stop.is_set():
            raise _Stopped
