"""Each kind of corpus reads what was written, and says what is wrong with what cannot be read."""

import gzip
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.corpora.json_lines import JsonLines
from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Corpus, Pair, load_pairs
from tandem.corpora.parallel_files import ParallelFiles
from tandem.corpora.tab_separated import TabSeparated
from tandem.errors import CorpusError

# Characters that str.splitlines would split at and a file of lines must not be split at.
ODD = "a\u2028b\x85c\x0bd\x0ce\u2029f"
PAIRS = [Pair("ein Hund", "a dog"), Pair("schöne Grüße 🚲", ODD), Pair(" zwei  Katzen ", "two cats")]

Write = Callable[[Path, Sequence[Pair]], Corpus]


def write_parallel(folder: Path, pairs: Sequence[Pair]) -> ParallelFiles:
    return parallel(folder, *("".join(f"{text}\n" for text in side).encode() for side in zip(*pairs, strict=True)))


def write_tabs(folder: Path, pairs: Sequence[Pair]) -> TabSeparated:
    (folder / "c.tsv").write_bytes("".join(f"{a}\t{b}\n" for a, b in pairs).encode())
    return TabSeparated(folder / "c.tsv")


def write_json(folder: Path, pairs: Sequence[Pair]) -> JsonLines:
    lines = (json.dumps({"source": a, "target": b}) + "\n" for a, b in pairs)
    (folder / "c.jsonl").write_bytes("".join(lines).encode())
    return JsonLines(folder / "c.jsonl")


def write_memory(folder: Path, pairs: Sequence[Pair]) -> InMemory:
    return InMemory(pairs)


EVERY_KIND = pytest.mark.parametrize("write", [write_parallel, write_tabs, write_json, write_memory])


def parallel(folder: Path, source: bytes, target: bytes) -> ParallelFiles:
    (folder / "t.de").write_bytes(source)
    (folder / "t.en").write_bytes(target)
    return ParallelFiles(folder / "t.de", folder / "t.en")


def tabs(folder: Path, content: bytes, source: int | str = 1, target: int | str = 2) -> TabSeparated:
    (folder / "c.tsv").write_bytes(content)
    return TabSeparated(folder / "c.tsv", source, target)


def jsonl(folder: Path, content: str, source: str = "source", target: str = "target") -> JsonLines:
    (folder / "c.jsonl").write_bytes(content.encode())
    return JsonLines(folder / "c.jsonl", source, target)


@EVERY_KIND
def test_what_was_written_is_read_and_read_again(write: Write, tmp_path: Path) -> None:
    corpus = write(tmp_path, PAIRS)
    assert list(corpus) == PAIRS
    assert list(corpus) == PAIRS
    loaded = load_pairs(corpus)
    assert loaded.pairs == PAIRS
    assert loaded.dropped.message() == "kept all 3 pairs"


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\t\ufeff"), min_size=1).filter(
            lambda text: bool(text.strip())
        ),
        min_size=1,
    )
)
def test_any_text_without_line_ends_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    pairs = [Pair(text, text) for text in texts]
    folder = tmp_path_factory.mktemp("any")
    assert list(write_parallel(folder, pairs)) == pairs
    assert list(write_tabs(folder, pairs)) == pairs
    assert list(write_json(folder, pairs)) == pairs


@EVERY_KIND
@pytest.mark.parametrize("name", ["{}.gz", "{}"])
def test_gzipped_files_are_known_by_their_content(write: Write, name: str, tmp_path: Path) -> None:
    write(tmp_path, PAIRS)
    for path in list(tmp_path.iterdir()):
        packed = gzip.compress(path.read_bytes())
        path.unlink()
        path.with_name(name.format(path.name)).write_bytes(packed)
    corpora: dict[Write, Corpus] = {
        write_parallel: ParallelFiles(tmp_path / name.format("t.de"), tmp_path / name.format("t.en")),
        write_tabs: TabSeparated(tmp_path / name.format("c.tsv")),
        write_json: JsonLines(tmp_path / name.format("c.jsonl")),
        write_memory: InMemory(PAIRS),
    }
    assert list(corpora[write]) == PAIRS


@pytest.mark.parametrize(("source_lines", "target_lines"), [(3, 5), (1200, 2)])
def test_files_of_different_length_stop_with_both_counts(source_lines: int, target_lines: int, tmp_path: Path) -> None:
    corpus = parallel(tmp_path, b"x\n" * source_lines, b"y\n" * target_lines)
    message = rf"t\.de has {source_lines:,} lines and \S+t\.en has {target_lines:,}, but line n"
    with pytest.raises(CorpusError, match=message):
        load_pairs(corpus, on_error="drop")


def test_columns_by_number_and_by_name_agree(tmp_path: Path) -> None:
    content = b"id\tde\ten\n1\tHund\tdog\n2\tKatze\tcat\n"
    by_name = list(tabs(tmp_path, content, "en", "de"))
    assert by_name == [("dog", "Hund"), ("cat", "Katze")]
    assert list(tabs(tmp_path, content, 3, 2))[1:] == by_name
    assert list(tabs(tmp_path, content, 3, "de")) == by_name


@pytest.mark.parametrize(
    ("content", "source", "target", "message"),
    [
        (
            b"a\tb\nc\n",
            1,
            2,
            r"c\.tsv line 2: there is no column 2; the line has 1 \('c'\)\. .*separated by a tab",
        ),
        (b"de\ten\nx\ty\nz\n", "de", "en", r"line 3: .*the line has 1 \('z'\), the header 2 \('de', 'en'\)"),
        (
            b"de\ten\nx\ty\n",
            "de",
            "fr",
            r"line 1: .*no column called 'fr'; its columns are 'de', 'en'\. Name",
        ),
        (b"de\tde\nx\ty\n", 1, "de", r"line 1: the header has more than one column called 'de'"),
        (b"de\ten\nx\ty\n", 0, 2, r"column 0 is asked for, but columns are counted from 1"),
        (b"de\ten\n", "de", "en", r"c\.tsv: there is a header but no line after it"),
    ],
)
def test_a_missing_column_stops(
    content: bytes, source: int | str, target: int | str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=message):
        load_pairs(tabs(tmp_path, content, source, target))


def test_lines_without_the_column_follow_the_policy(tmp_path: Path) -> None:
    loaded = load_pairs(tabs(tmp_path, b"de\ten\nx\ty\nz\n", "de", "en"), on_error="drop")
    assert loaded.pairs == [("x", "y")]
    assert (loaded.dropped.total, loaded.dropped.unreadable) == (2, 1)
    assert "c.tsv line 3: there is no column 2" in loaded.dropped.first


@pytest.mark.parametrize("line", [b"\xff\xff", b"x" * (1 << 21)])
def test_a_header_that_cannot_be_read_stops(line: bytes, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"c\.tsv line 1: the header (is too long|byte 1 of the line)"):
        load_pairs(tabs(tmp_path, line + b"\nx\ty\n", "de", "en"), on_error="drop")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"source": "a"', r"c\.jsonl line 2: this is not JSON \(.*one whole JSON object"),
        ("[" * 100_000, r"line 2: this is not JSON"),
        ('["a", "b"]', r"line 2: this is a JSON list, but each line must be one JSON object"),
        ('{"source": "a", "en": "b"}', r"line 2: there is no 'target'; the columns are: 'source', 'en'"),
        ('{"source": 7, "target": "b"}', r"line 2: 'source' is of type int, but must be a string"),
        ('{"source": "a", "target": null}', r"line 2: 'target' is of type NoneType"),
        ('{"source": "a", "target": "\\ud83d"}', r"line 2: 'target' holds half of a surrogate pair"),
    ],
)
def test_bad_json_follows_the_policy(line: str, message: str, tmp_path: Path) -> None:
    corpus = jsonl(tmp_path, f'{{"source": "a", "target": "b"}}\n{line}\n')
    with pytest.raises(CorpusError, match=message):
        load_pairs(corpus)
    loaded = load_pairs(corpus, on_error="drop")
    assert loaded.pairs == [("a", "b")]
    assert (loaded.dropped.count, loaded.dropped.unreadable) == (1, 1)


def test_corpora_have_names_to_be_called_by(tmp_path: Path) -> None:
    names = [write(tmp_path, PAIRS).name for write in (write_parallel, write_tabs, write_json, write_memory)]
    assert names == ["t.de and t.en", "c.tsv", "c.jsonl", "pairs in memory"]


def test_a_dotted_key_reaches_into_objects_and_a_key_with_a_dot_comes_first(tmp_path: Path) -> None:
    corpus = jsonl(tmp_path, '{"t": {"de": "x"}, "t.en": "y"}', "t.de", "t.en")
    assert list(corpus) == [("x", "y")]
    with pytest.raises(CorpusError, match=r"no 't\.fr'; the columns are: 't\.de'\. Name"):
        list(jsonl(tmp_path, '{"t": {"de": "x"}, "t.en": "y"}', "t.fr", "t.en"))
    with pytest.raises(CorpusError, match=r"no 't\.en\.x'; the columns are: 't\.de'\."):
        list(jsonl(tmp_path, '{"t": {"de": "x"}, "t.en": "y"}', "t.de", "t.en.x"))


def test_what_is_no_string_in_memory_stops() -> None:
    pairs: list[tuple[str, str]] = [("a", "b"), ("c", None)]  # type: ignore[list-item]
    with pytest.raises(CorpusError, match="numbers, pair 2: the target is of type NoneType"):
        load_pairs(InMemory(pairs, "numbers"))
    assert load_pairs(InMemory(pairs, "numbers"), on_error="drop").pairs == [("a", "b")]


FAULTY = [Pair("a", "b"), Pair("x" * 21, "b"), Pair("a", " \u2003"), Pair("", "y" * 21), Pair("ä" * 20, "c")]


@EVERY_KIND
def test_faulty_pairs_are_dropped_and_counted(write: Write, tmp_path: Path) -> None:
    loaded = load_pairs(write(tmp_path, FAULTY), on_error="drop", max_characters=20)
    assert loaded.pairs == [FAULTY[0], FAULTY[4]]
    dropped = loaded.dropped
    assert (dropped.total, dropped.count, dropped.empty, dropped.too_long) == (5, 3, 2, 1)
    assert re.search("(line|pair) 2: the text is longer than 20 characters", dropped.first)


@EVERY_KIND
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            Pair("x" * 21, "b"),
            r"2: the text is longer than 20 characters, the limit that data\.max_characters sets\. Mend",
        ),
        (Pair("a", " "), r"2: the text is empty; each pair needs text on both sides.* data\.on_error = \"drop\""),
    ],
)
def test_a_faulty_pair_stops_by_default(write: Write, fault: Pair, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        load_pairs(write(tmp_path, [FAULTY[0], fault]), max_characters=20)


@EVERY_KIND
def test_iterating_stops_at_a_faulty_pair(write: Write, tmp_path: Path) -> None:
    pairs = iter(write(tmp_path, [Pair("a", "b"), Pair("a", "x" * 10_001)]))
    assert next(pairs) == ("a", "b")
    with pytest.raises(CorpusError, match="2: the text is longer than 10,000 characters"):
        next(pairs)


def test_the_faulty_side_of_parallel_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"t\.en line 2: the text is empty"):
        load_pairs(parallel(tmp_path, b"a\nb\n", b"c\n\n"))


def test_blank_lines_follow_the_policy_in_every_format(tmp_path: Path) -> None:
    for corpus in (tabs(tmp_path, b"a\tb\n\n"), jsonl(tmp_path, '{"source": "a", "target": "b"}\n\n')):
        assert load_pairs(corpus, on_error="drop").dropped.empty == 1


def test_a_corpus_that_is_faulty_from_its_beginning_is_not_read_to_its_end(tmp_path: Path) -> None:
    corpus = jsonl(tmp_path, '{"de": "a", "en": "b"}\n' * 5000)
    with pytest.raises(CorpusError, match=r"the first 1,000 pairs are all faulty.*line 1: there is no 'source'"):
        load_pairs(corpus, on_error="drop")


def test_files_and_layouts_tell_corpora_apart(tmp_path: Path) -> None:
    files = [write(tmp_path, PAIRS).files for write in (write_parallel, write_tabs, write_json, write_memory)]
    assert [[path.name for path in paths] for paths in files] == [["t.de", "t.en"], ["c.tsv"], ["c.jsonl"], []]
    assert tabs(tmp_path, b"", 1, 2).layout != tabs(tmp_path, b"", 2, 1).layout
    assert jsonl(tmp_path, "", "a", "b").layout != jsonl(tmp_path, "", "b", "a").layout


def test_a_corpus_without_a_good_pair_stops(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no pair is left: dropped 2 of 2 pairs: 2 with an empty side"):
        load_pairs(tabs(tmp_path, b"\t\n \tx\n"), on_error="drop")
    with pytest.raises(CorpusError, match="nothing: there are no pairs"):
        load_pairs(InMemory([], "nothing"))
