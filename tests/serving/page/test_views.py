"""The page in headless Chromium, against a stand-in for the server: translating, the beam, and words."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode
from xml.etree import ElementTree

import pytest

from benchmarks.browser import Page, chromium, opened_browser
from tests.serving.page.browsing import all_texts, wait_for, write
from tests.serving.page.stub import Stub, stubbed

SENTENCE = "Ein kleiner Hund läuft durch das Gras."
TREE = ".tree .node"
needs_browser = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


def test_what_needs_no_document() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    tests = str(Path(__file__).parent / "pure.test.mjs")
    ran = subprocess.run([node, "--test", tests], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-4000:]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_browser(tmp_path_factory.mktemp("profile")) as page:
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        yield page


@pytest.fixture
def server() -> Iterator[Stub]:
    with stubbed() as stub:
        yield stub


def look(browser: Page, server: Stub, view: str, **state: Any) -> None:
    """Open a view, in a width of a laptop, with nothing kept from before."""
    browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    browser.open("about:blank")
    browser.messages.clear()
    browser.open(f"{server.url}#{view}?{urlencode(state)}")


def text_of(browser: Page, selector: str) -> str:
    return all_texts(browser, selector)[0]


def lines(browser: Page) -> list[str]:
    """The translations that are shown, without the sign for the end."""
    return [text.removesuffix("¶") for text in all_texts(browser, ".words")]


def press(browser: Page, *keys: str) -> None:
    for key in keys:
        text = {"Enter": "\r", " ": " "}.get(key, "")
        kind = "keyDown" if text else "rawKeyDown"
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        values = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        browser.call("Input.dispatchKeyEvent", type=kind, text=text, **values)
        browser.call("Input.dispatchKeyEvent", type="keyUp", **values)


def state(browser: Page) -> dict[str, str]:
    """What the address says of the view."""
    hash_ = str(browser.evaluate("location.hash"))
    return {name: values[0] for name, values in parse_qs(hash_.partition("?")[2]).items()}


@needs_browser
def test_what_is_typed_is_translated(browser: Page, server: Stub) -> None:
    look(browser, server, "translate")
    wait_for(browser, "document.activeElement.matches('textarea')")
    browser.call("Input.insertText", text="Ein Mann liest Zeppelin.\n\nDie Frau spielt.")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    assert lines(browser) == ["a man reads <unk>.", "the woman plays."]
    assert all_texts(browser, "mark") == ["Zeppelin"]
    assert state(browser)["text"] == "Ein Mann liest Zeppelin.\n\nDie Frau spielt."
    asked = [ask["text"] for path, ask in server.asked if path == "/v1/translate"]
    assert asked == [["Ein Mann liest Zeppelin.", "Die Frau spielt."]]
    assert browser.messages == []


@needs_browser
def test_a_line_that_stays_is_not_asked_for_again(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text="Ein Hund.\nEin Mann.")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    browser.evaluate("document.querySelector('.words').kept = true")
    write(browser, "textarea", "Ein Hund.\nEine Frau.")
    wait_for(browser, "document.querySelectorAll('.words')[1].textContent.includes('woman')")
    assert [ask["text"] for path, ask in server.asked if path == "/v1/translate"][1] == ["Eine Frau."]
    assert browser.evaluate("document.querySelector('.words').kept"), "its element stays, too"


@needs_browser
def test_an_answer_that_comes_late_is_not_shown(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text="Ein Hund.")
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


@needs_browser
def test_another_word_is_chosen_by_the_keyboard_and_let_go(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text=f"Ein Mann.\n{SENTENCE}")
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


@needs_browser
def test_the_end_can_be_put_off_but_not_forced(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text="Ein Hund.")
    wait_for(browser, "document.querySelectorAll('.word').length === 4")
    browser.evaluate("document.querySelector('.word.special').click()")
    wait_for(browser, "document.querySelectorAll('[role=option]').length > 1")
    assert browser.evaluate("document.querySelector('[aria-disabled=true] .token').textContent") == "end"
    press(browser, "Enter")
    assert browser.evaluate("document.querySelector('.alternatives').matches(':popover-open')")
    press(browser, "Escape")
    assert not browser.evaluate("document.querySelector('.alternatives').matches(':popover-open')")
    assert browser.evaluate("document.activeElement.matches('.word.special')"), "the focus goes back"


@needs_browser
def test_a_forced_beginning_goes_along_with_its_line(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text="Ein Mann.\nEin Hund.", prefix1="the")
    wait_for(browser, "document.querySelectorAll('.words').length === 2")
    write(browser, "textarea", "Eine Frau.\nEin Mann.\nEin Hund.")
    wait_for(browser, "document.querySelectorAll('.words').length === 3")
    assert lines(browser) == ["a woman.", "a man.", "the dog."]
    assert {name for name in state(browser) if name != "text"} == {"prefix2"}
    write(browser, "textarea", "Eine Frau.\nEin Mann.\nEin Kind.")
    wait_for(browser, "document.querySelectorAll('.words')[2].textContent.includes('child')")
    assert lines(browser)[2] == "a child.", "a changed line is free again"
    assert {name for name in state(browser) if name != "text"} == set()


@needs_browser
def test_options_are_sent_and_stand_in_the_address(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text=SENTENCE, beam=2, n=3, penalty="0.5", model="attention")
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


@needs_browser
@pytest.mark.parametrize(("view", "path"), [("translate", "translate"), ("beam", "trace"), ("words", "saliency")])
def test_an_error_is_said_in_its_place_and_can_be_tried_again(
    view: str, path: str, browser: Page, server: Stub
) -> None:
    server.refusals[f"/v1/{path}"] = (422, "The text is too long.")
    look(browser, server, view, text=SENTENCE)
    wait_for(browser, "document.querySelector('main .problem')")
    assert text_of(browser, "main .problem").startswith("The server says: The text is too long.")
    server.refusals.clear()
    browser.evaluate("document.querySelector('.problem button').click()")
    wait_for(browser, "document.querySelector('.words, .tree, .words-picture')")
    assert not browser.evaluate("document.querySelector('.problem')")


@needs_browser
def test_a_failed_line_leaves_the_others(browser: Page, server: Stub) -> None:
    failed = {"source": "x", "error": {"code": "x", "message": "Line 1 is odd."}}
    server.changes["/v1/translate"] = {"translations": [failed]}
    look(browser, server, "translate", text="x")
    wait_for(browser, "document.querySelector('.output .problem')")
    assert text_of(browser, ".output .problem") == "The server says: Line 1 is odd."


@needs_browser
def test_a_token_is_asked_for(browser: Page, server: Stub) -> None:
    server.token = "secret"
    look(browser, server, "translate", text="Ein Hund.")
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


@needs_browser
def test_the_beam_is_stepped_through(browser: Page, server: Stub) -> None:
    look(browser, server, "beam", text=SENTENCE, beam=3)
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


@needs_browser
def test_a_node_tells_what_became_of_it(browser: Page, server: Stub) -> None:
    look(browser, server, "beam", text=SENTENCE, beam=3)
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


@needs_browser
def test_the_width_changes_the_search(browser: Page, server: Stub) -> None:
    look(browser, server, "beam", text=SENTENCE, beam=3, step=2)
    wait_for(browser, "document.querySelector('.tree')")
    write(browser, ".options input[type=range]", "1")
    wait_for(browser, "document.querySelectorAll('.node[data-id=\"3\"]').length && location.hash.includes('beam=1')")
    wait_for(browser, "document.querySelectorAll('.node').length < 30")
    assert state(browser) == {"text": SENTENCE, "beam": "1"}, "and the search is seen to its end"


@needs_browser
def test_the_beam_is_a_table_too(browser: Page, server: Stub) -> None:
    look(browser, server, "beam", text="Ein Hund.", beam=2)
    wait_for(browser, "document.querySelector('.tree')")
    browser.evaluate("document.querySelector('.as-table').open = true")
    wait_for(browser, "document.querySelector('.as-table tbody')")
    rows = len(all_texts(browser, ".as-table tbody tr"))
    assert rows == len(all_texts(browser, TREE)) - 1, "all but the root"
    content = saved(browser, "csv")
    head, *body = content["text"].split("\r\n")
    assert head.lstrip("\ufeff").startswith("id,parent,step,place,token,")
    assert content["name"] == "beam.csv"
    assert len(body) == rows + 2


@needs_browser
@pytest.mark.parametrize("form", ["matrix", "lines"])
def test_a_word_is_marked_in_all_pictures(form: str, browser: Page, server: Stub) -> None:
    look(browser, server, "words", text=SENTENCE, **{"as": form})
    wait_for(browser, "document.querySelectorAll('.words-picture').length === 3")
    browser.evaluate("document.querySelectorAll('.words-picture')[1].querySelectorAll('.target')[1].focus()")
    press(browser, "ArrowDown")
    assert all_texts(browser, ".origin.on") == ["hund"] * 3
    assert all_texts(browser, ".told")[1] == "“dog” comes mostly from “hund” (3.30)."
    press(browser, "Enter")
    browser.evaluate("document.activeElement.blur()")
    assert all_texts(browser, ".origin.on") == ["hund"] * 3, "it is kept"
    assert state(browser)["at"] == "2"


@needs_browser
def test_another_output_can_be_asked_about(browser: Page, server: Stub) -> None:
    look(browser, server, "words", text=SENTENCE, show="gradient")
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


@needs_browser
def test_what_a_model_cannot_tell_is_said(browser: Page, server: Stub) -> None:
    server.changes["/v1/saliency"] = {"attention": None, "reasons": {"attention": "this model has no attention"}}
    look(browser, server, "words", text=SENTENCE)
    wait_for(browser, "document.querySelectorAll('.words-picture').length === 2")
    assert text_of(browser, ".missing").startswith("This model has no attention. To see it, train a model with")


def saved(browser: Page, form: str) -> dict[str, Any]:
    """Press a button that saves, and return the file's name and content; a PNG's as its size and first pixel."""
    content: dict[str, Any] = browser.evaluate(f"""(async () => {{
      const kept = new Promise((resolve) => {{
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => (resolve(blob), make(blob));
      }});
      let name;
      const click = HTMLAnchorElement.prototype.click;
      HTMLAnchorElement.prototype.click = function () {{ name = this.download; }};
      [...document.querySelectorAll(".save button")].find((each) => each.textContent === {form.upper()!r}).click();
      const blob = await kept;
      await new Promise((resolve) => setTimeout(resolve));
      HTMLAnchorElement.prototype.click = click;
      const decoder = new TextDecoder("utf-8", {{ ignoreBOM: true }});
      if (blob.type !== "image/png") return {{ name, text: decoder.decode(await blob.arrayBuffer()) }};
      const image = await createImageBitmap(blob);
      const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
      canvas.drawImage(image, 0, 0);
      const pixels = canvas.getImageData(0, 0, image.width, image.height).data;
      const colours = new Set();
      for (let n = 0; n < pixels.length; n += 4) colours.add(pixels.slice(n, n + 3).join());
      const {{ width, height }} = image;
      return {{ name, width, height, first: [...pixels.slice(0, 4)], colours: colours.size }};
    }})()""")
    return content


@needs_browser
@pytest.mark.parametrize(("view", "name"), [("beam", "beam"), ("words", "words-gradient")])
def test_pictures_are_saved_with_their_styles(view: str, name: str, browser: Page, server: Stub) -> None:
    look(browser, server, view, text=SENTENCE)
    wait_for(browser, "document.querySelector('.tree, .words-picture')")
    svg = saved(browser, "svg")
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
    png = saved(browser, "png")
    assert png["name"] == f"{name}.png"
    assert [png["width"], png["height"]] == pytest.approx([2 * side for side in size], abs=1)
    assert png["first"] == [255, 255, 255, 255]
    assert png["colours"] > 50
    assert browser.messages == []


@needs_browser
def test_views_share_the_text_and_the_language_changes_in_place(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text=SENTENCE, model="attention", n=2)
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


@needs_browser
@pytest.mark.parametrize("view", ["translate", "beam", "words"])
def test_everything_has_a_name_and_a_phone_shows_it_all(view: str, browser: Page, server: Stub) -> None:
    look(browser, server, view, text=f"{SENTENCE} Zeppelin\nEin Mann.", n=2)
    browser.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
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


@needs_browser
def test_a_server_without_models_says_so(browser: Page, server: Stub) -> None:
    server.changes["/v1/page"] = {"models": False}
    look(browser, server, "translate")
    wait_for(browser, "document.querySelector('main p')?.textContent.includes('neither a model nor a run')")


@needs_browser
def test_a_view_that_has_nothing_to_show_says_what_is_missing(browser: Page, server: Stub) -> None:
    look(browser, server, "training")
    wait_for(browser, "document.querySelector('main p')?.textContent.startsWith('This server shows no runs.')")
    look(browser, server, "cats")
    wait_for(browser, "document.querySelector('main p')?.textContent.includes('no view “cats”')")
    server.changes["/v1/page"] = {"models": False, "runs": True}
    look(browser, server, "translate", text="Ein Hund.")
    wait_for(browser, "document.querySelector('main p')?.textContent.startsWith('There is no model yet.')")
    server.changes.clear()
    wait_for(browser, "document.querySelector('.words')")
    assert lines(browser) == ["a dog."], "it appears by itself"


@needs_browser
def test_a_long_word_stays_within_a_phone(browser: Page, server: Stub) -> None:
    look(browser, server, "translate", text="Rindfleisch" * 20)
    browser.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    wait_for(browser, "document.querySelector('.words')")
    assert browser.evaluate("document.documentElement.scrollWidth") == 360
