"""The checked claims as a page in Markdown, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tandem_reproduction.claims import Check, Claim, Row, Verdict


def as_markdown(claims: Sequence[Claim], about: Sequence[str]) -> str:
    """Return a page with a table of all claims, then a table of each with its figures. `about` says what they are."""
    lines = [
        "# The claims of the paper, looked at",
        "",
        *about,
        "",
        "| claim | the paper | here | |",
        "| --- | --- | --- | --- |",
    ]
    for number, claim in enumerate(claims, start=1):
        outcome = "; ".join(map(found_by, claim.checks))
        lines.append(f"| {number}. {claim.title} | {claim.says} | {outcome} | **{claim.verdict.value}** |")
    for number, claim in enumerate(claims, start=1):
        lines += ["", f"## {number}. {claim.title}", "", f"Section {claim.section}. Here: **{claim.verdict.value}**."]
        lines += ["", "| | the paper | here | 95 % interval | each of them |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(row) for row in claim.rows]
        if claim.verdict is not Verdict.HOLDS:
            lines += ["", f"Likely because {claim.otherwise}."]
    return "\n".join(lines) + "\n"


def found_by(check: Check) -> str:
    """Return the outcome of a check in words."""
    difference = check.difference
    return f"{check.what}: {difference.value:+.2f} ({difference.low:+.2f} to {difference.high:+.2f})"


def as_object(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Return all figures, unrounded, as JSON values."""
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
    figure = row.found
    return f"| {row.what} | {row.paper} | {figure.value:.2f} | {figure.low:.2f} to {figure.high:.2f} | {each} |"
