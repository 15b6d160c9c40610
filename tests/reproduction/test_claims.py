"""What is said of a claim follows from the figures."""

from collections.abc import Sequence

import numpy as np
import pytest

from tandem.metrics.bootstrap import Interval, Resampling, Statistics, Table
from tandem_reproduction import Check, Claim, Plan, Row, Verdict, reduced_recipe
from tandem_reproduction.claims import Claims
from tandem_reproduction.systems import Rescored, Systems
from tandem_reproduction.table import as_markdown

ABOVE, AROUND, BELOW = Interval(1, 0.5, 1.5), Interval(0.1, -0.5, 0.7), Interval(-1, -1.5, -0.5)


def claim_of(*differences: Interval, least: float = 0.0) -> Claim:
    checks = tuple(Check("BLEU gained", difference, least) for difference in differences)
    return Claim("Two are more than one", "9.9", "2 > 1", (Row("one", "1", ABOVE, (1.0, 2.0)),), checks, "of a reason")


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([ABOVE], Verdict.HOLDS),
        ([AROUND], Verdict.OPEN),
        ([BELOW], Verdict.FAILS),
        ([ABOVE, AROUND], Verdict.OPEN),
        ([ABOVE, BELOW, AROUND], Verdict.FAILS),
    ],
)
def test_a_claim_holds_where_every_interval_is_on_its_side(differences: list[Interval], verdict: Verdict) -> None:
    assert claim_of(*differences).verdict is verdict


def test_a_claim_may_allow_for_some_loss() -> None:
    assert claim_of(BELOW, least=-2).verdict is Verdict.HOLDS
    assert claim_of(BELOW, least=-1).verdict is Verdict.OPEN


def test_a_reason_is_given_only_where_a_claim_does_not_hold() -> None:
    assert "of a reason" not in as_markdown([claim_of(ABOVE)], ["about"])
    for difference in (AROUND, BELOW):
        page = as_markdown([claim_of(difference)], ["about"])
        assert "Likely because of a reason." in page
        assert f"**{claim_of(difference).verdict.value}**" in page
    assert "| one | 1 | 1.00 | 0.50 to 1.50 | 1.00, 2.00 |" in page


class Made(Systems):
    """Systems whose figures are made up: each name with its share of matching words, and its nats a token."""

    def __init__(self, quality: dict[str, float], nats: dict[str, float], rescored: float) -> None:
        self._quality, self._nats, self._rescored = quality, nats, rescored

    def bleu(self, names: Sequence[str], beam: int) -> Statistics:
        share = sum(self._quality[name.rpartition("-")[0]] for name in names) / len(names)
        return self._table(share + 0.05 * (len(names) - 1) ** 0.5 + {1: 0, 2: 0.02, 12: 0.025}[beam])

    def perplexity(self, names: Sequence[str]) -> Table:
        tokens = np.arange(5, 45)
        return np.stack([self._nats[names[0].rpartition("-")[0]] * tokens, tokens], axis=1)

    def rescored(self, name: str, by: Sequence[str]) -> Rescored:
        return Rescored(self._table(0.4), self._table(self._rescored), self._table(0.8))

    def _table(self, share: float) -> Statistics:
        words = np.tile(np.arange(12, 22), 4)
        totals = np.stack([words - n for n in range(4)], axis=1)
        return np.concatenate(
            [words[:, None], words[:, None], np.floor(totals * share * 10), totals * 10],
            axis=1,
            dtype=np.int64,
            casting="unsafe",
        )


QUALITY = {"reversed": 0.5, "forward": 0.4, "layers-1": 0.3, "layers-3": 0.6, "layers-4": 0.7}
NATS = {"reversed": 2.0, "forward": 2.2, "layers-1": 2.1, "layers-3": 1.9, "layers-4": 1.8}


def verdicts(quality: dict[str, float], nats: dict[str, float], rescored: float) -> list[Verdict]:
    plan = Plan(reduced_recipe(None, []), seeds=2, members=4)
    claims = Claims(plan, Made(quality, nats, rescored), list(range(1, 41)), Resampling(samples=100))
    return [claim.verdict for claim in claims.all()]


def test_each_claim_is_judged_by_its_own_figures() -> None:
    holds = Verdict.HOLDS
    assert verdicts(QUALITY, NATS, 0.5) == [holds] * 7
    forward_better = {**QUALITY, "forward": 0.6}, {**NATS, "forward": 1.5}
    assert verdicts(*forward_better, 0.5) == [Verdict.FAILS] + [holds] * 6
    deep_worse = {**NATS, "layers-4": 2.5}
    assert verdicts(QUALITY, deep_worse, 0.5) == [holds, Verdict.FAILS] + [holds] * 5
    assert verdicts(QUALITY, NATS, 0.3)[5] is Verdict.FAILS
