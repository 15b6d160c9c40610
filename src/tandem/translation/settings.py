"""How translations are searched for: the settings, and how much a search may take."""

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.errors import MemoryShortage
from tandem.names import (
    LARGEST_BATCH,
    LARGEST_BEAM,
    LARGEST_LENGTH_EXTRA,
    LARGEST_LENGTH_FACTOR,
    LARGEST_LENGTH_PENALTY,
)
from tandem.recipe import Search

BATCH_SIZE = 256
"""Sentences that are searched together, unless said otherwise."""
SMALLER_SEARCH = "Lower the batch size or the beam (--batch-size, --beam)"
"""What to do where memory is short."""
_WINDOW_BATCHES = 8
"""Batches that are read ahead and sorted by length together."""
_MOST_LOGITS = 2**25
"""Of one step of a search, whatever the vocabulary and the beam: a batch is cut so that there are no more."""
_MOST_TOKENS = 2**16
"""Of a batch's sources, padding counted, however long they are: it is cut by this, too."""
_MOST_NODES = 2**26
"""Of a batch's outputs, with all continuations that are looked at: it is cut by this, too. Each takes some 30 bytes."""
_MOST_LOGITS_OF_ONE = 2**28
"""Of one step for a single sentence, which cannot be cut: a GiB."""


@dataclass(frozen=True)
class SearchSettings:
    """How to search. Defaults come from the recipe (`Translator.search_settings`)."""

    beam: int
    length_penalty: float
    max_length_factor: float
    """An output has at most this many tokens for each token of its source, and `max_length_extra` more."""
    max_length_extra: int
    n_best: int = 1
    batch_size: int = BATCH_SIZE
    allow_unk: bool = False

    @property
    def window(self) -> int:
        """Texts that are read ahead and sorted by length together."""
        return self.batch_size * _WINDOW_BATCHES

    def max_length(self, framed: int) -> int:
        """The most tokens that an output may have whose source has so many, its `<sos>` and `<eos>` counted."""
        return int((framed - 2) * self.max_length_factor) + self.max_length_extra

    def rows(self, lengths: Sequence[int], logits: int) -> int:
        """How many of the sources with these numbers of tokens, rising, are searched together; the first of them.

        `logits` is how many a step makes for one hypothesis. MemoryShortage where one source is too much already.
        """
        check_beam(self.beam, logits)
        size = max(1, min(self.batch_size, _MOST_LOGITS // (self.beam * logits)))
        longest = lengths[:size][-1]
        nodes = 2 * self.beam * (self.max_length(longest) + 1)
        if nodes > _MOST_NODES:
            raise MemoryShortage(
                f"a beam of {self.beam:,} for outputs of up to {self.max_length(longest):,} tokens takes more memory "
                f"than a search may: lower the beam to {max(1, self.beam * _MOST_NODES // nodes):,} (--beam), or lower "
                "--max-length-factor or --max-length-extra"
            )
        return max(1, min(size, _MOST_TOKENS // longest, _MOST_NODES // nodes))


def check_beam(beam: int, logits: int) -> None:
    """Raise MemoryShortage where a beam makes too many logits at each step; `logits` is how many a hypothesis makes."""
    if beam * logits > _MOST_LOGITS_OF_ONE and beam > 1:
        raise MemoryShortage(
            f"a beam of {beam:,} makes {beam * logits:,} scores at each step, and {_MOST_LOGITS_OF_ONE:,} are the "
            f"most: lower the beam to {max(1, _MOST_LOGITS_OF_ONE // logits):,} (--beam, or search.beam in a recipe)"
        )


def chosen_settings(
    search: Search,
    beam: int | None,
    length_penalty: float | None,
    max_length_factor: float | None,
    max_length_extra: int | None,
    n_best: int,
    batch_size: int,
    allow_unk: bool,
) -> SearchSettings:
    """A recipe's search, with what is given put over it. ValueError for values out of range."""
    width = max(search.beam, n_best) if beam is None else beam
    for name, value, most in (
        ("n_best", n_best, LARGEST_BEAM),
        ("beam", width, LARGEST_BEAM),
        ("batch_size", batch_size, LARGEST_BATCH),
    ):
        if not 1 <= value <= most:
            raise ValueError(f"{name} ({value}) must be at least 1 and at most {most:,}")
    if n_best > width:
        raise ValueError(f"n_best is {n_best}, more than the beam of {width}: raise the beam or lower n_best")
    penalty = search.length_penalty if length_penalty is None else length_penalty
    if not 0 <= penalty <= LARGEST_LENGTH_PENALTY:
        raise ValueError(f"length_penalty ({penalty}) must be at least 0 and at most {LARGEST_LENGTH_PENALTY:g}")
    factor = search.max_length_factor if max_length_factor is None else max_length_factor
    if not 0 < factor <= LARGEST_LENGTH_FACTOR:
        raise ValueError(f"max_length_factor ({factor}) must be above 0 and at most {LARGEST_LENGTH_FACTOR}")
    extra = search.max_length_extra if max_length_extra is None else max_length_extra
    if not 0 <= extra <= LARGEST_LENGTH_EXTRA:
        raise ValueError(f"max_length_extra ({extra}) must be at least 0 and at most {LARGEST_LENGTH_EXTRA:,}")
    return SearchSettings(width, penalty, factor, extra, n_best, batch_size, allow_unk)
