"""The file of `tandem evaluate --errors`: each source with its references, its output and the scores of that."""

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


def errors_content(path: Path, evaluation: Evaluation) -> bytes:
    """Return the content of the file: JSON lines where its name ends in .jsonl, else columns with tabs and a header."""
    scored = list(zip(evaluation.results, evaluation.sentence_scores(), strict=True))
    if path.suffix == ".jsonl":
        return b"".join(_object(result, score) for result, score in scored)
    rows = [_HEADER, *(_row(result, score) for result, score in scored)]
    return "".join("\t".join(map(_cell, row)) + "\n" for row in rows).encode("utf-8", "replace")


def _row(result: SourceResult, score: SentenceScores) -> tuple[str, ...]:
    translation = result.translation
    return (
        result.source,
        _BETWEEN.join(result.references),
        translation.text,
        "" if translation.confidence is None else f"{translation.confidence:.4f}",
        f"{translation.log_probability:.6f}",
        translation.stopped,
        str(int(score.exact)),
        f"{score.chrf:.2f}",
        str(score.character_edits),
        " ".join(translation.unknown),
    )


def _cell(text: str) -> str:
    """Return the text without tabs and line ends, which would break the row."""
    return one_line(text).replace("\t", " ")


def _object(result: SourceResult, score: SentenceScores) -> bytes:
    translation = result.translation
    content = {
        "source": result.source,
        "references": result.references,
        "output": translation.text,
        "confidence": translation.confidence,
        "log_probability": translation.log_probability,
        "stopped": translation.stopped,
    }
    return json_line({**content, **score._asdict(), "unknown": translation.unknown})
