"""`tandem compare`: its tables, its JSON, and what it refuses."""

import json
from pathlib import Path

import pytest

from tests.support.console import Tandem
from tests.support.runs import copied, number_pairs, saved, untrained

PAIRS = number_pairs(9, seed=6)
CORPUS = ("--source", "test.de", "--target", "test.en", "--samples", "20")


@pytest.fixture(autouse=True)
def files(elsewhere: Path) -> None:
    """A corpus, and models of two recipes."""
    for side, name in enumerate(("test.de", "test.en")):
        (elsewhere / name).write_text("".join(f"{pair[side]}\n" for pair in PAIRS), encoding="utf-8")
    for seed in (1, 2):
        saved(untrained("lstm", f"seed={seed}"), elsewhere / f"wide-{seed}")
    saved(untrained("gru"), elsewhere / "gru")


def test_the_tables_tell_scores_differences_and_what_was_compared(tandem: Tandem) -> None:
    found = tandem("compare", "wide-1", "gru", "wide-2", *CORPUS)
    assert found.code == 0
    lines = found.out.splitlines()
    assert [line for line in lines if "is better" in line] == [
        "bleu (higher is better)",
        "chrf (higher is better)",
        "exact (higher is better)",
    ]
    assert sum(line.startswith("difference from wide") for line in lines) == 3
    assert any(line.endswith("|bs:20|seed:0|ci:95|drawn:sentences+runs") for line in lines)
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    assert ["seeds", "1, 2", "1"] in cells
    assert ["model.cell", '"lstm"', '"gru"'] in cells
    assert lines[-1] == "9 different sources"


def test_a_single_system_has_no_differences(tandem: Tandem) -> None:
    found = tandem("compare", "gru", *CORPUS)
    assert found.code == 0
    assert "more than" not in found.out
    assert "bs:" not in found.out


def test_json_has_every_figure(tandem: Tandem) -> None:
    found = json.loads(tandem("compare", "gru", "wide-1", "wide-2", *CORPUS, "--json", "--beam", 1).out)
    assert found["sources"] == 9
    assert found["settings"] == {"model.cell": ["gru", "lstm"]}
    gru, wide = found["systems"]
    assert (wide["name"], [run["path"] for run in wide["runs"]]) == ("wide", ["wide-1", "wide-2"])
    assert gru["search"] == "greedy"
    assert "difference" not in gru["scores"]["exact"]
    assert wide["scores"]["exact"].keys() == {"mean", "deviation", "lowest", "highest", "difference"}
    assert wide["scores"]["exact"]["difference"].keys() == {"interval", "p_value"}


def test_what_it_needs_is_asked_for(tandem: Tandem, run: Path) -> None:
    assert "which corpus? Give --source" in tandem("compare", "gru").err
    assert "gru: is given twice; each run counts once" in tandem("compare", "gru", "gru", *CORPUS).err
    assert "nowhere: there is no such run" in tandem("compare", "nowhere", *CORPUS).err
    assert tandem("compare", run, copied(run, Path("copy")), *CORPUS).code == 0
