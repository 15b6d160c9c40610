"""The view Translate in headless Chromium, against a stand-in for the server."""

from urllib.parse import urlencode

from benchmarks.browser import Page
from tests.serving.page.browsing import all_texts, lines, look, needs_browser, press, state, text_of, wait_for, write
from tests.serving.page.stub import Stub

pytestmark = needs_browser
SENTENCE = "Ein kleiner Hund läuft durch das Gras."


def test_what_is_typed_is_translated(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate")
    wait_for(browser, "document.activeElement.matches('textarea')")
    browser.call("Input.insertText", text="Ein Mann liest Zeppelin.\n\nDie Frau spielt.")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    assert lines(browser) == ["a man reads <unk>.", "the woman plays."]
    assert all_texts(browser, "mark") == ["Zeppelin"]
    assert state(browser)["text"] == "Ein Mann liest Zeppelin.\n\nDie Frau spielt."
    asked = [ask["text"] for path, ask in server.asked if path == "/v1/translate"]
    assert asked == [["Ein Mann liest Zeppelin.", "Die Frau spielt."]]
    assert browser.messages == []


def test_a_line_that_stays_is_not_asked_for_again(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text="Ein Hund.\nEin Mann.")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    browser.evaluate("document.querySelector('.words').kept = true")
    write(browser, "textarea", "Ein Hund.\nEine Frau.")
    wait_for(browser, "document.querySelectorAll('.words')[1].textContent.includes('woman')")
    assert [ask["text"] for path, ask in server.asked if path == "/v1/translate"][1] == ["Eine Frau."]
    assert browser.evaluate("document.querySelector('.words').kept"), "its element stays, too"


def test_an_answer_that_comes_late_is_not_shown(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text="Ein Hund.")
    wait_for(browser, "document.querySelectorAll('.words').length === 1")
    server.delay = 0.6
    write(browser, "textarea", "Ein Mann.")
    wait_for(browser, "document.querySelector('.output').hasAttribute('aria-busy')")
    assert lines(browser) == ["a dog."], "what is old stays until there is something new"
    server.delay = 0
    write(browser, "textarea", "Eine Frau.")
    wait_for(browser, "document.querySelector('.words').textContent.includes('woman')")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve, 800))")
    assert lines(browser) == ["a woman."]
    assert not browser.evaluate("document.querySelector('.output').hasAttribute('aria-busy')")


def test_another_word_is_chosen_by_the_keyboard_and_let_go(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text=f"Ein Mann.\n{SENTENCE}")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    browser.evaluate("document.querySelectorAll('.words')[1].querySelector('.word').focus()")
    press(browser, "ArrowRight", "Enter")
    wait_for(browser, "document.activeElement.matches('[role=listbox]')")
    options = "[role=option] .token"
    assert all_texts(browser, options)[:3] == ["small", "little", "young"]
    assert browser.evaluate("document.querySelector('[aria-selected=true] .token').textContent") == "small"
    press(browser, "ArrowDown", "ArrowDown", "Enter")
    wait_for(browser, "document.querySelectorAll('.words')[1].textContent.startsWith('a young')")
    assert lines(browser)[0] == "a man.", "the other line is as it was"
    assert all_texts(browser, ".word.forced") == ["a", "young"]
    assert state(browser)["prefix1"] == "a young"
    assert browser.evaluate("document.activeElement.textContent") == "young", "the focus stays at its place"

    browser.open("about:blank")
    browser.open(f"{server.url}#translate?{urlencode(state_of_link(server))}")
    wait_for(browser, "document.querySelector('.chip')")
    assert lines(browser)[1].startswith("a young"), "a link gives the same"
    browser.evaluate("document.querySelector('.chip').click()")
    wait_for(browser, "document.querySelectorAll('.words')[1].textContent.startsWith('a small')")
    assert "prefix1" not in state(browser)


def state_of_link(server: Stub) -> dict[str, str]:
    return {"text": f"Ein Mann.\n{SENTENCE}", "prefix1": "a young"}


def test_the_end_can_be_put_off_but_not_forced(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text="Ein Hund.")
    wait_for(browser, "document.querySelectorAll('.word').length === 4")
    browser.evaluate("document.querySelector('.word.special').click()")
    wait_for(browser, "document.querySelectorAll('[role=option]').length > 1")
    assert browser.evaluate("document.querySelector('[aria-disabled=true] .token').textContent") == "end"
    press(browser, "Enter")
    assert browser.evaluate("document.querySelector('.alternatives').matches(':popover-open')")
    press(browser, "Escape")
    assert not browser.evaluate("document.querySelector('.alternatives').matches(':popover-open')")
    assert browser.evaluate("document.activeElement.matches('.word.special')"), "the focus goes back"


def test_a_forced_beginning_goes_along_with_its_line(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text="Ein Mann.\nEin Hund.", prefix1="the")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    write(browser, "textarea", "Eine Frau.\nEin Mann.\nEin Hund.")
    wait_for(browser, "document.querySelectorAll('.words').length === 3")
    assert lines(browser) == ["a woman.", "a man.", "the dog."]
    assert {name for name in state(browser) if name != "text"} == {"prefix2"}
    write(browser, "textarea", "Eine Frau.\nEin Mann.\nEin Kind.")
    wait_for(browser, "document.querySelectorAll('.words')[2].textContent.includes('child')")
    assert lines(browser)[2] == "a child.", "a changed line is free again"
    assert {name for name in state(browser) if name != "text"} == set()


def test_options_are_sent_and_stand_in_the_address(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", text=SENTENCE, beam=2, n=3, penalty="0.5", model="attention")
    wait_for(browser, "document.querySelectorAll('.others li').length === 2")
    (ask,) = [ask for path, ask in server.asked if path == "/v1/translate"]
    assert ask == {"text": [SENTENCE], "model": "attention", "beam": 3, "n_best": 3, "length_penalty": 0.5}
    browser.evaluate("""(() => {
      const list = [...document.querySelectorAll('.options select')].at(-1);
      list.value = "1";
      list.dispatchEvent(new Event("change"));
    })()""")
    wait_for(browser, "!document.querySelector('.others')")
    assert state(browser) == {"text": SENTENCE, "beam": "2", "penalty": "0.5", "model": "attention"}


def test_a_failed_line_leaves_the_others(browser: Page, server: Stub) -> None:
    failed = {"source": "x", "error": {"code": "x", "message": "Line 1 is odd."}}
    server.changes["/v1/translate"] = {"translations": [failed]}
    look(browser, server.url, "translate", text="x")
    wait_for(browser, "document.querySelector('.output .problem')")
    assert text_of(browser, ".output .problem") == "The server says: Line 1 is odd."


def test_a_long_word_stays_within_a_phone(browser: Page, server: Stub) -> None:
    look(browser, server.url, "translate", width=360, text="Rindfleisch" * 20)
    wait_for(browser, "document.querySelector('.words')")
    assert browser.evaluate("document.documentElement.scrollWidth") == 360
