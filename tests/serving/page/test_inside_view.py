"""The view Inside in headless Chromium, against a stand-in for the server."""

import pytest

from benchmarks.browser import Page
from tests.serving.page.browsing import (
    address,
    all_texts,
    choose,
    count_of,
    look,
    needs_browser,
    press_on,
    saved,
    wait_for,
)
from tests.serving.page.watched import Watched

pytestmark = needs_browser
TEXT = "Ein kleiner Hund läuft durch das Gras."


def test_states_are_shown_and_read_out(browser: Page, watched: Watched) -> None:
    watched.directions = 2
    look(browser, watched.url, "inside", text=TEXT)
    wait_for(browser, f"{count_of('.heat-svg')} === 2")
    assert all_texts(browser, ".maps h2") == ["Hidden state, forwards", "Hidden state, backwards"]
    press_on(browser, ".heat-svg", "ArrowDown")
    press_on(browser, ".heat-svg", "ArrowRight")
    (spoken, *_) = all_texts(browser, ".heat-map .unseen")
    assert spoken.startswith("unit ")
    assert ", kleiner: " in spoken
    assert all_texts(browser, ".heat-tip")[0] == spoken
    # The table has the same number at the place that was read out.
    browser.evaluate("document.querySelector('.heat-table').open = true")
    wait_for(browser, f"{count_of('.heat-table td.figure')} === 32 * 8")
    assert all_texts(browser, ".heat-table td.figure")[1] == spoken.partition(": ")[2]
    assert browser.messages == []


def test_what_is_chosen_is_in_the_address(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "inside", text=TEXT)
    wait_for(browser, f"{count_of('.heat-svg')} === 1")
    choose(browser, "Side", "decoder")
    choose(browser, "Layer", "1")
    choose(browser, "Show", "forget")
    wait_for(browser, "document.querySelector('.maps h2')?.textContent === 'Forget gate'")
    assert "side=decoder&layer=1&what=forget" in address(browser)
    assert watched.asked[-1] == (
        "/v1/inside",
        {"text": TEXT, "model": "demo", "side": "decoder", "layer": 1, "what": "forget"},
    )
    look(browser, watched.url, "inside", text=TEXT, side="decoder", what="cell", target="a cat", units="all")
    wait_for(browser, "document.querySelector('.maps h2')?.textContent === 'Cell state'")
    asked = [ask for path, ask in watched.asked if path == "/v1/inside"][-1]
    assert (asked["side"], asked["what"], asked["target"]) == ("decoder", "cell", "a cat")
    assert "96 of 96 units" in str(browser.evaluate("document.querySelector('.heat-svg').ariaLabel"))
    assert browser.messages == []


def test_the_index_is_waited_for_and_a_neighbour_looked_at(browser: Page, watched: Watched) -> None:
    watched.computed = [250]
    look(browser, watched.url, "inside", text=TEXT)
    wait_for(browser, count_of(".computing progress"))
    assert all_texts(browser, ".computing span:last-child") == ["250 of 1,000"]
    wait_for(browser, f"{count_of('.nearest li')} === 4")
    browser.evaluate("document.querySelectorAll('.neighbour')[2].click()")
    wait_for(browser, "location.hash.includes('Zwei+Hunde')")
    wait_for(browser, "document.querySelector('.heat-svg')?.ariaLabel.includes('7 tokens')")
    wait_for(browser, f"!({count_of('[aria-busy]')})")
    last = {path: ask.get("text") for path, ask in list(watched.asked)}  # the last of each path
    assert last["/v1/inside"] == "Zwei Hunde spielen im hohen Gras."
    assert browser.messages == []


@pytest.mark.parametrize("part", [".maps", ".place figure"])
def test_pictures_are_saved_with_their_styles(part: str, browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "inside", text=TEXT)
    wait_for(browser, f"{count_of('.maps .save')} && {count_of('.place .save')}")
    kind, svg = saved(browser, f"{part} .save button")
    assert kind == "image/svg+xml"
    assert "class=" not in svg
    assert 'fill="rgb(' in svg
    assert saved(browser, f"{part} .save button:nth-child(2)")[0] == "image/png"
    assert saved(browser, f"{part} .save button:last-child")[1].count("\r\n") > 8


def test_an_error_is_shown_in_place(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "inside", text=TEXT)
    wait_for(browser, count_of(".heat-svg"))
    watched.is_away = True
    choose(browser, "Side", "decoder")
    wait_for(browser, count_of(".maps .problem button"))
    watched.is_away = False
    browser.evaluate("document.querySelector('.maps .problem button').click()")
    wait_for(browser, count_of(".heat-svg"))
