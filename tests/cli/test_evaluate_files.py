"""The files that `tandem evaluate` writes: translations and errors, on full disks and in pipes."""

import json
import os
import sys
from pathlib import Path

import pytest

from tandem.cli.evaluate import errors_content
from tandem.model_paths import checkpoint_of
from tandem.runs import Evaluation, evaluate
from tandem.runs.evaluation import SourceResult
from tandem.translation import load
from tandem.translation.messages import Translation
from tests.cli.evaluated import FILES, PAIRS, write_files
from tests.support.console import Tandem
from tests.support.limits import needs_limits, no_file_beyond


@pytest.fixture(autouse=True)
def corpus(elsewhere: Path) -> None:
    write_files(elsewhere)


def test_the_translations_are_written_one_a_line(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    assert tandem("evaluate", run, *FILES, "--output", "out.en").code == 0
    sources = list(dict.fromkeys(de for de, _ in PAIRS))
    expected = [translation.text for translation in load(run, device="cpu").translate(sources)]
    assert (elsewhere / "out.en").read_text(encoding="utf-8").split("\n")[:-1] == expected


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("missing/out.en", "--output missing/out.en: there is no folder missing. Make it first, or write elsewhere"),
        ("folder", "--output folder: this is a folder; give the name of a file in it"),
        ("test.de", "--output test.de: this file is an input; write to another one"),
        (
            "locked/out.en",
            "--output locked/out.en: there is no write permission. Change the permissions, or write elsewhere",
        ),
    ],
)
def test_where_nothing_can_be_written_is_said_before_the_work(
    place: str, said: str, tandem: Tandem, run: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "folder").mkdir()
    (elsewhere / "locked").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "locked")  # to root all is open
    monkeypatch.setattr("tandem.translation.load", lambda *_, **__: pytest.fail("it is loaded"))
    before = (elsewhere / "test.de").read_bytes()
    found = tandem("evaluate", run, *FILES, "--output", place)
    assert (found.code, found.out, found.err) == (1, "", f"tandem: {said}\n")
    assert (elsewhere / "test.de").read_bytes() == before


@needs_limits
@pytest.mark.parametrize("option", ["--output", "--errors"])
def test_on_a_full_disk_scores_are_shown_and_an_older_file_stays(
    option: str, tandem: Tandem, run: Path, elsewhere: Path
) -> None:
    (elsewhere / "out.en").write_text("older\n", encoding="utf-8")
    before = set(elsewhere.iterdir())
    with no_file_beyond(20):
        found = tandem("evaluate", run, *FILES, "--json", option, "out.en")
    said = "tandem: out.en: cannot be written: File too large. What was there before is unchanged. Make room there"
    assert found.code == 1
    assert found.apart_from_limits.err.startswith(said)
    assert json.loads(found.out)["pairs"] == 10
    assert (elsewhere / "out.en").read_text(encoding="utf-8") == "older\n"
    assert set(elsewhere.iterdir()) == before


@pytest.mark.parametrize("option", ["--output", "--errors"])
def test_no_file_of_the_corpus_or_the_model_is_written_over(
    option: str, tandem: Tandem, run: Path, elsewhere: Path
) -> None:
    (elsewhere / "same.en").hardlink_to(elsewhere / "test.en")
    (elsewhere / "link.en").symlink_to("test.en")
    before = (elsewhere / "test.en").read_bytes()
    model = checkpoint_of(run) / "model.safetensors"
    for place in ("test.de", "test.en", "same.en", "link.en", model, run / "current.json"):
        found = tandem("evaluate", run, *FILES, option, place)
        assert (found.code, found.err) == (
            1,
            f"tandem: {option} {place}: this file is an input; write to another one\n",
        )
    assert (elsewhere / "test.en").read_bytes() == before
    load(run)


def test_no_file_of_a_known_corpus_is_written_over(
    tandem: Tandem, run: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_DATA", str(elsewhere))
    for side in ("de", "en"):
        (elsewhere / f"test_2016_flickr.{side}").write_text("eins\n", encoding="utf-8")
    found = tandem("evaluate", run, "--corpus", "multi30k:test", "--output", "test_2016_flickr.en")
    assert (found.code, found.out) == (1, "")
    assert "this file is an input" in found.err


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
def test_a_pipe_is_written_where_it_is_read_and_not_waited_for(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    os.mkfifo(elsewhere / "pipe")
    found = tandem("evaluate", run, *FILES, "--output", "pipe")
    assert found.code == 1
    assert found.err.endswith("pipe: nobody reads from this pipe. Start its reader first, or write to a file\n")
    reader = os.open(elsewhere / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert tandem("evaluate", run, *FILES, "--output", "pipe").code == 0
    assert os.read(reader, 1 << 16).count(b"\n") == len({de for de, _ in PAIRS})
    os.close(reader)


def test_every_source_stands_in_the_file_of_errors(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    found = evaluate(load(run, device="cpu"), PAIRS)
    for name in ("errors.tsv", "errors.jsonl"):
        assert tandem("evaluate", run, *FILES, "--errors", name).code == 0
    header, *rows = [line.split("\t") for line in (elsewhere / "errors.tsv").read_text("utf-8").splitlines()]
    figures = ["confidence", "log_probability", "stopped", "exact", "chrf", "character_edits"]
    assert header == ["source", "reference", "output", *figures, "unknown"]
    assert [row[0] for row in rows] == list(dict.fromkeys(de for de, _ in PAIRS))
    assert [row[2] for row in rows] == found.translations
    assert rows[0][1] == f"{PAIRS[0][1]} ||| another reference"
    objects = [json.loads(line) for line in (elsewhere / "errors.jsonl").read_text("utf-8").splitlines()]
    for row, item, result, score in zip(rows, objects, found.results, found.sentence_scores(), strict=True):
        assert (item["source"], item["output"], item["references"]) == (row[0], row[2], row[1].split(" ||| "))
        assert item["log_probability"] == pytest.approx(result.translation.log_probability)
        assert item["confidence"] == result.translation.confidence
        assert row[3] == ("" if item["confidence"] is None else f"{item['confidence']:.4f}")
        assert float(row[4]) == pytest.approx(item["log_probability"], abs=1e-6)
        assert [item["exact"], item["chrf"], item["character_edits"]] == list(score)
        assert row[5] == item["stopped"] == result.translation.stopped
        assert row[6:9] == [str(int(score.exact)), f"{score.chrf:.2f}", str(score.character_edits)]


def test_a_text_cannot_tear_a_row_of_the_file_of_errors() -> None:
    translation = Translation("a\tb\nc", -1.0, (), (-1.0,), unknown=("x\t", "y"), confidence=0.25)
    evaluation = Evaluation(1, [], [SourceResult("x\ty", ("a\rb",), translation)], lowercase=False, raw=True)
    content = errors_content(Path("errors.tsv"), evaluation).decode("utf-8")
    assert content.split("\n")[1:] == ["x y\ta b\ta b c\t0.2500\t-1.000000\teos\t0\t87.50\t3\tx  y", ""]


def test_two_files_of_one_name_are_refused(tandem: Tandem, run: Path) -> None:
    found = tandem("evaluate", run, *FILES, "--output", "out", "--errors", "./out")
    assert (found.code, found.err) == (1, "tandem: --errors out: --output writes that file; give another\n")
