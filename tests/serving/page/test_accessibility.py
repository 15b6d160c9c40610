"""Every view of the page, with content, before axe-core, which knows the rules of WCAG."""

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from benchmarks.browser import Page
from tests.serving.page.browsing import click, count_of, look, needs_browser, wait_for
from tests.serving.page.real import ATTENDING, HELD_OUT

AXE = importlib.util.find_spec("axe_playwright_python")
pytestmark = [
    needs_browser,
    pytest.mark.skipif(AXE is None, reason="axe-playwright-python is not installed, which has axe-core"),
]
TEXT = "eins zwei drei"
PAIRS = {name: "\n".join(pair[side] for pair in HELD_OUT) for side, name in enumerate(("sources", "references"))}
GRAVE = {"serious", "critical"}


class Shown(NamedTuple):
    """A view, what is clicked there, and what is there when all is shown."""

    view: str
    state: dict[str, Any]
    ready: str
    clicked: str | None = None


SHOWN = {
    "translate": Shown("translate", {"text": f"{TEXT}\nvier neun", "n": 3, "prefix0": "two", "sure": 1}, ".chip"),
    "alternatives": Shown("translate", {"text": TEXT, "model": ATTENDING}, "[role=option]", ".words .word"),
    "beam": Shown("beam", {"text": TEXT, "beam": 3, "n": 2, "node": 3}, ".as-table td", ".as-table summary"),
    "words": Shown("words", {"text": TEXT, "model": ATTENDING, "at": 1}, ".words-picture"),
    "lines": Shown("words", {"text": TEXT, "as": "lines", "target": "one two"}, ".missing"),
    "inside": Shown("inside", {"text": TEXT, "side": "decoder"}, ".nearest li", ".heat-table summary"),
    "training": Shown("training", {}, ".example"),
    "compare": Shown("compare", PAIRS, ".compared li", ".compare-results summary"),
    "problem": Shown("words", {"text": "eins " * 3000}, ".problem"),
}


@pytest.fixture(scope="module")
def axe() -> str:
    assert AXE is not None
    assert AXE.origin is not None
    return Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def show(browser: Page, url: str, shown: Shown, *, width: int, colours: str) -> None:
    features = {"prefers-color-scheme": colours, "prefers-reduced-motion": "reduce"}
    media = [{"name": name, "value": value} for name, value in features.items()]
    browser.call("Emulation.setEmulatedMedia", features=media)
    look(browser, url, shown.view, width=width, **shown.state)
    if shown.clicked:
        wait_for(browser, count_of(shown.clicked))
        click(browser, shown.clicked)
    wait_for(browser, f"{count_of(shown.ready)} && !({count_of('[aria-busy=true], .computing')})")


def faults(browser: Page, axe: str) -> list[str]:
    """The grave faults that axe-core finds in the page: the rule, what it says, and where."""
    browser.evaluate(f"{axe};0")
    found = browser.evaluate("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)")
    return [
        f"{each['id']}: {each['help']}: {node['html']}: {node['failureSummary']}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def test_axe_finds_what_is_wrong(browser: Page, axe: str, url: str) -> None:
    """Without this, a page on which axe-core does not run would have no faults."""
    show(browser, url, SHOWN["training"], width=1280, colours="light")
    browser.evaluate("document.querySelector('main').append(document.createElement('textarea'))")
    assert [fault.partition(":")[0] for fault in faults(browser, axe)] == ["label"]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", SHOWN)
def test_no_view_has_a_grave_fault(name: str, width: int, colours: str, browser: Page, axe: str, url: str) -> None:
    show(browser, url, SHOWN[name], width=width, colours=colours)
    assert faults(browser, axe) == []
