"""The claims as a page in Markdown, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tandem_reproduction.claims import Check, Claim, Row, Verdict


def as_markdown(claims: Sequence[Claim], about: Sequence[str]) -> str:
    """A table of all claims, then one of each with its figures; `about` says how they came about."""
    lines = [
        "# The claims of the paper, looked at",
        "",
        *about,
        "",
        "| claim | the paper | here | |",
        "| --- | --- | --- | --- |",
    ]
    for number, claim in enumerate(claims, start=1):
        found = "; ".join(map(found_by, claim.checks))
        lines.append(f"| {number}. {claim.title} | {claim.says} | {found} | **{claim.verdict.value}** |")
    for number, claim in enumerate(claims, start=1):
        lines += ["", f"## {number}. {claim.title}", "", f"Section {claim.section}. Here: **{claim.verdict.value}**."]
        lines += ["", "| | the paper | here | 95 % interval | each of them |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(row) for row in claim.rows]
        if claim.verdict is not Verdict.HOLDS:
            lines += ["", f"Likely because {claim.otherwise}."]
    return "\n".join(lines) + "\n"


def found_by(check: Check) -> str:
    """A check's outcome in words."""
    found = check.difference
    return f"{check.what}: {found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def as_object(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """All figures, unrounded."""
    return [
        {
            **asdict(claim),
            "checks": [{**asdict(check), "verdict": check.verdict.value} for check in claim.checks],
            "verdict": claim.verdict.value,
        }
        for claim in claims
    ]


def _row(row: Row) -> str:
    each = ", ".join(f"{value:.2f}" for value in row.trainings)
    found = row.found
    return f"| {row.what} | {row.paper} | {found.value:.2f} | {found.low:.2f} to {found.high:.2f} | {each} |"
