"""`tandem data get`: licence first, then every file, checked."""

import gzip
import hashlib
import os
from datetime import datetime
from pathlib import Path

import pytest

from tandem.corpora.public import PublicCorpus, PublicFile, default_folder
from tandem.files.locks import lock
from tandem.preparation.cache import corpora_in, default_cache, lock_of
from tests.support.console import Tandem
from tests.support.runs import number_pairs

YEAR = 86_400 * 365
"""Seconds: as a time stamp, the end of 1970."""
CONTENT = {"a.de": b"eins\n", "a.en": b"one\n"}
TINY = PublicCorpus(
    "tiny",
    "A tiny corpus",
    "to be read first",
    "http://127.0.0.1:1/nowhere",
    tuple(PublicFile(name, len(text), hashlib.sha256(text).hexdigest()) for name, text in CONTENT.items()),
    {"train": ("a.de", "a.en")},
)


@pytest.fixture
def mirror(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tandem.corpora.public.PUBLIC", {"tiny": TINY})
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


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that is not there yet, and no other test's."""
    monkeypatch.setenv("TANDEM_CACHE", str(tmp_path / "own-cache"))
    return default_cache()


def prepared(cache: Path, digit: str) -> Path:
    """A folder as of a prepared corpus, and what is remembered of one of its files."""
    key = digit * 32
    folder = corpora_in(cache) / key
    folder.mkdir(parents=True)
    (folder / "train.source.ids").write_bytes(b"ids")
    (cache / "files").mkdir(exist_ok=True)
    (cache / "files" / f"{key}.json").write_text("{}", encoding="utf-8")
    return folder


def test_clearing_the_cache_removes_what_tandem_put_there_alone(own_cache: Path, tandem: Tandem) -> None:
    for digit in "01":
        prepared(own_cache, digit)
    foreign = [own_cache / "thesis" / "t.txt", corpora_in(own_cache) / "x" / "f", own_cache / "files" / "notes.json"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("work", encoding="utf-8")
    found = tandem("data", "cache", "--clear")
    assert (found.code, found.err) == (0, "")
    assert found.lines[-2:] == [
        f"2 prepared corpora, 0.0 MB in {own_cache}",
        f"after removing: 0 prepared corpora, 0.0 MB in {own_cache}",
    ]
    assert sorted(path for path in own_cache.rglob("*") if path.is_file()) == sorted(foreign)


def test_an_own_cache_is_cleared_whole(own_cache: Path, tandem: Tandem) -> None:
    prepared(own_cache, "0")
    assert tandem("data", "cache", "--clear").code == 0
    assert not own_cache.exists()


def test_unfinished_preparations_are_listed_and_removed_alone(own_cache: Path, tandem: Tandem) -> None:
    whole, left, busy = (prepared(own_cache, digit) for digit in "012")
    (whole / "prepared.json").write_text('{"name": "whole.de", "pairs": 7}', encoding="utf-8")
    for folder in (left, busy):
        (folder / "begun.json").write_text('["left.de", []]', encoding="utf-8")
        folder.rename(folder.with_name(f"{folder.name}.partial"))
    stopped = left.with_name(f"{left.name}.partial")
    for path in (stopped, *stopped.iterdir()):
        os.utime(path, (YEAR, YEAR))
    (own_cache / "locks").mkdir()
    with lock(lock_of(own_cache, busy.name), print):
        listed = tandem("data", "cache")
        found = tandem("data", "cache", "--clear-unfinished")
    rows = sorted([cell.strip() for cell in line.split("│")] for line in listed.lines if "│" in line)
    assert [row[:2] for row in rows] == [["left.de", "under way"], ["left.de", "unfinished"], ["whole.de", "7"]]
    assert rows[1][3] == datetime.fromtimestamp(YEAR).astimezone().strftime("%Y-%m-%d %H:%M")
    assert found.code == 1
    assert "it is being prepared" in found.err
    assert sorted(path.name for path in corpora_in(own_cache).iterdir()) == [whole.name, f"{busy.name}.partial"]


def test_what_is_being_prepared_or_mixed_is_not_called_removed(own_cache: Path, tandem: Tandem) -> None:
    busy, mixed = prepared(own_cache, "0"), prepared(own_cache, "1")
    (mixed / "notes.txt").write_text("work", encoding="utf-8")
    (own_cache / "locks").mkdir()
    with lock(lock_of(own_cache, busy.name), print):
        found = tandem("data", "cache", "--clear")
    assert found.code == 1
    assert f"{busy}: it is being prepared" in found.err
    assert f"{mixed}: there is something in it that Tandem did not put there" in found.err
    assert (busy / "train.source.ids").exists()
    assert [path.name for path in mixed.iterdir()] == ["notes.txt"]


def test_shards_are_prepared_for_a_recipe_and_found_by_it_again(tandem: Tandem) -> None:
    for number in range(3):
        pairs = number_pairs(30, seed=number)
        for side, ending in enumerate(("de", "en")):
            lines = "".join(f"{pair[side]}\n" for pair in pairs)
            Path(f"t.{number}.{ending}.gz").write_bytes(gzip.compress(lines.encode()))
    Path("shards.toml").write_text('[data]\ntrain = { source = "t.*.de.gz", target = "t.*.en.gz" }\n', encoding="utf-8")
    first, again = (tandem("data", "prepare", "shards.toml", "--set", "text.target.min_count=2") for _ in range(2))
    assert first.code == again.code == 0, first.err
    folder = Path(first.lines[-1].split("training pairs are prepared in ")[1])
    assert folder.parent == corpora_in(default_cache())
    assert again.lines[-1] == first.lines[-1]
    assert f"prepared before, in {folder}" in again.out + again.err
    Path("t.2.en.gz").unlink()
    missing = tandem("data", "prepare", "shards.toml")
    assert missing.code == 1
    assert "t.2.de.gz: no file of t.*.en.gz matches it" in missing.err
