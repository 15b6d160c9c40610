"""A corpus as ids: flat memory-mapped arrays with offsets, written once, read by every epoch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ids: TypeAlias = npt.NDArray[np.int32]
Offsets: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class EncodedSide:
    """The sentences of one language: sentence n is `ids[offsets[n]:offsets[n + 1]]`."""

    ids: Ids
    offsets: Offsets

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Offsets:
        """The number of tokens of each sentence."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class EncodedCorpus:
    """Sentence pairs as ids, each side framed by `<sos>` and `<eos>`."""

    source: EncodedSide
    target: EncodedSide

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.source)

    @property
    def target_tokens(self) -> int:
        """Tokens to predict in one pass: `<eos>` counted, `<sos>` not."""
        return len(self.target.ids) - len(self)


def write_side(sentences: Iterable[Sequence[int]], path: Path) -> None:
    """Write sentences of ids to `PATH.ids.npy` and `PATH.offsets.npy`."""
    lengths = [0]
    flat: list[npt.NDArray[np.int32]] = []
    for sentence in sentences:
        flat.append(np.asarray(sentence, dtype=np.int32))
        lengths.append(len(sentence))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(f"{path}.ids.npy", np.concatenate(flat))
    np.save(f"{path}.offsets.npy", np.cumsum(lengths, dtype=np.int64))


def open_side(path: Path) -> EncodedSide:
    """Map what `write_side` wrote into memory, without reading it."""
    ids = np.load(f"{path}.ids.npy", mmap_mode="r", allow_pickle=False)
    return EncodedSide(ids, np.load(f"{path}.offsets.npy", allow_pickle=False))
