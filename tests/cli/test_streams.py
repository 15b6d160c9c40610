"""Standard streams that are closed, or that nobody reads any more."""

import json
import sys
from pathlib import Path

import pytest

from tandem.cli.streams import notify
from tests.support.console import Tandem

CLOSED = "tandem: standard output is closed: leave it open, or send it to a file, so that the results are kept\n"


@pytest.fixture(autouse=True)
def pairs(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("eins\u2028zwei\n", encoding="utf-8")


@pytest.mark.parametrize("command", ["translate", "score", "evaluate"])
def test_results_that_nobody_would_see_are_an_error(
    command: str, tandem: Tandem, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    corpus = ("eins",) if command == "translate" else ("--source", "a", "--target", "a")
    assert tandem(command, run, *corpus) == (1, "", CLOSED)


def test_a_message_that_nobody_reads_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        notify("one")
        notify("two")


def test_scores_are_one_line_of_json_a_pair(tandem: Tandem, run: Path) -> None:
    found = tandem("score", run, "--source", "a", "--target", "a", "--json")
    (line,) = found.out.splitlines()
    assert json.loads(line)["source"] == "eins\u2028zwei"
