"""What all views share: errors, tokens, languages, saving, a phone. In headless Chromium, with a stand-in server."""

from xml.etree import ElementTree

import pytest

from benchmarks.browser import Page
from tests.serving.page.browsing import (
    all_texts,
    count_of,
    lines,
    look,
    needs_browser,
    saved_file,
    state,
    text_of,
    wait_for,
    write,
)
from tests.serving.page.stub import Stub
from tests.serving.page.watched import Watched

pytestmark = needs_browser
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz\tlaw\n"
PAIRS = "Ein Hund läuft.\tA dog runs.\nZwei Kinder spielen.\tTwo kids play.\nEine Frau liest.\tA woman reads.\n"
SENTENCE = "Ein kleiner Hund läuft durch das Gras."


@pytest.mark.parametrize(("view", "path"), [("translate", "translate"), ("beam", "trace"), ("words", "saliency")])
def test_an_error_is_said_in_its_place_and_can_be_tried_again(
    view: str, path: str, browser: Page, server: Stub
) -> None:
    server.refusals[f"/v1/{path}"] = (422, "The text is too long.")
    look(browser, server.url, view, text=SENTENCE)
    wait_for(browser, "document.querySelector('main .problem')")
    assert text_of(browser, "main .problem").startswith("The server says: The text is too long.")
    server.refusals.clear()
    browser.evaluate("document.querySelector('.problem button').click()")
    wait_for(browser, "document.querySelector('.words, .tree, .words-picture')")
    assert not browser.evaluate("document.querySelector('.problem')")


def test_a_token_is_asked_for(browser: Page, server: Stub) -> None:
    server.token = "secret"
    look(browser, server.url, "translate", text="Ein Hund.")
    browser.evaluate("sessionStorage.clear()")
    browser.call("Page.reload")
    for token in ("wrong", "secret"):
        wait_for(browser, "document.querySelector('dialog[open]')")
        assert bool(all_texts(browser, "dialog .problem")) == (token == "secret")
        write(browser, "dialog input", token)
        browser.evaluate("document.querySelector('dialog .main').click()")
        wait_for(browser, f"sessionStorage.getItem('tandem.token') === {token!r}")
    wait_for(browser, "document.querySelector('.words')")
    assert lines(browser) == ["a dog."]
    browser.evaluate("sessionStorage.clear()")


@pytest.mark.parametrize(("view", "name"), [("beam", "beam"), ("words", "words-gradient")])
def test_pictures_are_saved_with_their_styles(view: str, name: str, browser: Page, server: Stub) -> None:
    look(browser, server.url, view, text=SENTENCE)
    wait_for(browser, "document.querySelector('.tree, .words-picture')")
    svg = saved_file(browser, "svg")
    assert svg["name"] == f"{name}.svg"
    root = ElementTree.fromstring(svg["text"])
    assert not {name for each in root.iter() for name in each.attrib} & {"class", "style", "tabindex"}
    assert "var(" not in svg["text"]
    assert "url(" not in svg["text"]
    assert {each.get("fill") for each in root.iter()} >= {"rgb(27, 31, 39)", "rgb(255, 255, 255)"}, "ink on paper"
    assert len(svg["text"]) < 100_000
    size = browser.evaluate(
        "(({ width, height }) => [width, height])(document.querySelector('.tree, .words-picture').viewBox.baseVal)"
    )
    png = saved_file(browser, "png")
    assert png["name"] == f"{name}.png"
    assert [png["width"], png["height"]] == pytest.approx([2 * side for side in size], abs=1)
    assert png["first"] == [255, 255, 255, 255]
    assert png["colours"] > 50
    assert browser.messages == []


def test_views_share_the_text_and_the_language_changes_in_place(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text=SENTENCE, model="attention", n=2)
    wait_for(browser, "document.querySelector('.words')")
    browser.evaluate("document.querySelectorAll('#views a')[1].click()")
    wait_for(browser, "document.querySelector('.tree')")
    assert state(browser) == {"text": SENTENCE, "model": "attention"}
    assert browser.evaluate("document.title") == "Beam search – Tandem"
    browser.evaluate("""(() => {
      const list = document.querySelector("#settings select");
      list.value = "de";
      list.dispatchEvent(new Event("change"));
    })()""")
    wait_for(browser, "document.querySelector('h1')?.textContent === 'Beam-Suche' && document.querySelector('.tree')")
    assert browser.evaluate("document.documentElement.lang") == "de"
    assert state(browser) == {"text": SENTENCE, "model": "attention"}
    browser.evaluate("history.back()")
    wait_for(browser, "document.querySelector('.words')")
    assert state(browser) == {"text": SENTENCE, "model": "attention", "n": "2"}
    browser.evaluate("localStorage.clear()")


@pytest.mark.parametrize("view", ["translate", "beam", "words"])
def test_everything_has_a_name_and_a_phone_shows_it_all(view: str, browser: Page, server: Stub) -> None:
    look(browser, server.url, view, width=360, text=f"{SENTENCE} Zeppelin\nEin Mann.", n=2)
    wait_for(browser, "document.querySelector('.words, .tree, .words-picture')")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    kinds = {"button", "link", "combobox", "slider", "textbox", "checkbox", "radio", "listbox", "spinbutton", "region"}
    wanted = [node for node in nodes if node.get("role", {}).get("value") in kinds and not node["ignored"]]
    nameless = [node["role"]["value"] for node in wanted if not node.get("name", {}).get("value")]
    assert len(wanted) > 8
    assert nameless == []
    landmarks = {node["role"]["value"] for node in nodes if not node["ignored"]}
    assert {"banner", "navigation", "main", "contentinfo", "heading"} <= landmarks
    assert browser.evaluate("document.documentElement.scrollWidth") == 360
    assert browser.messages == []


def test_a_server_without_models_says_so(browser: Page, server: Stub) -> None:
    server.changes["/v1/page"] = {"models": False}
    look(browser, server.url, "translate")
    wait_for(browser, "document.querySelector('main p')?.textContent.includes('neither a model nor a run')")


def test_a_view_that_has_nothing_to_show_says_what_is_missing(browser: Page, server: Stub) -> None:
    look(browser, server.url, "training")
    wait_for(browser, "document.querySelector('main p')?.textContent.startsWith('This server shows no runs.')")
    look(browser, server.url, "cats")
    wait_for(browser, "document.querySelector('main p')?.textContent.includes('no view “cats”')")
    server.changes["/v1/page"] = {"models": False, "runs": True}
    look(browser, server.url, "translate", text="Ein Hund.")
    wait_for(browser, "document.querySelector('main p')?.textContent.startsWith('There is no model yet.')")
    server.changes.clear()
    wait_for(browser, "document.querySelector('.words')")
    assert lines(browser) == ["a dog."], "it appears by itself"


@pytest.mark.parametrize("view", ["inside", "training", "compare"])
@pytest.mark.parametrize("language", ["de", "zh"])
def test_a_narrow_page_in_every_language(view: str, language: str, browser: Page, watched: Watched) -> None:
    try:
        look(browser, watched.url, view)
        browser.evaluate(f"localStorage.setItem('tandem.language', {language!r})")
        look(browser, watched.url, view, width=360, text=SENTENCE, sources=PAIRS + LONG, runs="one,two")
        ready = {"inside": ".nearest li", "training": ".example", "compare": ".compared li"}[view]
        wait_for(browser, count_of(ready))
        assert browser.evaluate("document.documentElement.scrollWidth") <= 360
        assert browser.messages == []
    finally:
        browser.evaluate("localStorage.clear()")
