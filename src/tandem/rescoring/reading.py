"""n-best lists read from a file of either form, with their sentences."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tandem.errors import CorpusError
from tandem.rescoring.json_lines import json_lists, json_record
from tandem.rescoring.lists import NBestList, read_list_lines
from tandem.rescoring.moses import moses_lists, moses_record


class NBestFile(NamedTuple):
    """A file of lists, which are read lazily."""

    lists: Iterator[NBestList]
    write: Callable[[NBestList], bytes]  # Returns the lines of a list in the form of this file


def open_nbest(path: Path) -> NBestFile:
    """Open a plain or compressed file, whose first line tells its form: JSON if it begins with a brace.

    CorpusError, naming the line, where it cannot be read; for a later line, once it is reached.
    """
    lines = read_list_lines(path)
    first = next(lines)
    lines = chain([first], lines)
    if first.text.lstrip().startswith("{"):
        return NBestFile(json_lists(lines), json_record)
    return NBestFile(moses_lists(lines), moses_record)


def with_sources(lists: Iterable[NBestList], sources: Iterable[str] | None, where: str) -> Iterator[NBestList]:
    """Yield the lists with their sentences: the given ones, one for each list, or else those that the lists hold.

    `where` names the file of the sentences. CorpusError where a list has no sentence, or a sentence no list.
    """
    if sources is None:
        for nbest in lists:
            if nbest.source is None:
                fault = "the list does not hold its sentence; name the file that it was made from with --source"
                raise nbest.error(nbest.candidates[0], fault)
            yield nbest
        return
    texts = iter(sources)
    count = 0
    for nbest in lists:
        text = next(texts, None)
        if text is None:
            fault = f"it is of sentence {count} (counted from 0), but {where} has {count:,} lines"
            raise nbest.error(nbest.candidates[0], fault)
        count += 1
        yield replace(nbest, source=text)
    if next(texts, None) is not None:
        raise CorpusError(
            f"{where} line {count + 1}: there are no hypotheses of it: the n-best list ends after {count:,} sentences"
        )
