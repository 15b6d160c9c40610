"""Features beside the sources: every kind of corpus reads them, and tables show which column has them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from tandem.corpora.feature_columns import find_features
from tandem.corpora.json_lines import JsonLinesCorpus
from tandem.corpora.kinds import AnyCorpus
from tandem.corpora.memory import InMemory
from tandem.corpora.pairs import Pair, load_pairs
from tandem.corpora.parallel_files import FilesCorpus, ParallelFiles, SeveralTargets
from tandem.corpora.parquet import ParquetCorpus
from tandem.corpora.spreadsheets import CsvCorpus
from tandem.corpora.tab_separated import TabSeparatedCorpus
from tandem.errors import CorpusError

ROWS = [("ağaç", "ağaçlar", "N;NOM;PL"), ("git", "gitti", "V;PST"), ("ev", "ev", "")]
PAIRS = [Pair("ağaç\tN;NOM;PL", "ağaçlar"), Pair("git\tV;PST", "gitti"), Pair("ev", "ev")]


def write(path: Path, rows: Sequence[tuple[str, ...]], separator: str = "\t") -> str:
    path.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def as_tsv(folder: Path) -> AnyCorpus:
    return TabSeparatedCorpus(kind="tsv", path=write(folder / "a.tsv", ROWS), features_column=3)


def as_tsv_by_name(folder: Path) -> AnyCorpus:
    path = write(folder / "a.tsv", [("lemma", "form", "msd"), *ROWS])
    names = {"source_column": "lemma", "target_column": "form", "features_column": "msd"}
    return TabSeparatedCorpus.model_validate({"kind": "tsv", "path": path, **names})


def as_csv(folder: Path) -> AnyCorpus:
    rows = [("features", "lemma", "form"), *((f'"{tags}"', lemma, form) for lemma, form, tags in ROWS)]
    names = {"source_column": "lemma", "target_column": "form", "features_column": "features"}
    return CsvCorpus.model_validate({"kind": "csv", "path": write(folder / "a.csv", rows, ";"), **names})


def as_json(folder: Path) -> AnyCorpus:
    path = folder / "a.jsonl"
    records = [{"source": lemma, "target": form, "morph": {"tags": tags or None}} for lemma, form, tags in ROWS]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return JsonLinesCorpus(kind="jsonl", path=str(path), features_key="morph.tags")


def as_parquet(folder: Path) -> AnyCorpus:
    lemmas, forms, tags = zip(*ROWS, strict=True)
    table = pyarrow.table({"source": lemmas, "target": forms, "tags": [own or None for own in tags]})
    parquet.write_table(table, folder / "a.parquet")
    return ParquetCorpus(kind="parquet", path=str(folder / "a.parquet"), features_column="tags")


def as_files(folder: Path) -> AnyCorpus:
    source, target, features = (write(folder / str(side), [(row[side],) for row in ROWS]) for side in range(3))
    return FilesCorpus(source=source, target=target, features=features)


@pytest.mark.parametrize("make", [as_tsv, as_tsv_by_name, as_csv, as_json, as_parquet, as_files])
def test_every_kind_reads_features(make: Callable[[Path], AnyCorpus], tmp_path: Path) -> None:
    choice = make(tmp_path)
    corpus = choice.open(None)
    assert corpus.has_features
    assert list(corpus) == PAIRS
    assert corpus.warnings() == []
    without = choice.model_copy(update={name: None for name in type(choice).model_fields if "features" in name})
    bare = without.open(None)
    assert not bare.has_features
    assert [pair.source for pair in bare] == [lemma for lemma, _, _ in ROWS]
    assert bare.layout != corpus.layout  # the cache tells them apart


def test_pairs_in_memory_may_have_a_third_part() -> None:
    corpus = InMemory([("ağaç", "ağaçlar", "N;NOM;PL"), ["git", "gitti", "V;PST"], ("ev", "ev", None)])
    assert corpus.has_features
    assert list(corpus) == PAIRS
    assert not InMemory([("a\tb", "c")]).has_features
    with pytest.raises(
        CorpusError, match=r"pair 1: the third part, the features, is of type list, but must be a string"
    ):
        list(InMemory([("a", "b", ["V"])]))
    with pytest.raises(
        CorpusError, match=r"this has 4 parts\. A pair must be two texts, .* \(source, target, features\)"
    ):
        list(InMemory([("a", "b", "c", "d")]))


def test_features_without_a_source_are_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", [*ROWS, ("", "x", "V;PST"), ("x", "y")])
    corpus = TabSeparatedCorpus(kind="tsv", path=path, features_column=3).open(None)
    loaded = load_pairs(corpus, on_error="drop")
    assert (len(loaded.pairs), loaded.dropped.empty, loaded.dropped.unreadable) == (3, 1, 1)
    with pytest.raises(CorpusError, match="line 4: the text is empty"):
        list(corpus)
    short = TabSeparatedCorpus(kind="tsv", path=write(tmp_path / "b.tsv", [("x", "y")]), features_column=3)
    with pytest.raises(CorpusError, match=r"line 1: there is no column 3; the line has 2 \('x', 'y'\)"):
        list(short.open(None))


def test_a_wrong_name_is_answered_with_the_columns(tmp_path: Path) -> None:
    named = as_tsv_by_name(tmp_path).model_copy(update={"features_column": "tag"})
    with pytest.raises(CorpusError, match=r"no column called 'tag'; its columns are 'lemma', 'form', 'msd'\. Name one"):
        list(named.open(None))
    record = as_json(tmp_path).model_copy(update={"features_key": "morph.tag"})
    with pytest.raises(CorpusError, match=r"there is no 'morph.tag'; the columns are: 'morph.tags'\. Name one"):
        list(record.open(None))
    table = as_parquet(tmp_path).model_copy(update={"features_column": "tag"})
    with pytest.raises(CorpusError, match=r"there is no column 'tag'; the columns are: 'source', 'target', 'tags'"):
        list(table.open(None))


def test_a_file_of_features_has_a_line_for_each_source(tmp_path: Path) -> None:
    choice = as_files(tmp_path)
    write(tmp_path / "2", [("V;PST",)])
    with pytest.raises(CorpusError, match=r"0 has 3 lines and .*2 has 1, but line n of one must belong"):
        list(choice.open(None))
    (tmp_path / "2").write_bytes(b"V;PST\n\xff\n\n")
    with pytest.raises(CorpusError, match=r"line 2: .*UTF-8"):
        list(choice.open(None))


def test_several_targets_share_the_features(tmp_path: Path) -> None:
    as_files(tmp_path)
    source, *targets = (tmp_path / name for name in ("0", "1", "0"))
    corpus = SeveralTargets([ParallelFiles(source, target, tmp_path / "2") for target in targets])
    assert [pair.source for pair in corpus] == [pair.source for pair in PAIRS]
    assert corpus.references[0] == ("ağaçlar", "ağaç")


FORMS = [(f"lemma{n}", f"form{n}", ("V;PST", "V;PRS;3", "N;PL")[n % 3]) for n in range(12)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (FORMS, (1, 2, 3)),  # as SIGMORPHON had it until 2021
        ([(lemma, tags, form) for lemma, form, tags in FORMS], (1, 3, 2)),  # and since
        ([("lemma", "form", "Tags"), *ROWS], ("lemma", "form", "Tags")),
        ([("features", "a", "b"), ("x", "y", "z")], ("a", "b", "features")),
        ([("a", "b", "features", "c"), ("x", "y", "z", "w")], ("a", "b", "features")),
        ([("x", "y", "tags"), ("z", "w", "tags")], None),  # a text like any other
        ([("a", "b", "msd", "tags"), ("x", "y", "z", "w")], None),  # which of the two?
        ([("a", "a", "features"), ("x", "y", "z")], None),  # no names to tell columns by
        (FORMS[:3], None),  # too few to tell
        ([(lemma, form) for lemma, form, _ in FORMS], None),
        ([(lemma, form, "a note; about it") for lemma, form, _ in FORMS], None),
        ([(lemma, form, f"{n};{n + 1}") for n, (lemma, form, _) in enumerate(FORMS)], None),  # no tag comes twice
        ([(lemma, tags, tags) for lemma, _, tags in FORMS], None),
        ([], None),
    ],
)
def test_tables_show_their_column_of_features(rows: list[tuple[str, ...]], found: tuple[int | str, ...] | None) -> None:
    assert find_features(rows) == found


def test_a_table_is_read_as_it_shows(tmp_path: Path) -> None:
    plain = TabSeparatedCorpus(kind="tsv", path=write(tmp_path / "a.tsv", FORMS)).with_features(None)
    assert plain.columns == (1, 2, 3)
    named = write(tmp_path / "b.tsv", [("tags", "lemma", "form"), *((tags, *rest) for *rest, tags in FORMS)])
    headed = TabSeparatedCorpus(kind="tsv", path=named).with_features(None)
    assert headed.columns == ("lemma", "form", "tags")
    assert list(headed.open(None)) == list(plain.open(None))
    sheet = write(tmp_path / "c.csv", [("Wurzel", " Bild", "tags"), *((a, b, tags) for a, b, tags in FORMS)], ",")
    seen = CsvCorpus(kind="csv", path=sheet).with_features(None).settled(None, lambda _: None)
    assert (seen.columns, seen.header) == (("Wurzel", "Bild", "tags"), True)
    assert list(seen.open(None)) == list(plain.open(None))
    other = TabSeparatedCorpus(kind="tsv", path=write(tmp_path / "d.tsv", [row[:2] for row in FORMS]))
    assert other.with_features(None) == other
