"""CSV files as spreadsheets write them: what was written is read, found out and told; a faulty row costs itself."""

import csv
import io
import random
import tracemalloc
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.corpora.pairs import Fault, Pair, load_pairs
from tandem.corpora.spreadsheets import CsvFile, open_csv
from tandem.errors import CorpusError

CHARACTERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "c.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def table(rows: list[list[str]], **dialect: Any) -> str:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows(rows)
    return text.getvalue()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff"), min_size=1).filter(
    lambda text: bool(text.strip()) and text[0] != " "
)


@given(
    st.lists(st.tuples(texts, texts), min_size=1),
    st.sampled_from(["comma", "semicolon", "tab"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_what_a_writer_of_csv_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[str, str]],
    separator: Literal["comma", "semicolon", "tab"],
    quoting: Any,
    line_end: str,
    encoding: str,
    header: bool,
) -> None:
    rows = [["de", "en"]] * header + [list(pair) for pair in pairs]
    text = table(rows, delimiter=CHARACTERS[separator], quoting=quoting, lineterminator=line_end)
    path = write(tmp_path_factory.mktemp("csv"), text.encode(encoding))
    assert list(CsvFile(path, 1, 2, separator, header)) == pairs
    assert list(CsvFile(path, 2, 1, separator, header)) == [(target, source) for source, target in pairs]


PAIRS = [
    ("ein Hund, der schläft", "a dog; it sleeps"),
    ('er sagt "ja"', "he says yes"),
    ("zwei\nZeilen", "two lines"),
    ("eine Katze", "a cat"),
]


@pytest.mark.parametrize("separator", ["comma", "semicolon", "tab"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le"])
def test_separator_and_header_are_found_out(separator: str, quoting: int, encoding: str, tmp_path: Path) -> None:
    text = table([["Deutsch", "Englisch"], *map(list, PAIRS)], delimiter=CHARACTERS[separator], quoting=quoting)
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    file = open_csv(write(tmp_path, (mark + text).encode(encoding)))
    assert (file.separator, file.header, list(file)) == (separator, True, PAIRS)
    assert file.summary() == f"c.csv: {separator}-separated, quoted, a header: columns 'Deutsch', 'Englisch'"
    plain = open_csv(write(tmp_path, table(list(map(list, PAIRS)), delimiter=CHARACTERS[separator], quoting=quoting)))
    assert (plain.separator, plain.header, list(plain)) == (separator, False, PAIRS)
    first = "the first pair is 'ein Hund, der schläft', 'a dog; it sleeps'"
    assert plain.summary() == f"c.csv: {separator}-separated, quoted, no header: columns 1, 2; {first}"


def test_more_columns_are_told_and_named_ones_need_a_header(tmp_path: Path) -> None:
    path = write(tmp_path, "id,de,en\n1,Hund,dog\n2,Katze,cat\n")
    file = open_csv(path, "en", "de")
    assert list(file) == [("dog", "Hund"), ("cat", "Katze")]
    assert file.summary() == "c.csv: comma-separated, a header: columns 'en', 'de' of 3"
    said = "c.csv: comma-separated, a header: columns 'id', 'de' of 3; choose others with --columns"
    assert open_csv(path, header=True).summary() == said
    with pytest.raises(CorpusError, match=r"c\.csv line 1: the header has no column called 'fr'; its columns are"):
        list(open_csv(path, "fr", "de"))
    with pytest.raises(CorpusError, match=r"c\.csv line 1: there is no column 4; the header has 3 \('id', 'de'"):
        list(open_csv(path, 1, 4, header=True))
    with pytest.raises(CorpusError, match=r"without a header \(header = false\) columns have no names; give their num"):
        open_csv(path, "en", "de", header=False)
    with pytest.raises(CorpusError, match=r"column 0 is asked for, but columns are counted from 1"):
        open_csv(path, 0, 1)
    assert next(iter(open_csv(path, 2, 3, header=False))) == ("de", "en")
    assert next(iter(open_csv(path, 2, 3, header=True))) == ("Hund", "dog")


def test_names_tell_the_separator(tmp_path: Path) -> None:
    text = "a;b,c;d\n" + "x;y,z;w\n" * 3
    assert open_csv(write(tmp_path, text), "a", "d").separator == "semicolon"
    assert open_csv(write(tmp_path, text), "a;b", "c;d").separator == "comma"


@pytest.mark.parametrize(
    ("row", "line", "what"),
    [
        ("x", 3, r"there is no column 2; the line has 1 \('x'\), the header 2 \('de', 'en'\)\. .* by a comma"),
        ("x,y,z", 3, r"there are 3 fields \('x', 'y', 'z'\), but the header has 2\. A text that holds a comma must"),
        ('"x" y,z', 3, r"text follows a closing quote, .* Double each quote that belongs to the text"),
        ('"x,y', 3, r"a quoted field begins in this row and is never closed\. Close the quote, or double it"),
        ('x,"y', 3, r"a quoted field begins in this row and is never closed"),
        ("x\ry,z", 3, r"a carriage return stands outside of quotes"),
        (b'"x\n\xff",z', 3, r"byte 1 of the line \(0xff\) is not UTF-8\. .* save as 'CSV UTF-8'"),
        ("", 3, r"the text is empty"),
        (",", 3, r"the text is empty"),
    ],
)
def test_a_faulty_row_costs_itself_alone(row: str | bytes, line: int, what: str, tmp_path: Path) -> None:
    middle = row if isinstance(row, bytes) else row.encode()
    file = open_csv(write(tmp_path, b"de,en\nHund,dog\n" + middle + b"\nKatze,cat\nMaus,mouse\n"))
    with pytest.raises(CorpusError, match=rf"c\.csv line {line}: {what}"):
        load_pairs(file)
    loaded = load_pairs(file, on_error="drop")
    assert loaded.pairs == [("Hund", "dog"), ("Katze", "cat"), ("Maus", "mouse")]
    assert loaded.dropped.count == 1


def test_lines_are_counted_in_the_file_not_in_rows(tmp_path: Path) -> None:
    file = open_csv(write(tmp_path, 'de,en\n"a\nb\nc",d\ne,f\ng\n'))
    assert [row.place.split()[-1] for row in file.rows(100) if isinstance(row, Fault)] == ["6"]


def test_empty_fields_that_a_spreadsheet_adds_or_leaves_out_are_no_fault(tmp_path: Path) -> None:
    file = open_csv(write(tmp_path, "de,en,note\nHund,dog\nKatze,cat,,,\nMaus,mouse,small\n"))
    assert list(file) == [("Hund", "dog"), ("Katze", "cat"), ("Maus", "mouse")]


def test_without_a_header_most_rows_tell_the_number_of_fields(tmp_path: Path) -> None:
    path = write(tmp_path, "Ja, gern,yes\nHund,dog\nKatze,cat\nMaus,mouse\n")
    loaded = load_pairs(open_csv(path), on_error="drop")
    assert loaded.pairs == [("Hund", "dog"), ("Katze", "cat"), ("Maus", "mouse")]
    said = "c.csv line 1: there are 3 fields ('Ja', 'gern', 'yes'), but most rows have 2. A text that holds"
    assert said in loaded.dropped.first
    said = "c.csv: comma-separated, no header: columns 1, 2; the first pair is 'Ja', 'gern'"
    assert open_csv(path).summary() == said


def test_a_space_after_the_separator_does_not_hide_a_quote(tmp_path: Path) -> None:
    assert list(open_csv(write(tmp_path, '"a, b", "c, d"\n"e", "f"\n'))) == [("a, b", "c, d"), ("e", "f")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (
            b"Hund\nKatze\n",
            r"most rows have no two columns, separated by commas, semicolons or tabs\. Save the",
        ),
        (
            b"a,b\rc,d\re,f\r",
            r"semicolons or tabs, and lines end with carriage returns alone\. Save",
        ),
        (b"PK\x03\x04\x14\x00", r"this is a ZIP archive, as \.xlsx, .* save the table as CSV \(UTF-8\)"),
        ("\ufeffa,b\n".encode("utf-16-le") + b"\x00", r"c\.csv line 2: the UTF-16 is damaged"),
    ],
)
def test_what_is_no_table_is_told(content: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=what):
        list(open_csv(write(tmp_path, content)))


def test_another_encoding_is_told_however_many_rows_are_ascii(tmp_path: Path) -> None:
    rows = ["Deutsch;Englisch", "Baum;tree", "schön;nice", "Haus;house", "Tür;door", "Käse;cheese"]
    said = r"c\.csv line 3: the file is not in UTF-8, .* such as Windows-1252\. .* -t UTF-8 \S*c\.csv > utf-8\.csv$"
    with pytest.raises(CorpusError, match=said):
        open_csv(write(tmp_path, "\n".join(rows).encode("cp1252")), separator="semicolon", header=True)
    mixed = "\n".join([*rows, *rows[1:]]).encode() + "\nÖl;oil\nGrün;green\nÄpfel;apples".encode("cp1252")
    assert load_pairs(open_csv(write(tmp_path, mixed)), on_error="drop").dropped.unreadable == 3


def test_what_is_no_text_at_all_is_told(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4000)
    with pytest.raises(CorpusError, match=r"c\.csv: this is no text: it holds NUL bytes"):
        open_csv(write(tmp_path, noise))


def test_a_header_alone_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"there is a header but no row after it"):
        list(open_csv(write(tmp_path, "de,en\n")))


def test_a_header_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"c\.csv line 1: the header cannot be read: byte 2 of the line \(0xff\)"):
        list(open_csv(write(tmp_path, b"d\xff,en\na,b\n"), header=True))
    with pytest.raises(CorpusError, match=r"c\.csv line 1: the header cannot be read: text follows a closing quote"):
        open_csv(write(tmp_path, '"d" e,en\na,b\nc,d\n'), header=True).summary()
    with pytest.raises(CorpusError, match=r"c\.csv: the file has no row, but a table needs a header and a pair"):
        list(open_csv(write(tmp_path, "\n\n"), separator="comma", header=True))


def test_blank_lines_before_a_header_are_passed_over(tmp_path: Path) -> None:
    file = open_csv(write(tmp_path, "\n\nde,en\nHund,dog\n"))
    assert (file.header, list(file)) == (True, [("Hund", "dog")])
    assert file.summary() == "c.csv: comma-separated, a header: columns 'de', 'en'"


def test_a_quote_that_is_never_closed_is_not_held_in_memory(tmp_path: Path) -> None:
    content = b'a,b\n"c,d\n' + b"e" * (1 << 21) + b"\n" + b"x,y\n" * (1 << 20)
    file = CsvFile(write(tmp_path, content), 1, 2, "comma", header=False)
    del content
    tracemalloc.start()
    try:
        rows = list(zip(range(4), file.rows(100), strict=False))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    faults = {number: row.place.split()[-1] for number, row in rows if isinstance(row, Fault)}
    assert faults == {1: "2", 2: "3"}
    assert [row for _, row in rows if isinstance(row, Pair)] == [("a", "b"), ("x", "y")]


def test_layouts_tell_how_a_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\nc,d\n")
    files = [CsvFile(path, 1, 2, "comma", True), CsvFile(path, 1, 2, "comma", False), CsvFile(path, 2, 1, "tab", True)]
    assert len({file.layout for file in files}) == 3
    assert {file.name for file in files} == {"c.csv"}
    assert files[0].files == (path,)
