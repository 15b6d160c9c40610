"""Small bulk jobs over made sentences, and what their outputs must be."""

from collections.abc import Sequence
from pathlib import Path

import tandem
from tandem.bulk import BulkRequest
from tests.support.runs import number_pairs

SOURCES = [source for source, _ in number_pairs(60, seed=8)]


def request(model: Path, *inputs: Path, **more: object) -> BulkRequest:
    folder = inputs[0].parent / "out"
    values = {"output": folder, "shard_lines": 7, "search": {"batch_size": 2}, **more}
    return BulkRequest([model], [str(path) for path in inputs], **values)  # type: ignore[arg-type]


def expected(model: Path, texts: Sequence[str]) -> list[str]:
    return [made.text for made in tandem.load(model).translate(texts, batch_size=2)]


def written(path: Path, texts: Sequence[str]) -> Path:
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8", newline="\n")
    return path
