"""`tandem translate`: whatever the lines hold, a line in is a line out, and none of them is held whole."""

import gzip
import json
import tracemalloc
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tandem.bulk.lines import Survey, file_lines, survey
from tandem.text.codec import MAX_SOURCE_CHARACTERS
from tandem.translation.forms import JSON, MOSES, PLAIN, json_line, one_line
from tandem.translation.messages import Translation
from tests.support.console import Tandem
from tests.support.runs import NUMBERS, saved, untrained

SHORT = ("search.max_length_factor=0.1", "search.max_length_extra=2")
ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""What `str.splitlines` takes for line ends besides; here it is text."""
CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"),
    st.sampled_from([*ENDS, "\x00", "\x1b", "\ufeff", "\u202e", "א", "🎉", "|", " ", '"', "\\"]),
)
PACKED = gzip.compress(b"eins\nzwei\n", mtime=0)
LINES = st.lists(st.one_of(st.text(CHARACTERS, max_size=20), st.sampled_from([*NUMBERS, ""])), max_size=8)


@cache
def strange_model(base: Path) -> Path:
    """It knows strange words of the target, and writes them."""
    pairs = [(word, f"a{end}b | ||| c") for word, end in zip(NUMBERS, ENDS, strict=False)]
    return saved(untrained("lstm", *SHORT, "text.target.tokenizer=character", pairs=pairs), base / "strange-model")


@pytest.fixture
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return strange_model(tmp_path_factory.getbasetemp())


# Each example has the whole setting to itself but for the files, which it writes over.
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]), bom=st.booleans(), last=st.booleans())
@example(lines=["eins\rzwei", "\r", "eins\r"], end="\n", bom=True, last=False)
def test_any_lines_are_as_many_lines_in_order(
    tandem: Tandem, model: Path, tmp_path: Path, lines: list[str], end: str, bom: bool, last: bool
) -> None:
    text = "".join(line + end for line in lines)
    if last and lines and lines[-1]:
        text = text.removesuffix(end)
    assume(bom or not text.startswith("\ufeff"))
    # A carriage return before the line feed is of the line end.
    seen = [line.removesuffix("\r") for line in lines] if end == "\n" else lines
    (tmp_path / "in").write_bytes(("\ufeff" * bom + text).encode())
    command = ("translate", model, "--input", "in", "--batch-size", 2)

    plain = tandem(*command)
    assert (plain.code, plain.apart_from_limits.err, len(plain.lines)) == (0, "", len(seen))
    assert "\r" not in plain.out
    assert [line for line, source in zip(plain.lines, seen, strict=True) if not source and line] == []

    objects = tandem(*command, "--json")
    assert [json.loads(line)["source"] for line in objects.out.splitlines()] == seen
    assert [one_line(json.loads(line)["text"]) for line in objects.lines] == plain.lines

    moses = [line.split(" ||| ") for line in tandem(*command, "--n-best", 2).lines]
    assert {len(fields) for fields in moses} <= {4}
    assert list(dict.fromkeys(int(fields[0]) for fields in moses)) == list(range(len(seen)))


def test_line_ends_of_a_foreign_vocabulary_become_spaces() -> None:
    two = Translation("a\nb\r|||c\u2028", -0.5, ("a",), (-0.5, -0.5))
    assert PLAIN.record(0, "x", two) == "a b |||c\u2028\n".encode()
    many = Translation(two.text, -0.5, ("a",), (-0.5, -0.5), alternatives=(two,))
    found = MOSES.record(7, "x", many).decode()
    assert found == "7 ||| a b &#124;&#124;&#124;c\u2028 ||| LogProbability= -1.000000 ||| -0.500000\n"
    assert json.loads(JSON.record(0, "x", two))["text"] == two.text


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb\udfff", "\ud83c\udf89", "\x85\u2028\u2029", "\\ud800"])
def test_json_is_utf_8_on_one_line_and_gives_the_text_back(text: str) -> None:
    line = json_line({"source": text})
    assert len(line.decode("utf-8").splitlines()) == 1
    # Two surrogates that belong together are, in JSON, the character that they stand for.
    assert json.loads(line)["source"] == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def test_an_argument_that_is_no_utf_8_is_translated(tandem: Tandem, model: Path) -> None:
    found = tandem("translate", model, "--json", "eins\udcff")
    assert (found.code, json.loads(found.out)["source"]) == (0, "eins\udcff")


def test_a_huge_line_is_one_line_and_is_not_held(tandem: Tandem, model: Path, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "huge.gz", "wb", compresslevel=1) as file:
        file.write(b"eins\n")
        for _ in range(30):
            file.write("zwei ü🎉".encode() * 2**16)
        file.write(b"\ndrei\n")
    tracemalloc.start()
    assert [len(line) for line in file_lines(tmp_path / "huge.gz")] == [4, MAX_SOURCE_CHARACTERS + 1, 4]
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()
    found = tandem("translate", model, "--input", "huge.gz")
    assert (found.code, len(found.lines)) == (0, 3)
    assert found.apart_from_limits.err == "tandem: line 2: too long; only its beginning was translated\n"


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_line_near_the_limit_is_whole_or_cut(more: int, tandem: Tandem, model: Path, tmp_path: Path) -> None:
    line = "𠀀" * (MAX_SOURCE_CHARACTERS + more)
    (tmp_path / "in").write_text(f"{line}\r\n{line}", encoding="utf-8", newline="")
    assert list(file_lines(tmp_path / "in")) == [line, line]
    warnings = [f"tandem: line {n}: too long; only its beginning was translated" for n in (1, 2)]
    found = tandem("translate", model, "--input", "in").apart_from_limits
    assert found.err.splitlines() == (warnings if more > 0 else [])


def test_a_gzipped_file_is_the_same_lines(tandem: Tandem, model: Path, tmp_path: Path) -> None:
    text = b"\xef\xbb\xbfeins\r\n\nzwei"
    (tmp_path / "in").write_bytes(text)
    (tmp_path / "in.gz").write_bytes(gzip.compress(text))
    assert tandem("translate", model, "--input", "in.gz") == tandem("translate", model, "--input", "in")
    assert survey(tmp_path / "in.gz") == survey(tmp_path / "in")
    assert survey(tmp_path / "in").lines == 3


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (PACKED[:-9], "Compressed file ended before the end-of-stream marker was reached"),
        (PACKED[:-8] + bytes(4) + PACKED[-4:], "CRC check failed 0x0 != 0xc2829b94"),
    ],
)
def test_a_damaged_gzipped_file_is_refused_before_the_work(
    damaged: bytes, said: str, tandem: Tandem, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.gz").write_bytes(damaged)
    found = tandem("translate", model, "--input", "bad.gz", "--output", "out")
    said = f"tandem: bad.gz: the gzipped file is damaged or cut short ({said}). Fetch it or pack it again\n"
    assert found == (1, "", said)
    assert not list(tmp_path.glob("out*"))


def test_a_survey_tells_lines_apart(tmp_path: Path) -> None:
    found: set[Survey] = set()
    for text in ("", "\n", "a\n", "b\n", "a\n\n", "a\nb\n", "ab\n"):
        (tmp_path / "in").write_text(text, encoding="utf-8")
        found.add(survey(tmp_path / "in"))
    assert len(found) == 7


def test_bytes_that_are_no_utf_8_are_found_before_the_work(tandem: Tandem, model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"eins\n" * 50 + b"\xef\xbb\xbf\xff\n")
    (tmp_path / "out").write_text("old", encoding="utf-8")
    found = tandem("translate", model, "--input", "in", "--output", "out", "--batch-size", 1)
    said = "tandem: in line 51: not UTF-8 (byte 4 of the line); convert it, perhaps with iconv\n"
    assert found == (1, "", said)
    assert [path.name for path in tmp_path.glob("out*")] == ["out"]
    assert (tmp_path / "out").read_text(encoding="utf-8") == "old"
