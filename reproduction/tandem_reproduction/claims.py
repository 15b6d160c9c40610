"""The claims of the paper one by one: what it reports, what these models give, and whether the claim holds.

Sections and figures are those of Sutskever, Vinyals & Le 2014, arXiv 1409.3215.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from tandem.metrics.bootstrap import (
    Interval,
    Measure,
    Resampling,
    Statistics,
    Table,
    bleu_of_sums,
    difference_interval,
    interval,
    perplexity_of_sums,
)
from tandem_reproduction.plan import DEPTHS, Plan
from tandem_reproduction.systems import N_BEST, Rescored, Systems

BEAMS = (1, 2, 12)
"""The beams of the paper's table 1; other claims are checked with the last one."""
WIDE = BEAMS[-1]
_QUARTERS = 4
_SLACK = 2.0
"""The BLEU by which long sentences may be below the others: the paper's own curve varies by as much."""
_LONG = f"BLEU of the longest quarter less that of the others, not below -{_SLACK:g}"


class Verdict(Enum):
    """What the figures say about a claim."""

    HOLDS = "holds"
    OPEN = "not shown"
    FAILS = "does not hold"


@dataclass(frozen=True)
class Row:
    """The figure of a system, beside the paper's."""

    what: str
    paper: str
    found: Interval
    trainings: tuple[float, ...] = ()
    """The figure of each training or ensemble; empty where there is only one."""


@dataclass(frozen=True)
class Check:
    """A difference that must not be below `least` for the claim to hold."""

    what: str
    difference: Interval
    least: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """Whether the whole interval is above the least difference, or below."""
        if self.difference.low > self.least:
            return Verdict.HOLDS
        return Verdict.FAILS if self.difference.high < self.least else Verdict.OPEN


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and whether it holds."""

    title: str
    section: str
    says: str
    """What the paper says."""
    rows: tuple[Row, ...]
    checks: tuple[Check, ...]
    otherwise: str
    """The likely reason if the claim does not hold here."""

    @property
    def verdict(self) -> Verdict:
        """The verdict: a claim holds if every check does, and fails if one does."""
        verdicts = {check.verdict for check in self.checks}
        return next(v for v in (Verdict.FAILS, Verdict.OPEN, Verdict.HOLDS) if v in verdicts)


class Claims:
    """Checks each claim with the models of a plan."""

    def __init__(self, plan: Plan, systems: Systems, source_lengths: Sequence[int], resampling: Resampling) -> None:
        """`source_lengths` holds the number of words in each source of the test corpus."""
        self._plan = plan
        self._systems = systems
        self._lengths = np.array(source_lengths)
        self._resampling = resampling

    def all(self) -> list[Claim]:
        """Check every claim, in the order of the paper."""
        checks: list[Callable[[], Claim]] = [
            self.reversing,
            self.depth,
            self.ensembles,
            self.beams,
            self.greedy_ensemble,
            self.rescoring,
            self.long_sentences,
        ]
        return [check() for check in checks]

    def reversing(self) -> Claim:
        """Check section 3.3."""
        plan = self._plan
        turned, straight = _each(plan.reversed[: plan.seeds]), _each(plan.forward)
        perplexities, bleus = self._perplexities, self._bleus
        return Claim(
            "Reversing the source lowers perplexity and raises BLEU",
            "3.3",
            "perplexity fell from 5.8 to 4.7, and BLEU rose from 25.9 to 30.6",
            (
                self._row("perplexity, source as it stands", "5.8", perplexities(straight), perplexity_of_sums),
                self._row("perplexity, source reversed", "4.7", perplexities(turned), perplexity_of_sums),
                self._row(f"BLEU, source as it stands, beam {WIDE}", "26.17", bleus(straight, WIDE)),
                self._row(f"BLEU, source reversed, beam {WIDE}", "30.59", bleus(turned, WIDE)),
            ),
            (
                self._check("perplexity saved", perplexities(straight), perplexities(turned), perplexity_of_sums),
                self._check("BLEU gained", bleus(turned, WIDE), bleus(straight, WIDE)),
            ),
            "where sentences are far shorter than news, an LSTM reaches over them either way",
        )

    def depth(self) -> Claim:
        """Check section 3.4."""
        tables = {layers: self._perplexities(_each(self._plan.of_depth(layers))) for layers in DEPTHS}
        bleus = {layers: self._bleus(_each(self._plan.of_depth(layers)), WIDE) for layers in DEPTHS}
        rows = []
        for layers in DEPTHS:
            label = f"{layers} layer{'s' * (layers > 1)}"
            rows.append(
                self._row(f"perplexity, {label}", _if(layers == DEPTHS[-1], "4.7"), tables[layers], perplexity_of_sums)
            )
            rows.append(self._row(f"BLEU, {label}, beam {WIDE}", _if(layers == DEPTHS[-1], "30.59"), bleus[layers]))
        return Claim(
            "Each layer more lowers perplexity",
            "3.4",
            "each additional layer reduced perplexity by nearly 10 %",
            tuple(rows),
            tuple(
                self._check(
                    f"perplexity saved by {layers} layers over {layers - 1}",
                    tables[layers - 1],
                    tables[layers],
                    perplexity_of_sums,
                )
                for layers in DEPTHS[1:]
            ),
            "so few pairs and epochs are too little for a deep stack without shortcuts between its layers; the "
            "paper had 12 million pairs, and 7.5 epochs of them",
        )

    def ensembles(self) -> Claim:
        """Check what table 1 says about ensembles."""
        singles, pairs, whole = self._sizes(WIDE)
        return Claim(
            "An ensemble translates better than one model, and a larger one better still",
            "3.6, table 1",
            "with a beam of 12, one model has 30.59, two have 33.27, five 34.81",
            (
                self._row(f"BLEU, one model, beam {WIDE}", "30.59", singles),
                self._row(f"BLEU, ensembles of 2, beam {WIDE}", "33.27", pairs),
                self._row(f"BLEU, an ensemble of {self._plan.members}, beam {WIDE}", "34.81", whole),
            ),
            (
                self._check("BLEU gained by two", pairs, singles),
                self._check(f"BLEU gained by {self._plan.members} over two", whole, pairs),
            ),
            "the members differ too little, or the test set is too small to show it",
        )

    def beams(self) -> Claim:
        """Check what section 3.2 and table 1 say about beams."""
        sizes = {beam: self._sizes(beam) for beam in BEAMS}
        singles, ensembles = ({beam: sizes[beam][which] for beam in BEAMS} for which in (0, 2))
        size = self._plan.members
        paper = {1: "33.00", 2: "34.50", 12: "34.81"}
        rows = [self._row(f"BLEU, one model, beam {beam}", _if(beam == WIDE, "30.59"), singles[beam]) for beam in BEAMS]
        rows += [self._row(f"BLEU, an ensemble of {size}, beam {beam}", paper[beam], ensembles[beam]) for beam in BEAMS]
        return Claim(
            f"A beam of 2 gives most of what a beam of {WIDE} gives",
            "3.2, table 1",
            "a beam of 2 provides most of the benefits of beam search",
            tuple(rows),
            (
                self._check(
                    "BLEU of one model with beam 2 above the middle between the others",
                    singles[2] * 2,
                    [*singles[1], *singles[WIDE]],
                ),
                self._check(
                    "BLEU of the ensemble with beam 2 above the middle between the others",
                    ensembles[2] * 2,
                    [*ensembles[1], *ensembles[WIDE]],
                ),
            ),
            "the whole gain of a beam is about as large as what a test set of this size can tell apart",
        )

    def greedy_ensemble(self) -> Claim:
        """Check what table 1 says about a greedy ensemble."""
        singles, (_, _, whole) = self._sizes(WIDE)[0], self._sizes(1)
        return Claim(
            f"An ensemble that searches greedily beats one model with a beam of {WIDE}",
            "3.2, table 1",
            "five models with a beam of 1 have 33.00, one model with a beam of 12 has 30.59",
            (
                self._row(f"BLEU, one model, beam {WIDE}", "30.59", singles),
                self._row(f"BLEU, an ensemble of {self._plan.members}, greedy", "33.00", whole),
            ),
            (self._check("BLEU gained", whole, singles),),
            "models of a small corpus make more mistakes of search than of judgement, and a beam mends those",
        )

    def rescoring(self) -> Claim:
        """Check section 3.6 and table 2."""
        plan = self._plan
        by_one = [
            self._systems.rescored(name, [other])
            for name, other in zip(plan.forward, plan.reversed[: plan.seeds], strict=True)
        ]
        by_all = [self._systems.rescored(name, plan.ensemble) for name in plan.forward]
        listed, one, every = [r.listed for r in by_one], _rescored(by_one), _rescored(by_all)
        return Claim(
            "Rescoring another system's n-best lists raises its BLEU",
            "3.6, table 2",
            "1000-best lists of a phrase-based system rose from 33.30 to 35.85 by one model and to 36.5 by five",
            (
                self._row(f"BLEU, {N_BEST}-best lists of models that read forward", "33.30", listed),
                self._row("BLEU, rescored by one model that reads backward", "35.85", one),
                self._row(f"BLEU, rescored by an ensemble of {plan.members}", "36.5", every),
                self._row("BLEU, the best choice from the lists", "about 45", [r.oracle for r in by_one]),
            ),
            (
                self._check("BLEU gained by one model", one, listed),
                self._check("BLEU gained by the ensemble", every, listed),
            ),
            "the lists' system is too much like the models that rescore them",
        )

    def long_sentences(self) -> Claim:
        """Check section 3.7 and figure 3."""
        plan = self._plan
        translated = self._systems.bleu(plan.ensemble, WIDE)
        order = np.argsort(self._lengths, kind="stable")
        quarters = np.array_split(order, _QUARTERS)
        rows = []
        for rows_of in quarters:
            low, high = self._lengths[rows_of[[0, -1]]]
            rows.append(self._row(f"BLEU, sources of {low} to {high} words", "", [translated[rows_of]]))
        rest, longest = np.concatenate(quarters[:-1]), quarters[-1]
        # Both parts are tables of the whole corpus with the other part blanked out, so that they share the resamples.
        parts = [np.where(np.isin(np.arange(len(order)), part)[:, None], translated, 0) for part in (longest, rest)]
        return Claim(
            "Long sentences are translated as well as others",
            "3.7, figure 3",
            "there is no degradation on sentences with less than 35 words",
            tuple(rows),
            (Check(_LONG, difference_interval([parts[0]], [parts[1]], self._resampling), -_SLACK),),
            "a state of this size, learnt from so few pairs, does not hold a long sentence; the "
            "paper's has 8,000 numbers",
        )

    def _sizes(self, beam: int) -> tuple[list[Statistics], list[Statistics], list[Statistics]]:
        """Return the tables of single models, of ensembles of two, and of the whole ensemble."""
        plan = self._plan
        return (
            self._bleus(_each(plan.ensemble), beam),
            self._bleus(plan.pairs, beam),
            self._bleus([plan.ensemble], beam),
        )

    def _bleus(self, systems: Sequence[Sequence[str]], beam: int) -> list[Statistics]:
        return [self._systems.bleu(names, beam) for names in systems]

    def _perplexities(self, systems: Sequence[Sequence[str]]) -> list[Table]:
        return [self._systems.perplexity(names) for names in systems]

    def _row(self, what: str, paper: str, tables: Sequence[Table], measure: Measure = bleu_of_sums) -> Row:
        each = tuple(float(measure(table.sum(0))) for table in tables)
        return Row(what, paper, interval(tables, self._resampling, measure), each if len(each) > 1 else ())

    def _check(
        self, what: str, higher: Sequence[Table], lower: Sequence[Table], measure: Measure = bleu_of_sums
    ) -> Check:
        return Check(what, difference_interval(higher, lower, self._resampling, measure))


def _each(names: Sequence[str]) -> list[list[str]]:
    """Return a system for each single model."""
    return [[name] for name in names]


def _rescored(results: Sequence[Rescored]) -> list[Statistics]:
    return [result.rescored for result in results]


def _if(condition: bool, figure: str) -> str:
    """Return the paper's figure, which it has for one row only."""
    return figure if condition else ""
