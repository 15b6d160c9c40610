"""The view Beam in headless Chromium, against a stand-in for the server."""

from benchmarks.browser import Page
from tests.serving.page.browsing import (
    all_texts,
    look,
    needs_browser,
    press,
    saved_file,
    state,
    text_of,
    wait_for,
    write,
)
from tests.serving.page.stub import Stub

pytestmark = needs_browser
SENTENCE = "Ein kleiner Hund läuft durch das Gras."
TREE = ".tree .node"


def test_the_beam_is_stepped_through(browser: Page, server: Stub) -> None:
    look(browser, server.url, "beam", text=SENTENCE, beam=3)
    wait_for(browser, "document.querySelector('.tree')")
    (ask,) = [ask for path, ask in server.asked if path == "/v1/trace"]
    assert ask == {"text": SENTENCE, "model": "demo", "beam": 3, "n_best": 1}
    assert "".join(all_texts(browser, ".node.result .name")).startswith("asmalldog")
    browser.evaluate("document.querySelector('.framed').focus()")
    press(browser, "ArrowLeft", "ArrowLeft")
    steps = int(browser.evaluate("document.querySelector('.stepper input').max"))
    assert state(browser)["step"] == str(steps - 2)
    assert text_of(browser, ".summary") == f"Step {steps - 2} of {steps}: 3 live, 0 complete, 3 pruned."
    assert len(all_texts(browser, ".node.live")) == 3
    browser.evaluate("document.querySelector('.stepper button').click()")
    assert state(browser)["step"] == "0"
    assert len(all_texts(browser, f"{TREE}:not(.hidden)")) == 1
    write(browser, ".stepper input", str(steps))
    assert "step" not in state(browser)
    assert browser.messages == []


def test_a_node_tells_what_became_of_it(browser: Page, server: Stub) -> None:
    look(browser, server.url, "beam", text=SENTENCE, beam=3)
    wait_for(browser, "document.querySelector('.tree')")
    browser.evaluate("document.querySelector('.node').focus()")
    press(browser, "ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    assert browser.evaluate("document.activeElement.getAttribute('aria-label')") == (
        "and: step 1, place 4, probability 1.9%, log-probability of all −3.94. "
        "Pruned: it is not among the best 3 that go on."
    )
    assert text_of(browser, ".details .fate") == "Pruned: it is not among the best 3 that go on."
    assert state(browser)["node"] == "4"
    press(browser, "Enter")
    assert "node" not in state(browser)


def test_the_width_changes_the_search(browser: Page, server: Stub) -> None:
    look(browser, server.url, "beam", text=SENTENCE, beam=3, step=2)
    wait_for(browser, "document.querySelector('.tree')")
    write(browser, ".options input[type=range]", "1")
    wait_for(browser, "document.querySelectorAll('.node[data-id=\"3\"]').length && location.hash.includes('beam=1')")
    wait_for(browser, "document.querySelectorAll('.node').length < 30")
    assert state(browser) == {"text": SENTENCE, "beam": "1"}, "and the search is seen to its end"


def test_the_beam_is_a_table_too(browser: Page, server: Stub) -> None:
    look(browser, server.url, "beam", text="Ein Hund.", beam=2)
    wait_for(browser, "document.querySelector('.tree')")
    browser.evaluate("document.querySelector('.as-table').open = true")
    wait_for(browser, "document.querySelector('.as-table tbody')")
    rows = len(all_texts(browser, ".as-table tbody tr"))
    assert rows == len(all_texts(browser, TREE)) - 1, "all but the root"
    content = saved_file(browser, "csv")
    head, *body = content["text"].split("\r\n")
    assert head.lstrip("\ufeff").startswith("id,parent,step,place,token,")
    assert content["name"] == "beam.csv"
    assert len(body) == rows + 2
