"""A first row that looks like names of columns is noticed; pairs are not taken for one."""

from pathlib import Path

import pytest

from tandem.corpora.headers import looks_like_header
from tandem.corpora.memory import InMemory
from tandem.corpora.parallel_files import ParallelFiles
from tandem.corpora.spreadsheets import open_csv
from tandem.corpora.tab_separated import TabSeparated

WORDS = [("Hund", "dog"), ("Katze", "cat"), ("ja", "yes")]
DATES = [(f"{day}th of May 1999", f"1999-05-{day}") for day in range(10, 20)]
MAILS = [(f"Anna {name}", f"{name}@x.org") for name in ("Bär", "Cox", "Day", "Eco", "Fox", "Gay")]


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (("source", "target"), WORDS),
        (("de", "en"), WORDS),
        (("German", "English"), WORDS),
        (("Deutsch", "Englisch"), WORDS),
        (("Source text", "target_text"), WORDS),
        (("word", "IPA"), []),
        (("Singular", "Plural"), WORDS),
        (("long form", "short one"), DATES),
        (("who", "where to"), MAILS),
        (("romaji", "kana"), [("neko", "ねこ"), ("inu", "いぬ"), ("tori", "とり"), ("mizu", "みず"), ("hi", "ひ")]),
    ],
)
def test_names_of_columns_are_noticed(first: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    assert looks_like_header(first, rows)


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (("Maus", "mouse"), WORDS),
        (("de", "de"), WORDS),
        (("word", "Maus"), WORDS),
        (("in", "out"), [("old", "new"), ("right", "wrong")]),
        (("German", "Deutsch"), [("French", "français"), ("Danish", "dansk")]),
        (("3rd of May 1999", "1999-05-03"), DATES),
        (("today", "1999-05-03"), DATES),
        (("source " * 20, "target"), WORDS),
        (("source", " "), WORDS),
        (("a", "b"), DATES[:4]),
    ],
)
def test_pairs_are_no_header(first: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    assert not looks_like_header(first, rows)


def test_a_header_that_is_taken_for_a_pair_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_text("word\tsounds\nHund\tdog\n", encoding="utf-8")
    assert TabSeparated(tmp_path / "c.tsv").warnings() == [
        "c.tsv: the first line, 'word', 'sounds', looks like a header, but is taken for a pair; if it is one, name the "
        "columns: --columns word,sounds"
    ]
    assert TabSeparated(tmp_path / "c.tsv", "word", "sounds").warnings() == []
    for name, text in (("a.de", "German\nHund\n"), ("a.en", "English\ndog\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert ParallelFiles(tmp_path / "a.de", tmp_path / "a.en").warnings() == [
        "a.de and a.en: the first line, 'German', 'English', looks like a header, but is taken for a pair; if it is "
        "one, remove it from both files"
    ]
    assert InMemory([("de", "en"), ("Hund", "dog")]).warnings() == []


def test_more_than_two_columns_are_told(tmp_path: Path) -> None:
    path = tmp_path / "c.tsv"
    path.write_text("word\tsounds\tcode\nHund\tdog\tx\nKatze\tcat\ty\n", encoding="utf-8")
    assert TabSeparated(path).warnings() == [
        "c.tsv: columns 1 and 2 of 3 are read; choose others with --columns",
        "c.tsv: the first line, 'word', 'sounds', looks like a header, but is taken for a pair; if it is one, name two "
        "of its columns, 'word', 'sounds', 'code': --columns SOURCE,TARGET",
    ]
    assert TabSeparated(path, 1, 3).warnings()[1:] == []
    assert TabSeparated(path, "word", "code").warnings() == []


def test_sources_that_only_count_are_told(tmp_path: Path) -> None:
    said = "the sources are numbers that count the pairs; if they are not what is to be translated, choose other "
    rows = [f"{number},word {number},x" for number in range(7, 20)]
    for name, text in (("c.csv", rows), ("c.tsv", [row.replace(",", "\t") for row in rows])):
        (tmp_path / name).write_text("\n".join(text) + "\n", encoding="utf-8")
    for corpus in (open_csv(tmp_path / "c.csv"), TabSeparated(tmp_path / "c.tsv")):
        assert corpus.warnings()[0] == f"{corpus.name}: {said}columns with --columns"
    for corpus in (open_csv(tmp_path / "c.csv", 2, 1), TabSeparated(tmp_path / "c.tsv", 2, 1)):
        assert not any(said in warning for warning in corpus.warnings())
    for name in ("n.src", "n.tgt"):
        (tmp_path / name).write_text("".join(f"{number}\n" for number in range(20)), encoding="utf-8")
    assert ParallelFiles(tmp_path / "n.src", tmp_path / "n.tgt").warnings() == []  # there are no other columns
    (tmp_path / "c.tsv").write_text("1\teins\n2\tzwei\n4\tvier\n5\tfünf\n7\tsieben\n", encoding="utf-8")
    assert TabSeparated(tmp_path / "c.tsv").warnings() == []


def test_a_spreadsheet_s_quotes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "c.tsv"
    path.write_text('"Hund"\t"dog"\n"Katze"\t"cat"\n', encoding="utf-8")
    assert TabSeparated(path).warnings() == [
        "c.tsv: its texts stand in quotes, which are taken for part of them; if a spreadsheet wrote the file, give "
        f"--csv {path} instead of --tsv"
    ]
    path.write_text('"Ja"\tyes\nHund\tdog\n', encoding="utf-8")
    assert TabSeparated(path).warnings() == []
