"""Files of lines are read whatever their packing and line ends, and never held whole."""

import gzip
import os
import re
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tandem.bulk.lines import file_lines
from tandem.corpora.json_lines import JsonLines
from tandem.corpora.pairs import load_pairs
from tandem.corpora.parallel_files import ParallelFiles
from tandem.corpora.spreadsheets import open_csv
from tandem.corpora.tab_separated import TabSeparated
from tandem.errors import CorpusError
from tandem.files.lines import check_read_again, read_lines

needs_pipes = pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")


def parallel(folder: Path, source: bytes, target: bytes) -> ParallelFiles:
    (folder / "t.de").write_bytes(source)
    (folder / "t.en").write_bytes(target)
    return ParallelFiles(folder / "t.de", folder / "t.en")


def tabs(folder: Path, content: bytes, source: int | str = 1, target: int | str = 2) -> TabSeparated:
    (folder / "c.tsv").write_bytes(content)
    return TabSeparated(folder / "c.tsv", source, target)


def test_a_plain_file_may_be_called_gz(tmp_path: Path) -> None:
    (tmp_path / "c.tsv.gz").write_text("a\tb\n")
    assert list(TabSeparated(tmp_path / "c.tsv.gz")) == [("a", "b")]


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    assert list(tabs(tmp_path, gzip.compress(b"a\t") + gzip.compress(b"b\nc\td"))) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (b"x\r\ny\r\n", b"1\r\n2\r\n"),
        (b"x\ny\n", b"1\r\n2"),
        (b"\xef\xbb\xbfx\ny", b"\xef\xbb\xbf1\r\n2\r\n"),
        (gzip.compress(b"\xef\xbb\xbfx\r\ny"), b"1\n2"),
    ],
    ids=["crlf", "no last line end", "byte order mark", "gzipped byte order mark"],
)
def test_line_ends_and_byte_order_marks_are_not_text(source: bytes, target: bytes, tmp_path: Path) -> None:
    assert list(parallel(tmp_path, source, target)) == [("x", "1"), ("y", "2")]


@pytest.mark.parametrize("cut", [11, 25, -9, -1])
def test_a_gzip_file_cut_short_stops(cut: int, tmp_path: Path) -> None:
    packed = gzip.compress("".join(f"{n * n}\t{n}\n" for n in range(500)).encode())
    with pytest.raises(CorpusError, match=r"c\.tsv line \d+: the gzipped file is damaged or cut short .* again"):
        list(tabs(tmp_path, packed[:cut]))


def test_a_damaged_gzip_file_stops(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress("".join(f"{n * n}\t{n}\n" for n in range(500)).encode()))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(CorpusError, match="the gzipped file is damaged"):
        list(tabs(tmp_path, bytes(packed)))


def test_a_missing_file_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.en").write_text("a\n")
    with pytest.raises(CorpusError, match=r"t\.de: there is no such file\. Check the path"):
        list(ParallelFiles(tmp_path / "t.de", tmp_path / "t.en"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError) as caught:
        list(TabSeparated(Path("c.tsv")))
    assert f"c.tsv: there is no such file (looked for in {tmp_path})" in str(caught.value)


@needs_pipes
def test_a_pipe_is_read_once_where_somebody_writes_to_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # else its writer would wait
    writer = os.open(pipe, os.O_WRONLY)
    lines = file_lines(pipe)
    with ThreadPoolExecutor() as beside:
        found = beside.submit(list, lines)
        for text in (b"eins\n", b"zwei\n"):
            os.write(writer, gzip.compress(text))
        os.close(writer)
        assert found.result() == ["eins", "zwei"]
    os.close(reader)


@needs_pipes
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (file_lines, lambda path: read_lines(path, 100)):
        with pytest.raises(CorpusError, match="pipe: nobody writes to this pipe, or it was read before"):
            list(read(tmp_path / "pipe"))


@needs_pipes
def test_a_device_is_not_read() -> None:
    with pytest.raises(CorpusError, match=r"^/dev/zero: this is a device, but a file is needed\. Write what it gives"):
        list(file_lines(Path("/dev/zero")))


@needs_pipes
def test_what_is_read_again_must_be_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match=r"pipe: must be an ordinary file: it is read more than once"):
        open_csv(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "nothing"):
        check_read_again(path)  # whoever opens it says what is wrong


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"this is a folder, but a file is needed\. Name a file in it"):
        list(JsonLines(tmp_path))


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04", r"this is a ZIP archive, as \.xlsx, \.ods .* are, not text\. Open it .* save the table as CSV"),
        (b"\x89PNG\r\n\x1a\n", r"this is a PNG picture, not text\. Check the path"),
        (b"PAR1", "this is a Parquet file, not text"),
    ],
)
def test_what_is_no_text_is_told_by_its_kind(start: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=rf"c\.tsv: {what}"):
        load_pairs(tabs(tmp_path, start + b"\x00\xff\n" * 9), on_error="drop")
    with pytest.raises(CorpusError, match=rf"c\.tsv: {what}"):
        list(file_lines(tmp_path / "c.tsv"))


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_stops(content: bytes, tmp_path: Path) -> None:
    for corpus in (
        parallel(tmp_path, b"x\n", content),
        tabs(tmp_path, content),
        tabs(tmp_path, content, "a", "b"),
    ):
        with pytest.raises(CorpusError, match=r"(t\.en|c\.tsv): the file is empty, but a corpus needs"):
            load_pairs(corpus, on_error="drop")


@pytest.mark.parametrize(
    ("line", "byte"), [(b"sch\xf6n\tnice", "byte 4 of the line (0xf6)"), (b"\xc3\t\x9f", "byte 1 of the line (0xc3)")]
)
def test_bytes_that_are_not_utf8_follow_the_policy(line: bytes, byte: str, tmp_path: Path) -> None:
    corpus = tabs(tmp_path, b"gut\tgood\n" + line + b"\nja\tyes\n")
    said = f"c.tsv line 2: {byte} is not UTF-8. Save the file as UTF-8, for example with iconv."
    with pytest.raises(CorpusError, match=re.escape(f'{said} Or leave such pairs out with data.on_error = "drop"')):
        load_pairs(corpus)
    loaded = load_pairs(corpus, on_error="drop")
    assert loaded.pairs == [("gut", "good"), ("ja", "yes")]
    assert loaded.dropped.unreadable == 1
    assert loaded.dropped.first.endswith(said)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_stops_whatever_the_policy(encoding: str, tmp_path: Path) -> None:
    content = "\ufeffgut\tgood\nja\tyes\n".encode(encoding)
    with pytest.raises(CorpusError, match=r"line 1: byte 1 .* It looks like UTF-16"):
        load_pairs(tabs(tmp_path, content), on_error="drop")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last_end", [b"", b"\n", b"\r\n"])
def test_the_limit_counts_the_bytes_of_the_text_alone(mark: bytes, end: bytes, last_end: bytes, tmp_path: Path) -> None:
    lengths = [5, *range(12), 4, 6, 5]
    for first, last in ((5, 5), (6, 6), (12, 12)):
        texts = ["x" * length for length in (first, *lengths, last)]
        (tmp_path / "t").write_bytes(mark + end.join(text.encode() for text in texts) + last_end)
        expected = [text if len(text) <= 5 else None for text in texts]
        assert list(read_lines(tmp_path / "t", 5)) == expected


@pytest.mark.parametrize("length", [1_000_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_a_line_of_a_million_characters_is_one_too_long_pair(length: int, tmp_path: Path) -> None:
    giant = b"x" * length
    for source in (b"a\n" + giant + b"\nc\n", b"a\n" + giant + b"\r\nc"):
        loaded = load_pairs(parallel(tmp_path, source, b"1\n2\n3\n"), on_error="drop")
        assert loaded.pairs == [("a", "1"), ("c", "3")]
        assert loaded.dropped.too_long == 1
        assert "t.de line 2: the text is longer than" in loaded.dropped.first
    for content in (giant + b"\t1\na\tb\n", b"a\tb\n" + giant + b"\t1", b"a\tb\n" + giant + b"\t1\n"):
        assert load_pairs(tabs(tmp_path, content), on_error="drop").pairs == [("a", "b")]
    assert len(load_pairs(tabs(tmp_path, giant + b"\t1"), max_characters=3_000_000).pairs[0].source) == length


def test_a_line_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    packed = gzip.compress(b"a\tb\n" + b"x" * (64 << 20), compresslevel=1)
    corpus = tabs(tmp_path, packed)
    del packed
    tracemalloc.start()
    try:
        loaded = load_pairs(corpus, on_error="drop")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert loaded.dropped.too_long == 1
    assert peak < 16 << 20
