"""`tandem analyse`: what it prints, what it writes, and what it refuses."""

import json
import re
from pathlib import Path

import pytest

from tests.support.console import Tandem
from tests.support.runs import copied, number_pairs, saved, untrained

PAIRS = number_pairs(9, seed=6)
PAIRS += [(PAIRS[0][0], "another reference")]
CORPUS = ("--source", "test.de", "--target", "test.en", "--samples", "20")


def lines(texts: list[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


@pytest.fixture(autouse=True)
def files(elsewhere: Path) -> None:
    """A corpus with a repeated source, and what else the command reads."""
    contents = {
        "test.de": lines([de for de, _ in PAIRS]),
        "test.en": lines([en for _, en in PAIRS]),
        "each.en": lines([en for _, en in PAIRS]),
        "distinct.en": lines([en for _, en in PAIRS[:9]]),
        "short.en": lines([en for _, en in PAIRS[:8]]),
        "phrases": "eins zwei\tone\nzwei eins\tone\ndrei\tthree\ndrei drei\tthree\nvier\n",
        "empty": "",
        "gap": "eins\n\nzwei\n",
        "many": lines(["eins"] * 1001),
        "train.de": lines(["eins", "zwei drei", "vier"]),
    }
    for name, content in contents.items():
        (elsewhere / name).write_text(content, encoding="utf-8")


def test_the_tables_tell_the_main_findings_and_where_the_page_is(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    found = tandem("analyse", run, *CORPUS, "--phrases", "phrases", "--translations", "right=each.en")
    assert found.code == 0
    assert "right" in found.out
    for part in ("BLEU by words in the source", "in the analysed sources", "The commonest mistakes of shared-run"):
        assert part in found.out
    assert "within a group" in found.out
    assert "bs:20|seed:0|ci:95" in found.out
    assert "The commonest mistakes of right" not in found.out
    assert found.out.endswith("open analysis/analysis.html\n")
    assert (elsewhere / "analysis/analysis.html").is_file()


def test_it_is_shown_where_a_model_with_attention_looks(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    saved(untrained("lstm", "model.attention=luong", pairs=PAIRS), elsewhere / "looking")
    found = tandem("analyse", "looking", *CORPUS, "--max-length-extra", 2)
    assert "Attention in 9 translations" in found.out
    assert f"\n{PAIRS[0][0]}\n" in found.out
    assert re.search(r"\w+←(<sos>|<eos>|\w+) [01]\.\d\d  ", found.out)
    assert "Attention in" not in tandem("analyse", run, *CORPUS).out


def test_one_system_is_not_compared(tandem: Tandem, run: Path) -> None:
    found = tandem("analyse", run, *CORPUS)
    assert "by chance" not in found.out


def test_length_limits_reach_the_search(tandem: Tandem, run: Path) -> None:
    found = tandem("analyse", run, *CORPUS, "--json", "--max-length-factor", 0.1, "--max-length-extra", 0)
    (system,) = json.loads(found.out)["findings"]["scores"]
    assert system["bleu"]["value"] == 0


def test_texts_may_stay_as_they_are_and_words_be_told_apart_otherwise(tandem: Tandem, run: Path) -> None:
    found = tandem("analyse", run, *CORPUS, "--json", "--raw", "--tokenize", "char")
    (system,) = json.loads(found.out)["findings"]["scores"]
    assert "|tok:char|" in system["signatures"][0]
    assert "|norm:none" in system["signatures"][0]


def test_as_json_it_is_what_is_written(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    found = tandem(
        "analyse", run, *CORPUS, "--json", "--out", "there", "--training", "train.de", "--seed", 4, "--lowercase"
    )
    figures = json.loads(found.out)
    assert figures == json.loads((elsewhere / "there/analysis.json").read_text("utf-8"))
    assert figures["corpus"] == "test.de"
    findings = figures["findings"]
    assert (findings["sources"], findings["references"], findings["lowercase"]) == (9, 10, True)
    assert findings["resampling"] == "bs:20|seed:4|ci:95"
    assert figures["contexts"]["neighbours_from"] == "3 texts of the training data"


@pytest.mark.parametrize("file", ["each.en", "distinct.en"])
def test_translations_are_by_line_or_by_different_source(tandem: Tandem, file: str) -> None:
    found = tandem("analyse", *CORPUS, "--translations", f"right={file}", "--json")
    assert json.loads(found.out)["findings"]["scores"][0]["bleu"]["value"] == pytest.approx(100)


def test_models_are_compared_under_their_names(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    copied(run, elsewhere / "other")
    copied(run, elsewhere / "deep/other")
    found = tandem("analyse", run, "other", *CORPUS, "--json", "--beam", 1)
    assert [score["name"] for score in json.loads(found.out)["findings"]["scores"]] == ["shared-run", "other"]
    found = tandem("analyse", "deep/other", "other", *CORPUS, "--json")
    assert [score["name"] for score in json.loads(found.out)["findings"]["scores"]] == ["deep/other", "other"]


ERRORS = [
    (("--translations", "x=short.en"), r"short.en: there are 8 lines, but the corpus has 10 pairs; give one .* 9"),
    (("--translations", "x"), "--translations x: give a name and a file"),
    (("--translations", "x=each.en", "--translations", "x=each.en"), "another system is called x"),
    (("--translations", "x=none.en"), "none.en: there is no such file"),
    (("RUN", "RUN"), "is given twice"),
    ((), "what is to be analysed"),
    (("RUN", "--phrases", "gap"), "gap line 2: the phrase is empty"),
    (("RUN", "--phrases", "empty"), "empty: the file is empty; give at least one phrase"),
    (("RUN", "--phrases", "many"), "more than 1,000 phrases"),
    (("RUN", "--training", "empty"), "empty: the file is empty"),
    (("RUN", "--training", "none"), "none: there is no such file"),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS, ids=lambda value: " ".join(value)[:40])
def test_what_is_wrong_is_said_before_the_work(
    arguments: tuple[str, ...], message: str, tandem: Tandem, run: Path, elsewhere: Path
) -> None:
    found = tandem("analyse", *(str(run) if word == "RUN" else word for word in arguments), *CORPUS)
    assert found.code == 1
    assert found.err.startswith("tandem: ")
    assert re.search(message, found.err)
    assert not (elsewhere / "analysis").exists()


def test_without_a_corpus_it_asks_for_one(tandem: Tandem, run: Path) -> None:
    assert "which corpus?" in tandem("analyse", run).err


def test_a_place_that_cannot_be_written_is_named(tandem: Tandem, run: Path) -> None:
    found = tandem("analyse", run, *CORPUS, "--out", "test.de")
    assert found.code == 1
    assert "test.de" in found.err
