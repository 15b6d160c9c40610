"""What attention costs is measured for every kind, beside a model of the same sizes without."""

from benchmarks.attention import KINDS, NONE, attention_tables, measure_attention
from benchmarks.corpora import open_corpus
from benchmarks.plan import QUICK


def test_every_kind_has_its_turn() -> None:
    figures = measure_attention(QUICK, open_corpus(QUICK))
    for part in ("training", "beam"):
        rows = figures[part]["float32"]
        assert tuple(rows) == tuple(KINDS)
        assert rows[NONE]["ratio"] == 1
        assert all(len(row["rounds"]) == QUICK.alternations and min(row["rounds"]) > 0 for row in rows.values())
    assert [len(table.rows) % len(KINDS) for table in attention_tables(figures)] == [0, 0]
