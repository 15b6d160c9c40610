"""The file of `tandem evaluate --errors`: each source with its references, its output and the scores of that."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tandem.runs.evaluation import Evaluation
from tandem.translation.forms import json_line, one_line

_CELLS: Mapping[str, Callable[[Any], str]] = {
    "source": str,
    "references": " ||| ".join,
    "output": str,
    "confidence": lambda confidence: "" if confidence is None else f"{confidence:.4f}",
    "log_probability": "{:.6f}".format,
    "stopped": str,
    "exact": lambda exact: str(int(exact)),
    "chrf": "{:.2f}".format,
    "character_edits": str,
    "unknown": " ".join,
}
"""How a cell of the table is made of each value of an object."""


def errors_content(path: Path, evaluation: Evaluation) -> bytes:
    """Return the content of the file: JSON lines where its name ends in .jsonl, else columns with tabs and a header."""
    objects = [
        {
            "source": result.source,
            "references": result.references,
            "output": result.translation.text,
            "confidence": result.translation.confidence,
            "log_probability": result.translation.log_probability,
            "stopped": result.translation.stopped,
            **score._asdict(),
            "unknown": result.translation.unknown,
        }
        for result, score in zip(evaluation.results, evaluation.sentence_scores(), strict=True)
    ]
    if path.suffix == ".jsonl":
        return b"".join(map(json_line, objects))
    header = ["reference" if name == "references" else name for name in _CELLS]
    rows = [header, *([cell(content[name]) for name, cell in _CELLS.items()] for content in objects)]
    # A tab or the end of a line in a text would break the row.
    lines = ("\t".join(one_line(cell).replace("\t", " ") for cell in row) + "\n" for row in rows)
    return "".join(lines).encode("utf-8", "replace")
