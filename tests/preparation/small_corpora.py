"""Small corpora, and what preparing them takes and leaves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tandem.corpora.pairs import Corpus
from tandem.corpora.tab_separated import TabSeparated
from tandem.preparation.sources import Sources, Tokens
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts
from tests.support.runs import number_pairs

PAIRS = number_pairs(300)


def sources(train: Corpus, validation: Corpus | None = None, **changes: Any) -> Sources:
    """Return how a corpus is prepared: 5 tokens a side at most, and a tenth of the pairs held out."""
    made = Sources(train, validation, "drop", 1000, 5, 0.1, 2000, 1, False)
    return replace(made, **changes)


def tokens(reverse: bool = False) -> Tokens:
    """Return tokens that are words."""

    def learn(source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
        return Tokenizer.train("word", source), Tokenizer.train("word", target)

    return Tokens(["word"], learn, reverse)


def tabs(path: Path, pairs: list[tuple[str, str]] | None = None) -> TabSeparated:
    """Return a corpus in a file at this path, with tabs between source and target."""
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs or PAIRS), encoding="utf-8")
    return TabSeparated(path)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of each file in a folder, by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Killed(BaseException):
    """The power is cut."""
