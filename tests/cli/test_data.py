"""`tandem data get`: licence first, then every file, checked."""

import gzip
import hashlib
from pathlib import Path

import pytest

from tandem.data.named import NamedCorpus, NamedFile, default_folder
from tests.support.console import Tandem

CONTENT = {"a.de": b"eins\n", "a.en": b"one\n"}
TINY = NamedCorpus(
    "tiny",
    "A tiny corpus",
    "to be read first",
    "http://127.0.0.1:1/nowhere",
    tuple(NamedFile(name, len(text), hashlib.sha256(text).hexdigest()) for name, text in CONTENT.items()),
    {"train": ("a.de", "a.en")},
)


@pytest.fixture
def mirror(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tandem.data.named.NAMED", {"tiny": TINY})
    folder = elsewhere / "mirror"
    folder.mkdir()
    for name, text in CONTENT.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(text))
    return folder


@pytest.mark.parametrize("folder", [None, "here"])
def test_a_corpus_is_fetched_where_it_is_looked_for(folder: str | None, tandem: Tandem, mirror: Path) -> None:
    options = () if folder is None else ("--folder", folder)
    found = tandem("data", "get", "tiny", "--mirror", mirror, *options)
    assert (found.code, found.err) == (0, "")
    assert found.lines[:2] == ["A tiny corpus", "Licence: to be read first"]
    where = Path(folder) if folder else default_folder() / "tiny"
    assert found.lines[-1] == f"2 files in {where}"
    assert {name: (where / name).read_bytes() for name in CONTENT} == CONTENT


def test_a_damaged_file_is_refused(tandem: Tandem, mirror: Path) -> None:
    (mirror / "a.en.gz").write_bytes(gzip.compress(b"ono\n"))
    found = tandem("data", "get", "tiny", "--mirror", mirror)
    assert found.code == 1
    assert "a.en" in found.err
    assert "Traceback" not in found.err


def test_an_unknown_corpus_is_refused_with_the_known_ones(tandem: Tandem) -> None:
    found = tandem("data", "get", "wmt")
    assert found == (1, "", "tandem: There is no public corpus called 'wmt'; the known ones are: multi30k.\n")
