"""A corpus as ids on disk: what is written is what is mapped."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.data.encoded import EncodedCorpus, open_side, write_side
from tests.support.corpora import corpus, side

sentences = st.lists(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=9), min_size=1, max_size=12)


@settings(max_examples=25)  # each writes files
@given(sentences)
def test_what_is_written_is_what_is_read(written: list[list[int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_side(written, Path(folder) / "train" / "source")
        read = open_side(Path(folder) / "train" / "source")
        assert len(read) == len(written)
        assert read.lengths.tolist() == [len(sentence) for sentence in written]
        assert [
            read.ids[start:end].tolist() for start, end in zip(read.offsets[:-1], read.offsets[1:], strict=True)
        ] == written
        del read  # a mapped file cannot be removed everywhere


def test_ids_are_mapped_into_memory_and_not_read(tmp_path: Path) -> None:
    write_side(([2, word, 3] for word in range(100)), tmp_path / "source")
    read = open_side(tmp_path / "source")
    assert isinstance(read.ids, np.memmap)
    assert read.ids.dtype == np.int32
    assert read.offsets.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        read.ids[0] = 7


def test_two_sides_lie_in_files_of_their_own(tmp_path: Path) -> None:
    write_side([[1, 2]], tmp_path / "de.source")
    write_side([[3], [4]], tmp_path / "de.target")
    assert {path.name for path in tmp_path.iterdir()} == {
        "de.source.ids.npy",
        "de.source.offsets.npy",
        "de.target.ids.npy",
        "de.target.offsets.npy",
    }
    assert len(open_side(tmp_path / "de.source")) == 1
    assert len(open_side(tmp_path / "de.target")) == 2


def test_files_that_are_not_arrays_are_not_unpickled(tmp_path: Path) -> None:
    write_side([[1, 2]], tmp_path / "source")
    np.save(tmp_path / "source.ids.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError):
        open_side(tmp_path / "source")


def test_target_tokens_are_all_but_each_first() -> None:
    pairs = corpus([([5], [6, 7]), ([5, 5, 5], []), ([5], [8])])
    assert len(pairs) == 3
    assert pairs.target_tokens == 3 + 1 + 2  # words and <eos>
    assert EncodedCorpus(side([[2, 3]]), side([[2, 9, 3]])).target_tokens == 2
