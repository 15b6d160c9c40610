"""A small corpus to evaluate models on, with two references for one of its sources."""

from pathlib import Path

from tests.support.runs import number_pairs

PAIRS = number_pairs(9, seed=6)
PAIRS += [(PAIRS[0][0], "another reference")]
FILES = ("--source", "test.de", "--target", "test.en")
"""The options that name the files of `write_files`."""


def write_files(folder: Path) -> None:
    """Write the sources to `test.de` and the targets to `test.en`."""
    (folder / "test.de").write_text("".join(f"{de}\n" for de, _ in PAIRS), encoding="utf-8")
    (folder / "test.en").write_text("".join(f"{en}\n" for _, en in PAIRS), encoding="utf-8")
