"""Small corpora in shards."""

from itertools import pairwise
from pathlib import Path

from tandem.corpora.parallel_files import FilesCorpus, ParallelFiles, ShardedFiles
from tandem.preparation.sources import Tokens
from tandem.text import Tokenizer
from tandem.text.counts import WordCounts
from tests.support.runs import number_pairs

PAIRS = number_pairs(120)


def tokens(copying: bool = False) -> Tokens:
    def learn(source: WordCounts, target: WordCounts) -> tuple[Tokenizer, Tokenizer]:
        return Tokenizer.train("word", source, min_count=1 + copying), Tokenizer.train("bpe", target, max_size=40)

    return Tokens(["word", "bpe"], learn, reverse_source=True, copying=copying)


def write(folder: Path, pairs: list[tuple[str, str]], cuts: list[int]) -> tuple[ShardedFiles, ParallelFiles]:
    """The pairs in shards that end at the cuts, and in one file."""
    folder.mkdir(parents=True, exist_ok=True)
    bounds = [0, *cuts, len(pairs)]
    for number, (start, end) in enumerate(pairwise(bounds)):
        for side, ending in enumerate(("de", "en")):
            lines = "".join(f"{pair[side]}\n" for pair in pairs[start:end])
            (folder / f"s.{number}.{ending}").write_text(lines, encoding="utf-8")
    for side, ending in enumerate(("de", "en")):
        (folder / f"all.{ending}").write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    opened = FilesCorpus(source=str(folder / "s.*.de"), target=str(folder / "s.*.en")).open(None)
    assert isinstance(opened, ShardedFiles)
    return opened, ParallelFiles(folder / "all.de", folder / "all.en")
