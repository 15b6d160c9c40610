import math
import re
from pathlib import Path

import pytest

from tandem.metrics import Score
from tandem.metrics.calibration import ReliabilityBin
from tandem.recording import MetricsFile, read_metrics
from tandem.report import ReportContents, write_report
from tandem.report.sections import page_script
from tandem.training.events import Finished, Started, StepDone, Validated, Validation
from tests.support.html import NASTY, Page


def metrics(path: Path, epochs: int, loss: float = 2.0) -> list[dict[str, object]]:
    """The metrics of a made run, by way of a real metrics file."""
    file = MetricsFile(path, every=2)
    file.record(Started(max(epochs, 1), 4, 1_000))
    for step in range(1, 4 * epochs + 1):
        epoch = (step + 3) // 4
        file.record(StepDone(epoch, step, loss, 1_000.0, 0.001, 1.0, 0.5))
        if step % 4 == 0:
            validation = Validation(loss + epoch, {"bleu": 3.0 * epoch})
            file.record(Validated(epoch, step, loss, validation, epoch == 1, 1.0))
    file.record(Finished("interrupted", min(epochs, 1), 1.0))
    file.close()
    return read_metrics(path)


def write(folder: Path, contents: ReportContents) -> str:
    write_report(folder / "report.html", contents)
    return (folder / "report.html").read_text("utf-8")


def full(folder: Path) -> ReportContents:
    return ReportContents(
        title=f"A run {NASTY}",
        summary=[(f"label {NASTY}", f"value {NASTY}")],
        metrics=metrics(folder / "metrics.jsonl", 3),
        scores=[Score(f"bleu {NASTY}", 12.34, f"BLEU|{NASTY}")],
        reliability=[ReliabilityBin(47, 0.123, 0.456)],
        samples=[(f"source {NASTY}", f"reference {NASTY}", f"translation {NASTY}")],
        recipe=f"seed = 1 # {NASTY}\n[data]\n",
    )


def test_the_page_is_well_formed_and_says_what_it_was_given(tmp_path: Path) -> None:
    contents = full(tmp_path)
    page = Page(write(tmp_path, contents))
    texts = {text.strip() for text in page.texts}
    for label, value in contents.summary:
        assert {label, value} <= texts
    assert set(contents.samples[0]) <= texts
    assert {contents.scores[0].name, contents.scores[0].signature, "12.34"} <= texts
    assert {"47", "12.3", "45.6"} <= texts
    assert contents.recipe.strip() in texts
    assert page.count("figure") == 4
    assert page.count("h1") == 1
    assert page.count("article") == 1


def test_nothing_in_the_texts_is_taken_for_markup(tmp_path: Path) -> None:
    text = write(tmp_path, full(tmp_path))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 10


def test_nothing_is_fetched(tmp_path: Path) -> None:
    text = write(tmp_path, full(tmp_path))
    page = Page(text)
    fetching = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}
    assert not [attributes for _, attributes in page.tags if fetching & attributes.keys()]
    assert page.count("link") == page.count("script") == page.count("img") == page.count("iframe") == 0
    assert not re.search(r"https?://|url\(|@import", text)
    policies = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; script-src '{page_script()[1]}'"]


def test_ids_are_unique_and_every_label_leads_to_one(tmp_path: Path) -> None:
    page = Page(write(tmp_path, full(tmp_path)))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    labels = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert len(set(ids)) == len(ids)
    assert labels == set(ids)


def test_every_drawing_is_named_or_hidden_to_a_screen_reader(tmp_path: Path) -> None:
    page = Page(write(tmp_path, full(tmp_path)))
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert drawings
    assert all(drawing.get("aria-label") or drawing.get("aria-hidden") == "true" for drawing in drawings)


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_the_table_has_a_row_an_epoch_and_one_best(tmp_path: Path, epochs: int) -> None:
    page = Page(write(tmp_path, ReportContents("run", metrics=metrics(tmp_path / "m.jsonl", epochs))))
    rows = [attributes for tag, attributes in page.tags if tag == "tr"]
    assert len(rows) == 1 + epochs
    assert sum(row.get("class") == "best" for row in rows) == 1


def test_a_run_without_validation_has_a_page(tmp_path: Path) -> None:
    rows = metrics(tmp_path / "m.jsonl", 1)[:2]
    text = write(tmp_path, ReportContents("run", metrics=rows))
    page = Page(text)
    assert "The training ended before its first validation." in text
    assert page.count("figure") == 3
    assert page.count("table") == 0


def test_a_run_without_anything_has_a_page(tmp_path: Path) -> None:
    text = write(tmp_path, ReportContents("run"))
    Page(text)
    assert "No step was recorded, so there is nothing to draw." in text


@pytest.mark.parametrize("loss", [math.nan, math.inf, 1e9])
def test_figures_that_are_not_finite_are_dashes(tmp_path: Path, loss: float) -> None:
    text = write(
        tmp_path,
        ReportContents("run", metrics=metrics(tmp_path / "m.jsonl", 2, loss), scores=[Score("bleu", math.nan, "BLEU")]),
    )
    Page(text)
    assert "<td>–</td>" in text
    assert not re.search(r">(nan|inf|None)<", text)


def test_any_text_can_be_written(tmp_path: Path) -> None:
    text = write(tmp_path, ReportContents("كتاب 日本", samples=[("\ud800", "é", "")]))
    assert "كتاب 日本" in text
    assert '<dd dir="auto">?</dd>' in text


def test_a_report_replaces_the_older_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, ReportContents("older run"))
    assert "older run" not in write(tmp_path, ReportContents("newer run"))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
