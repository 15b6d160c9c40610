"""Dictionaries: a word of the source, a tab, and what stands for it in the target, a line each."""

from pathlib import Path

from tandem.bulk.lines import MOST_CHARACTERS, file_lines
from tandem.errors import CorpusError


def read_dictionary(path: Path) -> dict[str, str]:
    """Read a dictionary. CorpusError, with the line, for a line of another form and for a word that has two entries."""
    entries: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(file_lines(path), start=1):
        where = f"{path} line {number}"
        word, *rest = line.split("\t")
        word, text = word.strip(), rest[0].strip() if rest else ""
        if len(line) >= MOST_CHARACTERS:
            raise CorpusError(f"{where}: too long for an entry of a dictionary; it must have one word a line")
        if len(rest) != 1:
            tabs = "no tab" if not rest else f"{len(rest)} tabs"
            raise CorpusError(f"{where}: an entry is a word, one tab and its translation, but this line has {tabs}")
        if not word or not text:
            raise CorpusError(f"{where}: the {'translation' if word else 'word'} is empty; give both, or drop the line")
        if len(word.split()) > 1:
            raise CorpusError(f"{where}: {word!r} is more than one word, and only single words are replaced")
        if entries.get(word, text) != text:
            raise CorpusError(
                f"{where}: {word!r} is {entries[word]!r} on line {lines[word]} and {text!r} here; keep one of the lines"
            )
        entries[word], lines[word] = text, number
    if not entries:
        raise CorpusError(f"{path}: the dictionary is empty; give at least one line, or leave --dictionary out")
    return entries
