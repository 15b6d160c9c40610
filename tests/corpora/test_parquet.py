"""A Parquet file is a corpus that is read batch by batch; what cannot be read is a fault or a sentence."""

import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from tandem.corpora.pairs import load_pairs
from tandem.corpora.parquet import ParquetFile
from tandem.errors import CorpusError

PAIRS = [(f"quelle {n}", f"target {n}") for n in range(5000)]


def write(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    parquet.write_table(pyarrow.table(columns), folder / "c.parquet", **options)
    return folder / "c.parquet"


@pytest.mark.parametrize("options", [{}, {"row_group_size": 700}, {"compression": "zstd", "use_dictionary": False}])
def test_all_pairs_come_in_order(tmp_path: Path, options: dict[str, Any]) -> None:
    sources, targets = zip(*PAIRS, strict=True)
    corpus = ParquetFile(write(tmp_path, {"target": targets, "id": range(5000), "source": sources}, **options))
    assert list(corpus) == PAIRS
    assert list(corpus) == PAIRS
    assert list(ParquetFile(corpus.path, "target", "source"))[-1] == PAIRS[-1][::-1]


def test_columns_may_be_large_categories_or_inside_of_others(tmp_path: Path) -> None:
    nested = [{"de": "Hund", "en": "dog"}, {"de": "Maus", "en": "mouse"}]
    large = pyarrow.array(["Hund", "Maus"], pyarrow.large_string())
    path = write(tmp_path, {"pair": nested, "large": large, "animal": large.dictionary_encode(), "a.b": ["x", "y"]})
    assert list(ParquetFile(path, "pair.de", "pair.en")) == [("Hund", "dog"), ("Maus", "mouse")]
    assert list(ParquetFile(path, "large", "animal")) == [("Hund", "Hund"), ("Maus", "Maus")]
    assert list(ParquetFile(path, "a.b", "pair.en")) == [("x", "dog"), ("y", "mouse")]


def test_nulls_blank_long_and_undecodable_texts_are_faulty_pairs(tmp_path: Path) -> None:
    broken = pyarrow.array([b"Hund", b"\xff", b"Katze", None, b" ", b"Igel"]).view(pyarrow.string())
    path = write(tmp_path, {"source": broken, "target": ["dog", "mouse", None, "cow", "pig", "h" * 30]})
    loaded = load_pairs(ParquetFile(path), on_error="drop", max_characters=20)
    assert loaded.pairs == [("Hund", "dog")]
    dropped = loaded.dropped
    assert (dropped.total, dropped.unreadable, dropped.empty, dropped.too_long) == (6, 3, 1, 1)
    assert dropped.first.startswith(f"{path} row 2: byte 1 of the line (0xff) is not UTF-8.")
    with pytest.raises(CorpusError, match=r"c\.parquet row 1: 'source' is of type int, but must be a string"):
        list(ParquetFile(write(tmp_path, {"source": [1], "target": ["a"]})))
    with pytest.raises(CorpusError, match="there are no pairs"):
        load_pairs(ParquetFile(write(tmp_path, {"source": pyarrow.array([], "string"), "target": [""][:0]})))


@pytest.mark.parametrize(
    ("column", "columns"),
    [("de", "'source', 'pair'"), ("pair.fr", "'pair.de'"), ("source.x", "none there"), ("pair.de.x", "none there")],
)
def test_a_column_that_is_missing_is_named_with_the_others(tmp_path: Path, column: str, columns: str) -> None:
    path = write(tmp_path, {"source": ["a"], "pair": [{"de": "Hund"}]})
    message = f"c.parquet: there is no column '{column}'; the columns are: {columns}. Name two of these"
    with pytest.raises(CorpusError, match=message):
        list(ParquetFile(path, "source", column))


def test_damage_anywhere_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, {"source": [p[0] for p in PAIRS], "target": [p[1] for p in PAIRS]}, compression="gzip")
    content = path.read_bytes()
    for damaged in (
        content[:-9],
        content[: len(content) // 2],
        content[:4],
        content[:100] + b"\0" * 400 + content[500:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(
            CorpusError, match=r"c\.parquet: the Parquet file is damaged or cut short \(.*\)\. Fetch it"
        ):
            list(ParquetFile(path))
    for other, said in ((b"", "Check the path"), (b"Hund\tdog\n", "Check the path"), (b"\x1f\x8b\x08", "Unpack it")):
        path.write_bytes(other)
        with pytest.raises(CorpusError, match=rf"c\.parquet: this is not a Parquet file\. .*{said}"):
            list(ParquetFile(path))
    with pytest.raises(CorpusError, match=r"none\.parquet: there is no such file"):
        list(ParquetFile(tmp_path / "none.parquet"))


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, {"source": ["a"], "target": ["b"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CorpusError, match=r'pip install "tandem-seq2seq\[parquet\]"'):
        list(ParquetFile(path))


def test_a_column_whose_name_is_damaged_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, {"source": ["a"], "target": ["b"]}, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"target", b"targe\xff"))
    with pytest.raises(CorpusError, match="damaged or cut short"):
        list(ParquetFile(path))
