"""Compressed files of every kind read as what they hold; damaged ones and those that cannot be unpacked are told."""

import bz2
import gzip
import lzma
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.bulk.lines import file_lines
from tandem.corpora.pairs import load_pairs
from tandem.corpora.parallel_files import ParallelFiles
from tandem.corpora.public import named_corpus
from tandem.corpora.tab_separated import TabSeparated
from tandem.errors import CorpusError
from tandem.files.compression import DamagedFile, packing, unpacked
from tandem.preparation.contents import Contents

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = "".join(f"{n * n}\t{n}\n" for n in range(5000)).encode()
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzipped": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}
EVERY_PACKING = pytest.mark.parametrize("name", PACKERS)
SUFFIXES = {"gzipped": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"}


def content_of(packed: bytes, folder: Path) -> bytes:
    (folder / "packed").write_bytes(packed)
    with (folder / "packed").open("rb") as file:
        return unpacked(file).read()


@EVERY_PACKING
def test_what_was_packed_is_read(name: str, tmp_path: Path) -> None:
    packed = PACKERS[name](TEXT)
    assert packing(packed[:8]) == name
    assert content_of(packed, tmp_path) == TEXT
    path = tmp_path / "c.tsv"
    path.write_bytes(packed)
    assert len(list(TabSeparated(path))) == 5000
    assert list(file_lines(path)) == TEXT.decode().splitlines()
    assert Contents(tmp_path / "files").of(TabSeparated(path), 10).lines is None


@EVERY_PACKING
def test_streams_that_follow_each_other_are_one_file(name: str, tmp_path: Path) -> None:
    pack = PACKERS[name]
    assert content_of(pack(TEXT) + pack(b"") + pack(b"end"), tmp_path) == TEXT + b"end"


def test_padding_may_follow_xz(tmp_path: Path) -> None:
    packed = lzma.compress(TEXT)
    assert content_of(packed + bytes(8) + packed + bytes(4), tmp_path) == TEXT + TEXT


@EVERY_PACKING
@pytest.mark.parametrize("cut", [12, -30, -1])
def test_a_file_cut_short_is_told(name: str, cut: int, tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_bytes(PACKERS[name](TEXT)[:cut])
    message = rf"c\.tsv line \d+: the {name} file is damaged or cut short \(.*ended before .*\)\. Fetch"
    with pytest.raises(CorpusError, match=message):
        load_pairs(TabSeparated(tmp_path / "c.tsv"), on_error="drop")
    with pytest.raises(CorpusError, match=rf"c\.tsv: the {name} file is damaged or cut short"):
        list(file_lines(tmp_path / "c.tsv"))


@EVERY_PACKING
def test_a_damaged_file_is_told(name: str, tmp_path: Path) -> None:
    packed = bytearray(PACKERS[name](TEXT))
    for place in range(len(packed) // 2, len(packed) // 2 + 40):
        packed[place] ^= 0xFF
    with pytest.raises(DamagedFile, match=f"the {name} file is damaged or cut short"):
        content_of(bytes(packed), tmp_path)


@EVERY_PACKING
def test_a_line_without_end_is_not_held_in_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_bytes(PACKERS[name](b"a\tb\n" + bytes(32 << 20)))
    tracemalloc.start()
    try:
        assert load_pairs(TabSeparated(tmp_path / "c.tsv"), on_error="drop").dropped.too_long == 1
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_xz_that_needs_much_memory_is_refused(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(b"a\tb\n"))
    # The block's header: its size, flags, the filter LZMA2 (0x21) with one byte of properties, padding, its CRC-32.
    assert packed[14:16] == b"\x21\x01"
    packed[16] = 38  # a dictionary of 2 GiB
    packed[20:24] = zlib.crc32(packed[12:20]).to_bytes(4, "little")
    (tmp_path / "c.tsv").write_bytes(packed)
    with pytest.raises(CorpusError, match="Memory usage limit exceeded"):
        list(TabSeparated(tmp_path / "c.tsv"))


def test_without_the_package_zstd_files_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "c.tsv").write_bytes(zstd.compress(TEXT))
    message = r'c\.tsv: this file is compressed with zstd.*pip install "tandem-seq2seq\[zst\]", or unpack the file'
    with pytest.raises(CorpusError, match=message):
        list(TabSeparated(tmp_path / "c.tsv"))


@EVERY_PACKING
def test_a_known_corpus_may_be_packed(name: str, tmp_path: Path) -> None:
    for language in ("de", "en"):
        (tmp_path / f"val.{language}{SUFFIXES[name]}").write_bytes(PACKERS[name](b"x\n"))
    corpus = named_corpus("multi30k", "validation", tmp_path)
    assert isinstance(corpus, ParallelFiles)
    assert list(corpus) == [("x", "x")]
