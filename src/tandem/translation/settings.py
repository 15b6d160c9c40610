"""The settings of a search for translations, and limits on the memory that a search may take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypedDict

from tandem.errors import MemoryShortage
from tandem.names import (
    LARGEST_BATCH,
    LARGEST_BEAM,
    LARGEST_COVERAGE,
    LARGEST_LENGTH_EXTRA,
    LARGEST_LENGTH_FACTOR,
    LARGEST_LENGTH_PENALTY,
)
from tandem.recipe import Search
from tandem.search import BeamSearch, GreedySearch, Sampling
from tandem.search import Search as SearchMethod

BATCH_SIZE = 256
"""The default number of sentences that are searched together."""
SMALLER_SEARCH = "Lower the batch size or the beam (--batch-size, --beam)"
"""The remedy when memory is short."""
_WINDOW_BATCHES = 8
"""The number of batches that are read ahead and sorted by length together."""
_MOST_LOGITS = 2**25
"""The most logits of one step of a search, for any vocabulary and beam: a larger batch is divided."""
_MOST_TOKENS = 2**16
"""The most source tokens of a batch, with padding, times the hypotheses of a source, all of which may attend to them: a
larger batch is divided."""
_MOST_NODES = 2**26
"""The most continuations that are considered for a batch's outputs, about 30 bytes each: a larger batch is divided."""
_MOST_LOGITS_OF_ONE = 2**28
"""The most logits of one step for a single sentence, which cannot be divided: 1 GiB."""


_RANGES = {
    "n_best": (1, LARGEST_BEAM),
    "beam": (1, LARGEST_BEAM),
    "batch_size": (1, LARGEST_BATCH),
    "sample": (1, LARGEST_BEAM),
    "length_penalty": (0, LARGEST_LENGTH_PENALTY),
    "coverage": (0, LARGEST_COVERAGE),
    "max_length_extra": (0, LARGEST_LENGTH_EXTRA),
}
"""The least and the largest value of an option."""
_OF_RECIPE = ("length_penalty", "coverage", "max_length_factor", "max_length_extra")
_SAMPLING = {"sample": "count", "temperature": "temperature", "top_k": "top_k", "top_p": "top_p", "seed": "seed"}
"""The field of `Sampling` that each option sets."""


class SearchOptions(TypedDict, total=False):
    """The options of a search. Those that are left out have the recipe's values."""

    beam: int | None
    length_penalty: float | None
    coverage: float | None
    max_length_factor: float | None
    max_length_extra: int | None
    n_best: int
    batch_size: int
    allow_unk: bool
    alignment: bool
    replace_unknown: bool
    dictionary: Mapping[str, str] | None
    sample: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    seed: int | None


@dataclass(frozen=True)
class SearchSettings:
    """How to search. Defaults come from the recipe (`Translator.search_settings`)."""

    beam: int
    length_penalty: float
    max_length_factor: float
    """An output has at most this many tokens for each token of its source, plus `max_length_extra`."""
    max_length_extra: int
    coverage: float = 0.0
    n_best: int = 1
    batch_size: int = BATCH_SIZE
    allow_unk: bool = False
    sampling: Sampling | None = None
    """Draw outputs instead of searching for the best; None for greedy search and beam search."""
    alignment: bool = False
    """Whether each translation has its attention, which is computed in a further pass."""

    replace_unknown: bool = False
    """Whether an output may contain `<unk>`, which is then replaced by the source word that it stands for."""
    dictionary: Mapping[str, str] | None = None
    """Replacements to use instead of the source words themselves, by source word."""

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that `dataclasses.asdict` made these values of, which may have been JSON since."""
        sampling = values["sampling"]
        return cls(**{**values, "sampling": sampling and Sampling(**sampling)})

    @property
    def method(self) -> SearchMethod:
        """The search that these settings describe."""
        if self.sampling:
            return self.sampling
        if self.beam == 1 and not self.coverage:
            return GreedySearch()
        return BeamSearch(self.beam, self.n_best, self.length_penalty, self.coverage)

    @property
    def several(self) -> bool:
        """Whether more than one output is requested for each source."""
        return self.n_best > 1 or (self.sampling is not None and self.sampling.count > 1)

    @property
    def window(self) -> int:
        """The number of texts that are read ahead and sorted by length together."""
        return self.batch_size * _WINDOW_BATCHES

    def max_length(self, framed: int) -> int:
        """Return the most tokens of an output whose source has `framed` tokens, including `<sos>` and `<eos>`."""
        return int((framed - 2) * self.max_length_factor) + self.max_length_extra

    def rows(self, lengths: Sequence[int], logits: int) -> int:
        """Return how many sources are searched together, counted from the first, given their lengths in rising order.

        `logits` is the number of logits that a step computes for one hypothesis. Raise MemoryShortage if even one
        source takes too much memory.
        """
        width = self.method.width
        check_beam(width, logits)
        size = max(1, min(self.batch_size, _MOST_LOGITS // (width * logits)))
        longest = lengths[:size][-1]
        nodes = 2 * width * (self.max_length(longest) + 1)
        if nodes > _MOST_NODES:
            raise MemoryShortage(
                f"a beam of {width:,} for outputs of up to {self.max_length(longest):,} tokens takes more memory "
                f"than a search may: lower the beam to {max(1, width * _MOST_NODES // nodes):,} (--beam), or lower "
                "--max-length-factor or --max-length-extra"
            )
        return max(1, min(size, _MOST_TOKENS // (width * longest), _MOST_NODES // nodes))


def check_beam(beam: int, logits: int) -> None:
    """Raise MemoryShortage if a beam computes too many logits in a step, `logits` for each hypothesis."""
    if beam * logits > _MOST_LOGITS_OF_ONE and beam > 1:
        raise MemoryShortage(
            f"a beam of {beam:,} computes {beam * logits:,} scores in each step, and the limit is "
            f"{_MOST_LOGITS_OF_ONE:,}: lower the beam to {max(1, _MOST_LOGITS_OF_ONE // logits):,} (--beam, or "
            "search.beam in a recipe)"
        )


def chosen_settings(search: Search, options: SearchOptions) -> SearchSettings:
    """Return a recipe's search settings, changed by the options. Raise ValueError for values out of range."""
    known = SearchOptions.__annotations__
    if unknown := sorted(options.keys() - known.keys()):
        raise ValueError(f"there is no search option {unknown[0]!r}; the options are {', '.join(known)}")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    values: dict[str, Any] = {"n_best": 1, "batch_size": BATCH_SIZE, "allow_unk": False, "alignment": False}
    values |= {name: getattr(search, name) for name in _OF_RECIPE}
    values["beam"] = max(search.beam, given.get("n_best", 1))
    values |= given
    for name, (least, most) in _RANGES.items():
        if name in values and not least <= values[name] <= most:
            raise ValueError(f"{name} ({values[name]}) must be at least {least} and at most {most:,}")
    if not 0 < values["max_length_factor"] <= LARGEST_LENGTH_FACTOR:
        raise ValueError(
            f"max_length_factor ({values['max_length_factor']}) must be above 0 and at most {LARGEST_LENGTH_FACTOR}"
        )
    if values["n_best"] > values["beam"]:
        raise ValueError(
            f"n_best is {values['n_best']}, more than the beam of {values['beam']}: raise the beam or lower n_best"
        )
    if values.get("dictionary") is not None and not values.get("replace_unknown"):
        raise ValueError(
            "a dictionary is used only if unknown words are replaced: ask for that as well (--replace-unk, or "
            "replace_unknown=True)"
        )
    sampling = _chosen_sampling(given)
    return SearchSettings(**{name: values[name] for name in values.keys() - _SAMPLING.keys()}, sampling=sampling)


def _chosen_sampling(given: dict[str, Any]) -> Sampling | None:
    """Return the requested sampling, or None. Raise ValueError for options that exclude each other."""
    own = {_SAMPLING[name]: value for name, value in given.items() if name in _SAMPLING}
    if "sample" not in given:
        if own:
            name = next(name for name in _SAMPLING if name in given)
            raise ValueError(f"{name} is for sampling: say how many outputs to draw for each text (sample)")
        return None
    for name in ("beam", "n_best"):
        if given.get(name, 1) != 1:
            raise ValueError(f"{name} is for beam search, and not for sampling: leave out one of the two")
    return Sampling(**own)
