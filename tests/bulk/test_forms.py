"""The forms of a bulk job: columns and fields are added, the others stay, and what no form reads is refused."""

import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from tandem.bulk import run_bulk
from tandem.errors import CorpusError, TandemError
from tests.bulk.small_jobs import SOURCES, expected, request, written


@pytest.mark.usefixtures("here")
def test_a_column_is_added_to_tab_separated_lines(model: Path, tmp_path: Path) -> None:
    lines = ["id\tde\tnote", *(f"{n}\t{text}\t~" for n, text in enumerate(SOURCES[:20])), "21"]
    source = written(tmp_path / "in.tsv", lines)
    manifest = run_bulk(request(model, source, columns=("de",), to="en"))
    made = expected(model, SOURCES[:20])
    found = (tmp_path / "out" / "output" / "in.tsv").read_text(encoding="utf-8").splitlines()
    assert found == ["id\tde\tnote\ten", *(f"{a}\t{b}" for a, b in zip(lines[1:], made, strict=False)), "21\t"]
    assert manifest.faults == 1
    (error,) = (path.read_text(encoding="utf-8") for path in (tmp_path / "out" / "errors").iterdir())
    assert json.loads(error)["line"] == 22
    assert "there is no column 2" in error


@pytest.mark.usefixtures("here")
def test_a_field_is_added_to_json_lines_and_the_others_stay_as_they_are(model: Path, tmp_path: Path) -> None:
    lines = [f'{{"n": 1.10, "source" : {json.dumps(text)}}} ' for text in SOURCES[:9]]
    faulty = ["[1]", "{", '{"source": 7}', '{"source": "eins", "translation": "x"}', "{}"]
    source = written(tmp_path / "in.jsonl", [*lines, *faulty])
    manifest = run_bulk(request(model, source))
    found = (tmp_path / "out" / "output" / "in.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [
        f'{line.strip()[:-1]}, "translation": {json.dumps(text)}}}'
        for line, text in zip(lines, expected(model, SOURCES[:9]), strict=True)
    ]
    nothing = '{"translation": null}'
    assert found == [*wanted, nothing, nothing, '{"source": 7, "translation": null}', faulty[3], nothing]
    assert manifest.faults == 5


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("group", [4, 1000])
def test_a_column_is_added_to_parquet(model: Path, tmp_path: Path, group: int) -> None:
    texts: list[str | None] = [*SOURCES[:20], None]
    table = pyarrow.table({"n": range(21), "source": texts})
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=group)
    manifest = run_bulk(request(model, tmp_path / "in.parquet"))
    found = parquet.read_table(tmp_path / "out" / "output" / "in.parquet")
    assert found.column("translation").to_pylist() == [*expected(model, SOURCES[:20]), None]
    assert found.drop_columns("translation").equals(table)
    assert manifest.faults == 1


@pytest.mark.usefixtures("here")
def test_columns_that_are_not_there_are_errors_before_the_work(model: Path, tmp_path: Path) -> None:
    table = written(tmp_path / "in.tsv", ["de\ten", "eins\tone"])
    with pytest.raises(CorpusError, match=r"the header has no column called 'fr'; its columns are 'de', 'en'"):
        run_bulk(request(model, table, columns=("fr",)))
    with pytest.raises(CorpusError, match=r"plain text has none\. Give a \.tsv, \.jsonl or \.parquet file"):
        run_bulk(request(model, written(tmp_path / "in", ["eins"]), task="score"))
    with pytest.raises(TandemError, match=r"none of its first 1 lines can be used\. Line 1: there is no 'source'"):
        run_bulk(request(model, written(tmp_path / "in.jsonl", ["{}"]), shard_lines=None))


@pytest.mark.parametrize("name", ["table.csv", "table.CSV.gz", "table.xlsx"])
def test_a_table_that_no_form_reads_is_refused_and_leaves_nothing(model: Path, tmp_path: Path, name: str) -> None:
    source = written(tmp_path / name, ["id,text", "1,eins zwei"])
    with pytest.raises(CorpusError, match=r"table\.(csv|CSV\.gz|xlsx): a bulk job does not read tables of this kind"):
        run_bulk(request(model, source))
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("here")
def test_the_lines_of_such_a_table_are_translated_on_request(model: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "lines.csv", ["eins zwei", "drei"])
    assert run_bulk(request(model, source, format="text")).lines == 2
