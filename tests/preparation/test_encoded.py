"""A corpus as ids on disk: what is written is what is mapped."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.preparation.encoded import EncodedCorpus, EncodedSide, SideWriter, open_side
from tests.support.corpora import corpus, side

sentences = st.lists(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=9), min_size=1, max_size=12)


def add(writer: SideWriter, written: list[list[int]]) -> None:
    encoded = side(written)
    writer.add(encoded.ids, encoded.lengths)


def read(path: Path) -> list[list[int]]:
    found = open_side(path)
    bounds = zip(found.offsets[:-1], found.offsets[1:], strict=True)
    return [found.ids[start:end].tolist() for start, end in bounds]


@settings(max_examples=25)  # each writes files
@given(st.lists(sentences, min_size=1, max_size=4), st.data())
def test_what_is_written_is_what_is_read_also_by_a_writer_that_goes_on(
    parts: list[list[list[int]]], data: st.DataObject
) -> None:
    written = [sentence for part in parts for sentence in part]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train" / "source"
        writer = SideWriter(path)
        for part in parts:
            add(writer, part)
        writer.close()
        assert read(path) == written
        kept = data.draw(st.integers(0, len(written)))
        writer = SideWriter(path, kept)
        assert (writer.sentences, writer.tokens) == (kept, sum(map(len, written[:kept])))
        add(writer, parts[0])
        writer.flush()
        assert read(path) == [*written[:kept], *parts[0]]
        writer.close()


def test_ids_are_mapped_into_memory_and_not_read(tmp_path: Path) -> None:
    writer = SideWriter(tmp_path / "source")
    add(writer, [[2, word, 3] for word in range(100)])
    writer.close()
    found = open_side(tmp_path / "source")
    assert isinstance(found.ids, np.memmap)
    assert isinstance(found.offsets, np.memmap)
    assert (found.ids.dtype, found.offsets.dtype) == (np.int32, np.int64)
    with pytest.raises(ValueError, match="read-only"):
        found.ids[0] = 7
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {
        "source.ids": 1200,
        "source.offsets": 808,
    }


def test_runs_of_rows_are_taken_from_mapped_files_as_from_memory(tmp_path: Path) -> None:
    """Of a file of many pages, at whose bounds no run begins or ends, and with an empty sentence at the end."""
    written = side([[2, *range(row % 7), 3] for row in range(20_000)] + [[]])
    writer = SideWriter(tmp_path / "source")
    writer.add(written.ids, written.lengths)
    writer.close()
    mapped = open_side(tmp_path / "source")
    runs = [slice(19_990, 20_001), slice(0, 3), *(slice(start, start + 9) for start in range(7, 19_000, 451))]
    own, expected = mapped.taken(runs), written.taken(runs)
    assert own.ids.tolist() == expected.ids.tolist()
    assert own.offsets.tolist() == expected.offsets.tolist()
    assert own.ids[:2].tolist() == written.ids[written.offsets[19_990] :][:2].tolist()


def test_a_side_is_made_of_ids_and_lengths() -> None:
    made = EncodedSide.of(np.array([5, 6, 7], np.int32), np.array([1, 2]))
    assert (len(made), made.lengths.tolist(), made.lengths_of(np.array([1])).tolist()) == (2, [1, 2], [2])


def test_target_tokens_are_all_but_each_first() -> None:
    pairs = corpus([([5], [6, 7]), ([5, 5, 5], []), ([5], [8])])
    assert len(pairs) == 3
    assert pairs.target_tokens == 3 + 1 + 2  # words and <eos>
    assert EncodedCorpus(side([[2, 3]]), side([[2, 9, 3]])).target_tokens == 2


@given(st.integers(1, 200), st.integers(1, 20), st.integers(1, 300))
def test_blocks_are_all_of_a_corpus_or_a_part_from_all_over(count: int, size: int, most: int) -> None:
    one = side([[2, 3]] * count)
    blocks = list(EncodedCorpus(one, one).blocks(size, most))
    rows = [row for block in blocks for row in range(count)[block]]
    assert len(set(rows)) == len(rows)
    if count <= most:
        assert rows == list(range(count))
    else:
        assert 0 < len(rows) <= max(most, size)
        assert rows[0] == 0
        assert len(blocks) == 1 or rows[-1] == count - 1
