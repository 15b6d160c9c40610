"""`--csv`: a table is trained on, what was found out is said and kept, and headers elsewhere are pointed out."""

import csv
from pathlib import Path

import pytest

from tandem.recipe import load_recipe
from tests.support.console import Tandem
from tests.support.runs import number_pairs

PAIRS = number_pairs(40)
SMALL = [
    part
    for setting in ("model.hidden=8", "model.embedding=6", "training.epochs=1", "training.precision=float32")
    for part in ("--set", setting)
]


@pytest.fixture(autouse=True)
def table(elsewhere: Path) -> Path:
    """A table of three columns, as a spreadsheet writes it."""
    with (elsewhere / "pairs.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = [("id", "German", "English"), *((str(n), *pair) for n, pair in enumerate(PAIRS))]
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
    return elsewhere


def test_what_was_found_out_is_said_and_kept_in_the_recipe(tandem: Tandem, elsewhere: Path) -> None:
    found = tandem("train", "--csv", "pairs.csv", "--columns", "German,English", "--out", "run", *SMALL)
    assert found.code == 0
    assert found.out.count("pairs.csv: semicolon-separated, quoted, a header: columns 'German', 'English' of 3\n") == 1
    written = load_recipe("run/recipe.toml").data.train
    assert written.model_dump() == {
        "kind": "csv",
        "path": "pairs.csv",
        "source_column": "German",
        "target_column": "English",
        "separator": "semicolon",
        "header": True,
        "features_column": None,
    }
    again = tandem("train", "run/recipe.toml", "--out", "again")
    assert (again.code, "semicolon-separated" in again.out) == (0, False)

    measured = tandem("evaluate", "run", "--csv", "pairs.csv", "--beam", "1")
    assert measured.code == 0
    assert "40 pairs" in measured.out
    assert measured.apart_from_limits.err.endswith(
        "tandem: pairs.csv: semicolon-separated, quoted, a header: columns 'German', 'English' of 3\n"
    )
    scored = tandem("score", "run", "--csv", "pairs.csv")
    assert (scored.code, len(scored.lines)) == (0, 40)


def test_a_table_is_read_as_the_settings_say(tandem: Tandem, elsewhere: Path) -> None:
    (elsewhere / "t.csv").write_text("".join(f"{a},{b}\n" for a, b in [("de", "en"), *PAIRS]), encoding="utf-8")
    settings = ("--set", "data.train.header=false", "--set", "data.validation_fraction=0.1")
    found = tandem("train", "--csv", "t.csv", "--out", "run", *settings, *SMALL)
    assert "t.csv: comma-separated, no header: columns 1, 2; the first pair is 'de', 'en'\n" in found.out
    assert (found.code, "37 training pairs" in found.out) == (0, True)


def test_validation_tables_are_found_out_for_themselves(tandem: Tandem, elsewhere: Path) -> None:
    (elsewhere / "v.csv").write_text("".join(f"{n},{a},{b}\n" for n, (a, b) in enumerate(PAIRS[:9])), encoding="utf-8")
    arguments = ("--csv", "pairs.csv", "--columns", "2,3", "--validation-csv", "v.csv", "--out", "run")
    found = tandem("train", *arguments, *SMALL)
    assert "pairs.csv: semicolon-separated, quoted, a header: columns 'German', 'English' of 3\n" in found.out
    assert "v.csv: comma-separated, no header: columns 2, 3 of 3; the first pair is " in found.out
    assert (found.code, "40 training pairs" in found.out) == (0, True)


def test_a_header_that_would_be_trained_on_is_pointed_out(tandem: Tandem, elsewhere: Path) -> None:
    (elsewhere / "t.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in [("de", "en"), *PAIRS]), encoding="utf-8")
    found = tandem("train", "--tsv", "t.tsv", "--out", "run", *SMALL)
    said = "t.tsv: the first line, 'de', 'en', looks like a header, but is taken for a pair; if it is one, name the"
    assert (found.code, said in found.out) == (0, True)
    assert said in tandem("score", "run", "--tsv", "t.tsv").err


def test_what_is_wrong_with_a_table_is_a_sentence(tandem: Tandem, elsewhere: Path) -> None:
    (elsewhere / "t.csv").write_bytes(b"PK\x03\x04 and so on")
    found = tandem("train", "--csv", "t.csv", "--out", "run")
    assert found.code == 1
    assert found.err.startswith("tandem: t.csv: this is a ZIP archive, as .xlsx, .ods and .docx files are, not text. ")
    found = tandem("train", "--csv", "pairs.csv", "--columns", "Deutsch,English", "--out", "run")
    assert "the header has no column called 'Deutsch'; its columns are 'id', 'German', 'English'." in found.err
