"""The view Words in headless Chromium, against a stand-in for the server."""

from typing import Any

import pytest

from benchmarks.browser import Page
from tests.serving.page.browsing import all_texts, look, needs_browser, press, state, text_of, wait_for, write
from tests.serving.page.stub import Stub

pytestmark = needs_browser
SENTENCE = "Ein kleiner Hund läuft durch das Gras."


@pytest.mark.parametrize("form", ["matrix", "lines"])
def test_a_word_is_marked_in_all_pictures(form: str, browser: Page, server: Stub) -> None:
    fragment: dict[str, Any] = {"text": SENTENCE, "as": form}
    look(browser, server.url, "words", **fragment)
    wait_for(browser, "document.querySelectorAll('.words-picture').length === 3")
    browser.evaluate("document.querySelectorAll('.words-picture')[1].querySelectorAll('.target')[1].focus()")
    press(browser, "ArrowDown")
    assert all_texts(browser, ".origin.on") == ["hund"] * 3
    assert all_texts(browser, ".told")[1] == "“dog” comes mostly from “hund” (3.30)."
    press(browser, "Enter")
    browser.evaluate("document.activeElement.blur()")
    assert all_texts(browser, ".origin.on") == ["hund"] * 3, "it is kept"
    assert state(browser)["at"] == "2"


def test_another_output_can_be_asked_about(browser: Page, server: Stub) -> None:
    look(browser, server.url, "words", text=SENTENCE, show="gradient")
    wait_for(browser, "document.querySelector('.words-picture')")
    assert browser.evaluate("document.querySelectorAll('textarea')[1].value") == "a small dog is through the grass."
    write(browser, ".asked > :last-child textarea", "the cat")
    wait_for(browser, "document.querySelectorAll('.target').length === 3")
    asked = [ask for path, ask in server.asked if path == "/v1/saliency"]
    assert [ask.get("target") for ask in asked] == [None, "the cat"]
    assert state(browser) == {"text": SENTENCE, "show": "gradient", "target": "the cat"}
    browser.evaluate("document.querySelector('.asked .quiet').click()")
    wait_for(browser, "document.querySelectorAll('.target').length > 3")
    assert state(browser) == {"text": SENTENCE, "show": "gradient"}


def test_what_a_model_cannot_tell_is_said(browser: Page, server: Stub) -> None:
    server.changes["/v1/saliency"] = {"attention": None, "reasons": {"attention": "this model has no attention"}}
    look(browser, server.url, "words", text=SENTENCE)
    wait_for(browser, "document.querySelectorAll('.words-picture').length === 2")
    assert text_of(browser, ".missing").startswith("This model has no attention. To see it, train a model with")
