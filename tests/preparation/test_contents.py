"""A corpus is known by its content; what was hashed is remembered as long as size and time stamp stay."""

import gzip
import hashlib
import os
import time
from pathlib import Path

import pytest

from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Corpus, Pair
from tandem.corpora.parallel_files import ParallelFiles
from tandem.corpora.tab_separated import TabSeparated
from tandem.errors import CorpusError
from tandem.preparation.contents import Contents


class Heard(list[str]):
    """What was hashed."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        assert total is not None
        assert done <= total
        self.append(what)


def old(path: Path, content: bytes, *, seconds: int = 100) -> Path:
    """A file that was not changed for a while."""
    path.write_bytes(content)
    then = time.time_ns() - seconds * 10**9
    os.utime(path, ns=(then, then))
    return path


def test_a_file_is_hashed_once_until_it_changes(tmp_path: Path) -> None:
    corpus = TabSeparated(old(tmp_path / "c.tsv", b"a\tb\nc\td\n"))
    heard = Heard()
    contents = Contents(tmp_path / "files", on_progress=heard)
    first = contents.of(corpus, 10)
    assert first.lines == 2
    assert (contents.of(corpus, 10), Contents(tmp_path / "files", on_progress=heard).of(corpus, 10)) == (first, first)
    assert heard == ["reading c.tsv"]
    os.utime(corpus.path)  # another time stamp, the same content
    assert contents.of(corpus, 10) == first
    assert len(heard) == 2
    old(corpus.path, b"a\tb\nc\te\n", seconds=99)
    assert contents.of(corpus, 10) != first


def test_verify_hashes_again(tmp_path: Path) -> None:
    path = old(tmp_path / "c.tsv", b"a\tb\n")
    stamp = path.stat().st_mtime_ns
    first = Contents(tmp_path / "files").of(TabSeparated(path), 10)
    path.write_bytes(b"a\tc\n")
    os.utime(path, ns=(stamp, stamp))  # a change that size and time stamp do not tell
    assert Contents(tmp_path / "files").of(TabSeparated(path), 10) == first
    assert Contents(tmp_path / "files", verify=True).of(TabSeparated(path), 10) != first


def test_a_file_that_was_changed_just_now_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_bytes(b"a\tb\n")
    heard = Heard()
    for _ in range(2):
        Contents(tmp_path / "files", on_progress=heard).of(TabSeparated(tmp_path / "c.tsv"), 10)
    assert len(heard) == 2


def test_layout_and_content_both_count_and_names_do_not(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "files")
    a, b, other = (tmp_path / name for name in ("a", "b", "other"))
    for path, content in ((a, b"x\ty\n"), (b, b"x\ty\n"), (other, b"x\tz\n")):
        path.write_bytes(content)

    def digest(corpus: Corpus) -> str:
        return contents.of(corpus, 10).sha256

    assert digest(TabSeparated(a)) == digest(TabSeparated(b))
    assert digest(TabSeparated(a)) != digest(TabSeparated(other))
    assert digest(TabSeparated(a)) != digest(TabSeparated(a, 2, 1))
    assert digest(ParallelFiles(a, other)) != digest(ParallelFiles(other, a))


def test_the_sum_of_each_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() + b"\n")
    found = Contents(tmp_path / "files").of(ParallelFiles(tmp_path / "a", tmp_path / "b"), 10)
    assert found.files == tuple((name, hashlib.sha256(f"{name}\n".encode()).hexdigest()) for name in ("a", "b"))


def test_pairs_without_files_are_told_apart_by_what_they_are(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "files")
    found = [
        contents.of(InMemory(pairs), 10)
        for pairs in ([Pair("a", "b")], [Pair("ab", "")], [Pair("a", "b")], [Pair("a", "b"), Pair("c", "d")])
    ]
    assert found[0] == found[2]
    assert len(set(found)) == 3
    assert found[0].lines is None


def test_the_lines_of_a_packed_file_are_not_known(tmp_path: Path) -> None:
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"a\tb\n" * 100))
    assert Contents(tmp_path / "files").of(TabSeparated(tmp_path / "c.gz"), 10).lines is None


def test_a_damaged_record_is_made_anew(tmp_path: Path) -> None:
    corpus = TabSeparated(old(tmp_path / "c.tsv", b"a\tb\n"))
    first = Contents(tmp_path / "files").of(corpus, 10)
    (record,) = (tmp_path / "files").iterdir()
    for content in ("", "[]", '{"stamp": 3}', "{"):
        record.write_text(content, encoding="utf-8")
        assert Contents(tmp_path / "files").of(corpus, 10) == first


def test_a_file_that_changes_while_it_is_read_stops(tmp_path: Path) -> None:
    path = old(tmp_path / "c.tsv", b"a\tb\n")

    def change(*_: object) -> None:
        path.write_bytes(b"a\tb\nc\td\n")

    with pytest.raises(CorpusError, match=r"c\.tsv: it was changed while it was read"):
        Contents(tmp_path / "files", on_progress=change).of(TabSeparated(path), 10)


def test_a_missing_file_stops(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file"):
        Contents(tmp_path / "files").of(TabSeparated(tmp_path / "nowhere"), 10)
