"""The file of `tandem evaluate --errors`: each source with its references, the output and what that is worth."""

from pathlib import Path

from tandem.metrics import SentenceScores
from tandem.runs.evaluation import Evaluation, SourceResult
from tandem.translation.forms import json_line, one_line

_HEADER = (
    "source",
    "reference",
    "output",
    "confidence",
    "log_probability",
    "stopped",
    "exact",
    "chrf",
    "character_edits",
    "unknown",
)
_BETWEEN = " ||| "
"""Stands between several references."""


def errors_file(path: Path, evaluation: Evaluation) -> bytes:
    """The content of the file: JSON lines where its name ends in .jsonl, else tab-separated columns with a header."""
    found = list(zip(evaluation.results, evaluation.sentence_scores(), strict=True))
    if path.suffix == ".jsonl":
        return b"".join(_object(result, score) for result, score in found)
    rows = [_HEADER, *(_row(result, score) for result, score in found)]
    return "".join("\t".join(map(_cell, row)) + "\n" for row in rows).encode("utf-8", "replace")


def _row(result: SourceResult, score: SentenceScores) -> tuple[str, ...]:
    made = result.translation
    return (
        result.source,
        _BETWEEN.join(result.references),
        made.text,
        "" if made.confidence is None else f"{made.confidence:.4f}",
        f"{made.log_probability:.6f}",
        made.stopped,
        str(int(score.exact)),
        f"{score.chrf:.2f}",
        str(score.character_edits),
        " ".join(made.unknown),
    )


def _cell(text: str) -> str:
    """The text without tabs and line ends, which would tear the row."""
    return one_line(text).replace("\t", " ")


def _object(result: SourceResult, score: SentenceScores) -> bytes:
    made = result.translation
    content = {
        "source": result.source,
        "references": result.references,
        "output": made.text,
        "confidence": made.confidence,
        "log_probability": made.log_probability,
        "stopped": made.stopped,
    }
    return json_line({**content, **score._asdict(), "unknown": made.unknown})
