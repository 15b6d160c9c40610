"""The nearest training sentences of a text, by the contexts of all of them, which are computed once and cached.

Letters: `N` training sentences, `D` size of a context, `P` sentences that are drawn.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tandem.analysis.contexts import ContextReader
from tandem.analysis.plane import Axes, distances_between, principal_axes
from tandem.corpora.pairs import Corpus, Dropped, Pair, good_pairs
from tandem.errors import CheckpointError, CorpusError, NotWrittenError
from tandem.files.atomic import writing
from tandem.files.locks import lock
from tandem.files.removal import remove
from tandem.files.seals import check_directory, write_directory
from tandem.preparation.cache import CONTEXTS, CONTEXTS_LAYOUT, contexts_in, lock_of
from tandem.preparation.contents import Contents
from tandem.recipe import Data

MOST_SENTENCES = 200_000
"""The number of distinct training sources that are searched, the first ones. It bounds the disk space and the time: of
contexts of 2,048 numbers, an index takes 1.6 GB."""
MOST_DRAWN = 2_000
"""The number of sentences that span the plane and are drawn in it; more would hide each other."""
_LAYOUT = 1
"""Increased whenever the content of an index, or the way it is computed, changes."""
_READ_TOGETHER = 512
_COMPARED_TOGETHER = 8192
"""Contexts that are in memory at a time, as float64, while neighbours are searched."""
_VECTORS, _ROWS, _AXES = CONTEXTS
_FLOAT, _INT = np.dtype("<f4"), np.dtype("<i8")


class TrainingNeighbour(NamedTuple):
    """A training sentence whose context is near."""

    source: str
    target: str
    distance: float
    """The Euclidean distance between the whole contexts."""


class TrainingPairs:
    """The good pairs of a training corpus, which can be read again and again."""

    def __init__(self, corpus: Corpus, data: Data) -> None:
        """Take the corpus and how a recipe reads it."""
        self._corpus = corpus
        self._data = data

    @property
    def name(self) -> str:
        """The name of the corpus."""
        return self._corpus.name

    def __iter__(self) -> Iterator[Pair]:
        """Yield the pairs. Raise CorpusError where the corpus cannot be read."""
        return good_pairs(self._corpus, Dropped(self._data.max_characters), on_error=self._data.on_error)

    def identity(self, cache: Path) -> str:
        """Return what tells the pairs from others. Raise CorpusError where the corpus cannot be read."""
        content = Contents(cache / "files").of(self._corpus, self._data.max_characters)
        return json.dumps([content.sha256, self._data.max_characters, self._data.on_error])

    def stamps(self) -> list[tuple[int, int]]:
        """Return size and time of the files. Raise CorpusError where one is gone."""
        try:
            return [(file.st_size, file.st_mtime_ns) for file in (path.stat() for path in self._corpus.files)]
        except OSError as error:
            raise CorpusError(
                f"{error.filename}: the training corpus cannot be read: {error.strerror}. Put it where it was when the "
                "model was trained"
            ) from error


class TrainingIndex:
    """The contexts of the first distinct training sources, mapped from the cache. Threads may share one."""

    def __init__(self, folder: Path, read: ContextReader, pairs: TrainingPairs, stamps: list[tuple[int, int]]) -> None:
        """Map an index that was checked; `stamps` are those of the pairs it was made from."""
        self._read = read
        self._pairs = pairs
        self._stamps = stamps
        self._rows: NDArray[np.int64] = np.fromfile(folder / _ROWS, _INT)
        self._vectors: NDArray[np.float32] = np.memmap(folder / _VECTORS, _FLOAT, "r").reshape(len(self._rows), -1)
        size = self._vectors.shape[1]
        axes = torch.from_numpy(np.fromfile(folder / _AXES, _FLOAT))  # centre, two directions, two shares: [3 D + 2]
        self._axes = Axes(axes[:size], axes[size:-2].view(2, size), (float(axes[-2]), float(axes[-1])))
        self.points = self._axes.place(_drawn(self._vectors))
        """The places of at most 2,000 evenly chosen sentences in the plane of their first two principal components,
        `[P, 2]`."""

    @classmethod
    def open(
        cls,
        read: ContextReader,
        pairs: TrainingPairs,
        cache: Path,
        on_progress: Callable[[int, int], object] = lambda *_: None,
    ) -> Self:
        """Return the index of an encoder and its training pairs from the cache; compute it if it is missing.

        The cache knows an index by the encoder's weights and the content of the corpus; a damaged one is made anew.
        `on_progress` gets the number of contexts computed, and of all. What it raises ends the work, and nothing of the
        index is left. Raise CorpusError where the corpus cannot be read, or the cache cannot be written.
        """
        stamps = pairs.stamps()
        described = [_LAYOUT, MOST_SENTENCES, MOST_DRAWN, read.digest(), pairs.identity(cache)]
        key = hashlib.sha256(json.dumps(described).encode()).hexdigest()[:32]
        folder, path = contexts_in(cache) / key, lock_of(cache, key)
        try:
            with writing(folder):
                path.parent.mkdir(parents=True, exist_ok=True)
                with lock(path, lambda _: None, waiting="another process computes the contexts"):
                    if not _is_whole(folder):
                        _make(folder, read, pairs, on_progress)
                    return cls(folder, read, pairs, stamps)
        except NotWrittenError as error:
            raise CorpusError(f"{error}, or set TANDEM_CACHE to another folder") from error

    def __len__(self) -> int:
        """The number of sentences, N."""
        return len(self._rows)

    @property
    def variance(self) -> tuple[float, float]:
        """The percentage of the variance of the drawn sentences on each of the two axes."""
        return self._axes.variance

    def is_current(self) -> bool:
        """Return whether the corpus is as it was when the index was opened. Raise CorpusError where it is gone."""
        return self._pairs.stamps() == self._stamps

    def look_up(self, text: str, count: int) -> tuple[list[TrainingNeighbour], tuple[float, float]]:
        """Return the `count` nearest sentences of a text, the nearest first, and its own place in the plane.

        The search is exact; of equally near sentences the first one of the corpus stands first. A text that is a
        training sentence is among its own neighbours. Raise CorpusError where the corpus cannot be read any more.
        """
        context = self._read([text])  # (1, D)
        distances, order = self._nearest(context, count)
        found = self._pairs_at(self._rows[order])
        neighbours = [
            TrainingNeighbour(*found[int(self._rows[n])], distance)
            for n, distance in zip(order.tolist(), distances.tolist(), strict=True)
        ]
        x, y = self._axes.place(context)[0].tolist()
        return neighbours, (x, y)

    def _nearest(self, context: Tensor, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the distances of the nearest sentences, and their numbers in the index."""
        distances, order = np.zeros(0), np.zeros(0, np.int64)
        for start in range(0, len(self), _COMPARED_TOGETHER):
            block = torch.from_numpy(self._vectors[start : start + _COMPARED_TOGETHER].copy())
            some = distances_between(context, block)[0].numpy()
            distances = np.concatenate([distances, some])
            order = np.concatenate([order, np.arange(start, start + len(some))])
            best = np.argsort(distances, kind="stable")[:count]
            distances, order = distances[best], order[best]
        return distances, order

    def _pairs_at(self, rows: NDArray[np.int64]) -> dict[int, Pair]:
        """Return the pairs with these numbers in the corpus."""
        wanted = set(rows.tolist())
        found = {n: pair for n, pair in enumerate(islice(self._pairs, max(wanted) + 1)) if n in wanted}
        if len(found) < len(wanted):
            raise CorpusError(f"{self._pairs.name}: the training corpus was changed meanwhile: ask again")
        return found


def _is_whole(folder: Path) -> bool:
    try:
        return set(check_directory(folder, CONTEXTS)) == set(CONTEXTS)
    except CheckpointError:
        return False


def _make(folder: Path, read: ContextReader, pairs: TrainingPairs, on_progress: Callable[[int, int], object]) -> None:
    """Write an index, in place of a damaged one. Texts are read twice, so that few of them are in memory."""
    if not remove(folder, CONTEXTS_LAYOUT):
        raise CorpusError(f"{folder}: there is something in it that Tandem did not put there. Move it elsewhere")
    rows = _first_distinct(pairs)
    on_progress(0, len(rows))

    def write_vectors(path: Path) -> None:
        wanted, done = set(rows.tolist()), 0
        texts = (pair.source for number, pair in enumerate(islice(pairs, int(rows[-1]) + 1)) if number in wanted)
        with path.open("wb") as file:
            while some := list(islice(texts, _READ_TOGETHER)):
                file.write(read(some).numpy().astype(_FLOAT).tobytes())
                done += len(some)
                on_progress(done, len(rows))
        if done < len(rows):
            raise CorpusError(f"{pairs.name}: the training corpus was changed while it was read: ask again")

    def write_axes(path: Path) -> None:
        vectors: NDArray[np.float32] = np.memmap(path.with_name(_VECTORS), _FLOAT, "r").reshape(len(rows), -1)
        centre, directions, variance = principal_axes(_drawn(vectors))
        np.concatenate([centre.numpy(), directions.flatten().numpy(), variance]).astype(_FLOAT).tofile(path)

    write_directory(
        folder, {_VECTORS: write_vectors, _ROWS: lambda path: rows.astype(_INT).tofile(path), _AXES: write_axes}
    )


def _first_distinct(pairs: Iterable[Pair]) -> NDArray[np.int64]:
    """Return the numbers of the pairs whose sources are the first of their text, at most `MOST_SENTENCES`."""
    seen: set[bytes] = set()  # sums, since texts may be long
    rows = []
    for number, pair in enumerate(pairs):
        digest = hashlib.blake2b(pair.source.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest not in seen:
            seen.add(digest)
            rows.append(number)
            if len(rows) == MOST_SENTENCES:
                break
    return np.array(rows, np.int64)


def _drawn(vectors: NDArray[np.float32]) -> Tensor:
    """Return the contexts of evenly spaced sentences, at most `MOST_DRAWN`, `[P, D]`."""
    return torch.from_numpy(vectors[:: -(-len(vectors) // MOST_DRAWN)].copy())
