"""Which trainings of a reproduction are begun, gone on with, or done."""

from pathlib import Path

from tandem.recipe import Recipe, dump_recipe, make_recipe
from tandem.runs.corpora import settle_formats
from tandem_reproduction.trainings import train_once


def test_a_table_whose_form_was_found_out_is_the_same_recipe(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("de,en\neins,one\nzwei,two\n", encoding="utf-8")
    data = {"train": {"kind": "csv", "path": "pairs.csv"}, "folder": str(tmp_path)}
    wanted = make_recipe({"data": data}, "the test's recipe")
    settled = settle_formats(wanted, lambda _: None)
    assert settled != wanted
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").write_text(dump_recipe(settled), encoding="utf-8")
    begun: list[tuple[Recipe, bool]] = []
    assert train_once(wanted, run, lambda recipe, _, resume: begun.append((recipe, resume)))
    assert begun == [(wanted, False)]
