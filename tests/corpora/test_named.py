"""Named corpora are found where they may lie, and the error says where they were looked for."""

import gzip
import os
from pathlib import Path

import pytest

from tandem.corpora.download import fetch
from tandem.corpora.pairs import load_pairs
from tandem.corpora.public import PUBLIC, default_folder, lookup, named_corpus
from tandem.errors import CorpusError


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TANDEM_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))


def put(folder: Path, ending: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("val.de", "val.en"):
        text = f"{folder} {name}\n".encode()
        (folder / f"{name}{ending}").write_bytes(gzip.compress(text) if ending else text)
    return folder


def test_every_split_names_files_of_its_corpus() -> None:
    for name, corpus in PUBLIC.items():
        assert corpus.name == name
        files = {file.name for file in corpus.files}
        assert {file for split in corpus.splits.values() for file in split} == files
        assert len({file.sha256 for file in corpus.files}) == len(files)
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in corpus.files)


def test_places_are_looked_through_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_DATA", str(tmp_path / "env"))
    given = tmp_path / "given"
    for place in (default_folder() / "multi30k", tmp_path / "env", tmp_path / "env" / "multi30k", given):
        put(place)
        assert named_corpus("multi30k", "validation", given).source == place / "val.de"
    assert named_corpus("multi30k", "validation").source == tmp_path / "env" / "multi30k" / "val.de"


def test_gzipped_files_do(tmp_path: Path) -> None:
    corpus = named_corpus("multi30k", "validation", put(tmp_path, ".gz"))
    assert list(corpus) == [(f"{tmp_path} val.de", f"{tmp_path} val.en")]


def test_a_place_with_one_side_only_does_not(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "val.en").unlink()
    with pytest.raises(CorpusError, match="not on this machine"):
        named_corpus("multi30k", "validation", tmp_path)


def test_where_nothing_is_the_error_says_places_and_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_DATA", str(tmp_path / "env"))
    with pytest.raises(CorpusError, match="`tandem data get multi30k`") as caught:
        named_corpus("multi30k", "train", tmp_path / "given")
    for place in ("given", "given/multi30k", "env", "env/multi30k", "xdg/tandem/data/multi30k"):
        assert str(tmp_path / place) in str(caught.value)
    assert "train.de and train.en" in str(caught.value)


def test_unknown_names_and_splits_stop_with_the_known_ones() -> None:
    with pytest.raises(CorpusError, match="no public corpus called 'multi30'; the known ones are: multi30k"):
        lookup("multi30")
    with pytest.raises(CorpusError, match="no split 'dev'; it has: train, validation, test"):
        named_corpus("multi30k", "dev")


def test_the_default_folder_follows_the_xdg_specification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_folder() == tmp_path / "xdg" / "tandem" / "data"
    home = Path.home() / ".local" / "share" / "tandem" / "data"
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_DATA_HOME", ignored)
        assert default_folder() == home


SHARED = Path(os.environ.get("TANDEM_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")


@pytest.mark.shared_data
def test_the_real_files_are_the_known_ones(tmp_path: Path) -> None:
    folder = SHARED / "multi30k"
    if not folder.is_dir():
        pytest.skip(f"needs Multi30k in {SHARED}")
    fetch(PUBLIC["multi30k"], tmp_path, mirror=str(folder))
    counts = {"train": 29_000, "validation": 1_014, "test": 1_000}
    for split, count in counts.items():
        assert load_pairs(named_corpus("multi30k", split, tmp_path)).dropped.message() == f"kept all {count:,} pairs"
