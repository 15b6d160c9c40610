"""Processes beside this one write the bytes that this one writes."""

import sys
from pathlib import Path

import pytest

import tandem
from tandem.bulk.translating import Window, Work, in_this_process
from tandem.bulk.workers import in_processes
from tandem.errors import TandemError
from tandem.translation.forms import FORMS
from tests.support.runs import number_pairs, untrained

LINES = [source for source, _ in number_pairs(23, seed=8)] + ["", "eins " * 20_000]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("model") / "mine"
    untrained("gru").save(where)
    return tandem.export(where).directory


def windows() -> list[Window]:
    return [Window(first, LINES[first : first + 5]) for first in range(0, len(LINES), 5)]


@pytest.mark.parametrize(
    ("form", "options"), [("plain", {}), ("json", {"sample": 2, "seed": 4}), ("n-best", {"beam": 3, "n_best": 2})]
)
def test_processes_write_what_this_one_writes(export: Path, form: str, options: dict[str, int]) -> None:
    translator = tandem.load([export, export])
    settings = translator.search_settings(**options)  # type: ignore[arg-type]
    wanted = in_this_process(translator, settings, FORMS[form], "one")
    beside: Work = in_processes(2, [export, export], "arithmetic", settings, FORMS[form], "one")
    expected = list(wanted(iter(windows())))
    assert list(beside(iter(windows()))) == expected
    assert expected[-1].cut == [24]


def test_a_process_that_dies_is_an_error(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tandem.load(export).search_settings()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TandemError, match=r"a process that translates beside this one ended"):
        list(in_processes(2, [export], "arithmetic", settings, FORMS["plain"])(iter(windows())))
