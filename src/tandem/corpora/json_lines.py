"""`kind = "jsonl"`: a file with a JSON object a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from tandem.corpora.corpus_kind import Option, PathCorpus, locate
from tandem.corpora.pairs import Fault, FileCorpus, Pair, checked_pair
from tandem.corpora.records import checked_record, json_object, texts_at
from tandem.files.lines import line_limit, read_lines


class JsonLinesCorpus(PathCorpus):
    """A file with a JSON object a line."""

    kind: Literal["jsonl"]
    source_key: str = "source"
    target_key: str = "target"
    features_key: str | None = None

    options: ClassVar[tuple[Option, ...]] = (Option("jsonl", "FILE", "Pairs as JSON lines."),)
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    column_settings: ClassVar[tuple[str, ...]] = ("source_key", "target_key", "features_key")
    column_style: ClassVar[str] = "jsonl"

    def open(self, folder: str | None) -> "JsonLines":
        """Open the file."""
        return JsonLines(locate(self.path, folder), self.source_key, self.target_key, self.features_key)


@dataclass(frozen=True)
class JsonLines(FileCorpus):
    """A file, plain or compressed, with one JSON object a line; a dotted key reaches into nested objects."""

    source_key: str = "source"
    target_key: str = "target"
    features_key: str | None = None

    @property
    def has_features(self) -> bool:
        """Whether a key has features."""
        return self.features_key is not None

    @property
    def layout(self) -> str:
        """The keys."""
        features = f", {self.features_key!r}" if self.features_key is not None else ""
        return f"JSON lines {self.source_key!r}, {self.target_key!r}{features}"

    def rows(self, max_characters: int) -> Iterator[Pair | Fault]:
        """Yield a pair a line."""
        place = f"{self.path} line"
        keys = self.source_key, self.target_key

        def read(line: str) -> tuple[str, str]:
            return texts_at(json_object(line), keys, self.features_key)

        for number, text in enumerate(read_lines(self.path, line_limit(max_characters)), start=1):
            if isinstance(text, str) and text.strip():
                yield checked_record(text, read, place, number, max_characters)
            else:
                yield checked_pair(text, text, (place, place), number, max_characters)
