"""The views Inside, Training and Compare in headless Chromium, before a stand-in for the server."""

import json
from collections.abc import Iterator

import pytest

from benchmarks.browser import Page
from tests.serving.page.browsing import all_texts, choose, count_of, look, needs_browser, press, saved, wait_for
from tests.serving.page.page_server import Json
from tests.serving.page.watched import Watched, watching

pytestmark = needs_browser
TEXT = "Ein kleiner Hund läuft durch das Gras."
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz\tlaw\n"
PAIRS = "Ein Hund läuft.\tA dog runs.\nZwei Kinder spielen.\tTwo kids play.\nEine Frau liest.\tA woman reads.\n"


@pytest.fixture
def server() -> Iterator[Watched]:
    with watching() as state:
        state.runs = {"one": run_rows(2), "two": run_rows(3, slower=True)}
        yield state


def run_rows(epochs: int, *, slower: bool = False) -> list[Json]:
    """Rows of a run of 30 steps an epoch, with a sample that becomes better."""
    rows: list[Json] = [{"event": "started", "step": 0, "epochs": 5, "steps_per_epoch": 30, "parameters": 7}]
    for epoch in range(1, epochs + 1):
        rows += [step_row(30 * (epoch - 1) + part, epoch) for part in (10, 20, 30)]
        sample = {"source": "Ein Hund.", "reference": "A dog.", "translation": "A cat." if epoch < 2 else "A dog."}
        validated = {"event": "validated", "step": 30 * epoch, "epoch": epoch, "train_loss": 4 / epoch, "best": True}
        scores = {"bleu": 10.0 * epoch, "chrf": 20.0 * epoch}
        seconds = 60.0 if slower else 30.0
        rows.append(
            validated | {"validation_loss": 3 / epoch, "scores": scores, "samples": [sample], "epoch_seconds": seconds}
        )
    return rows


def step_row(step: int, epoch: int) -> Json:
    figures = {"loss": 5 / step, "tokens_per_second": 900.0, "learning_rate": 0.001, "gradient_norm": 0.5}
    return {"event": "step", "step": step, "epoch": epoch, "steps": 10, **figures}


def press_on(browser: Page, selector: str, key: str) -> None:
    browser.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
    press(browser, key)


def address(browser: Page) -> str:
    return str(browser.evaluate("decodeURIComponent(location.hash)"))


def test_states_are_shown_and_read_out(browser: Page, server: Watched) -> None:
    server.directions = 2
    look(browser, server.url, "inside", text=TEXT)
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


def test_what_is_chosen_is_in_the_address(browser: Page, server: Watched) -> None:
    look(browser, server.url, "inside", text=TEXT)
    wait_for(browser, f"{count_of('.heat-svg')} === 1")
    choose(browser, "Side", "decoder")
    choose(browser, "Layer", "1")
    choose(browser, "Show", "forget")
    wait_for(browser, "document.querySelector('.maps h2')?.textContent === 'Forget gate'")
    assert "side=decoder&layer=1&what=forget" in address(browser)
    assert server.asked[-1] == (
        "/v1/inside",
        {"text": TEXT, "model": "demo", "side": "decoder", "layer": 1, "what": "forget"},
    )
    look(browser, server.url, "inside", text=TEXT, side="decoder", what="cell", target="a cat", units="all")
    wait_for(browser, "document.querySelector('.maps h2')?.textContent === 'Cell state'")
    asked = [ask for path, ask in server.asked if path == "/v1/inside"][-1]
    assert (asked["side"], asked["what"], asked["target"]) == ("decoder", "cell", "a cat")
    assert "96 of 96 units" in str(browser.evaluate("document.querySelector('.heat-svg').ariaLabel"))
    assert browser.messages == []


def test_the_index_is_waited_for_and_a_neighbour_looked_at(browser: Page, server: Watched) -> None:
    server.computed = [250]
    look(browser, server.url, "inside", text=TEXT)
    wait_for(browser, count_of(".computing progress"))
    assert all_texts(browser, ".computing span:last-child") == ["250 of 1,000"]
    wait_for(browser, f"{count_of('.nearest li')} === 4")
    browser.evaluate("document.querySelectorAll('.neighbour')[2].click()")
    wait_for(browser, "location.hash.includes('Zwei+Hunde')")
    wait_for(browser, "document.querySelector('.heat-svg')?.ariaLabel.includes('7 tokens')")
    wait_for(browser, f"!({count_of('[aria-busy]')})")
    last = {path: ask.get("text") for path, ask in list(server.asked)}  # the last of each path
    assert last["/v1/inside"] == "Zwei Hunde spielen im hohen Gras."
    assert browser.messages == []


@pytest.mark.parametrize("part", [".maps", ".place figure"])
def test_pictures_are_saved_with_their_styles(part: str, browser: Page, server: Watched) -> None:
    look(browser, server.url, "inside", text=TEXT)
    wait_for(browser, f"{count_of('.maps .save')} && {count_of('.place .save')}")
    kind, svg = saved(browser, f"{part} .save button")
    assert kind == "image/svg+xml"
    assert "class=" not in svg
    assert 'fill="rgb(' in svg
    assert saved(browser, f"{part} .save button:nth-child(2)")[0] == "image/png"
    assert saved(browser, f"{part} .save button:last-child")[1].count("\r\n") > 8


def test_an_error_is_shown_in_place(browser: Page, server: Watched) -> None:
    look(browser, server.url, "inside", text=TEXT)
    wait_for(browser, count_of(".heat-svg"))
    server.is_away = True
    choose(browser, "Side", "decoder")
    wait_for(browser, count_of(".maps .problem button"))
    server.is_away = False
    browser.evaluate("document.querySelector('.maps .problem button').click()")
    wait_for(browser, count_of(".heat-svg"))


def test_a_training_is_followed(browser: Page, server: Watched) -> None:
    look(browser, server.url, "training", runs="one")
    wait_for(browser, f"{count_of('.plot canvas')} === 5")
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li") == [
        "one: training0.0833",
        "one: validation1.50",
    ]
    assert "step 60 of 150" in all_texts(browser, ".run .note")[0]
    server.runs["one"].append(step_row(70, 3))
    wait_for(browser, "document.querySelector('.run .note').textContent.includes('step 70 of 150')")
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li")[0] == "one: training0.0714"
    assert browser.messages == []


def test_a_server_that_is_away_comes_back(browser: Page, server: Watched) -> None:
    look(browser, server.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    server.is_away = True
    wait_for(browser, count_of(".away .problem"))
    assert browser.evaluate(count_of(".plot canvas")) == 5
    server.is_away = False
    # Meanwhile the run has begun anew.
    server.runs["one"] = run_rows(1)
    server.restarted.add("one")
    wait_for(browser, f"!({count_of('.away .problem')})")
    wait_for(browser, "document.querySelector('.run .note').textContent.includes('step 30 of 150')")
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li")[1] == "one: validation3.00"


def test_a_damaged_run_leaves_the_others(browser: Page, server: Watched) -> None:
    server.damages["two"] = "metrics.jsonl, line 3: must be a JSON object"
    look(browser, server.url, "training", runs="two,one")
    wait_for(browser, count_of(".plot canvas"))
    assert all_texts(browser, ".state") == ["training", "damaged"]
    assert all_texts(browser, ".problem") == [server.damages["two"]]
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li")[0].startswith("one: ")
    first_card = "document.querySelector('.run .swatch').classList.contains('run-0')"
    assert browser.evaluate(first_card), "the card shows the line of the curve"
    assert browser.messages == []


def test_a_run_that_ended_early_is_finished(browser: Page, server: Watched) -> None:
    server.states["one"] = "finished"
    look(browser, server.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    assert all_texts(browser, ".run .note")[0].startswith("ended early, after epoch 2 of 5 · step 60 of 150")
    assert browser.evaluate("document.querySelector('.run progress').position") == 1


def test_runs_are_compared(browser: Page, server: Watched) -> None:
    look(browser, server.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    browser.evaluate("document.querySelector('[data-run=two]').click()")
    wait_for(browser, f"{count_of('[data-curve=loss] .curve-legend li')} === 4")
    assert "runs=one,two" in address(browser)
    dashes = browser.evaluate(
        "[...document.querySelectorAll('[data-curve=score] .swatch line')]"
        ".map((each) => each.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 2
    choose(browser, "Horizontal axis", "time")
    wait_for(browser, "location.hash.includes('axis=time')")
    choose(browser, "Score", "chrf")
    wait_for(browser, "document.querySelector('[data-curve=score] h3').textContent.endsWith('chrF')")
    rows = saved(browser, "[data-curve=score] .save button:last-child")[1].splitlines()
    # Two epochs of 30 seconds, and three of 60.
    assert rows == ["time,one,two", "30,20,", "60,40,20", "120,,40", "180,,60"]
    assert browser.messages == []


def test_curves_are_read_out_and_saved(browser: Page, server: Watched) -> None:
    look(browser, server.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    label = str(browser.evaluate("document.querySelector('[data-curve=loss] .plot').ariaLabel"))
    assert "one: validation: from 3.00 to 1.50, lowest 1.50, highest 3.00." in label
    press_on(browser, "[data-curve=loss] .plot", "End")
    press_on(browser, "[data-curve=loss] .plot", "ArrowLeft")
    assert all_texts(browser, "[data-curve=loss] .unseen") == [
        "steps 50: one: training 0.100, one: validation 3.00",
    ]
    kind, svg = saved(browser, "[data-curve=loss] .save button")
    assert kind == "image/svg+xml"
    assert svg.count("<polyline") == 2
    assert saved(browser, "[data-curve=loss] .save button:nth-child(2)")[0] == "image/png"


def test_samples_stand_side_by_side(browser: Page, server: Watched) -> None:
    look(browser, server.url, "training", runs="two", epochs="1,2")
    wait_for(browser, f"{count_of('.example-output')} === 2")
    assert all_texts(browser, ".example-output") == ["Epoch 1A cat.", "Epoch 2A dog."]
    assert all_texts(browser, ".example mark") == ["cat"]
    browser.evaluate("document.querySelector('[data-step=on]').click()")
    assert all_texts(browser, ".example-output h4") == ["Epoch 2", "Epoch 3"]
    assert "epochs=2,3" in address(browser)
    assert browser.evaluate("document.querySelector('[data-step=on]').disabled")
    server.runs["two"] += run_rows(4)[13:]
    wait_for(browser, "document.querySelector('[data-epoch=\"4\"]')")
    assert all_texts(browser, ".example-output h4") == ["Epoch 2", "Epoch 3"]


def test_only_who_has_a_token_stops_a_training(browser: Page, server: Watched) -> None:
    server.can_control = True
    look(browser, server.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    assert browser.evaluate(count_of(".run-buttons")) == 0
    browser.evaluate("sessionStorage.setItem('tandem.token', 'secret')")
    try:
        look(browser, server.url, "training", runs="one")
        wait_for(browser, f"{count_of('.run-buttons')} === 2")
        browser.evaluate("document.querySelector('.run-buttons button').click()")
        wait_for(browser, "document.querySelector('.run-buttons button').textContent === 'Resume'")
        assert ("/v1/runs/one/stop", {}) in server.asked
        assert all_texts(browser, ".state") == ["stopped", "training"]
    finally:
        browser.evaluate("sessionStorage.clear()")


def test_two_models_are_compared(browser: Page, server: Watched) -> None:
    look(browser, server.url, "compare", sources=PAIRS)
    wait_for(browser, f"{count_of('.compared > li')} === 2")
    asked = [ask for path, ask in server.asked if path == "/v1/compare"]
    assert asked == [
        {
            "models": ["demo", "attention"],
            "sources": ["Ein Hund läuft.", "Zwei Kinder spielen.", "Eine Frau liest."],
            "references": ["A dog runs.", "Two kids play.", "A woman reads."],
        }
    ]
    assert all_texts(browser, ".verdict") == [
        "attention is better than demo by 1.81 BLEU; chance is an unlikely explanation "
        "(p = 0.004, 1,000 paired samples)."
    ]
    assert all_texts(browser, ".compared mark") == ["a", "the", "a", "the"]
    assert [text[:2] for text in all_texts(browser, ".compared .tag") if text[0].isdigit()] == ["3 ", "2 "]
    choose(browser, "Order", "file")
    browser.evaluate("document.querySelector('.compare-results input[type=checkbox]').click()")
    assert [text[:2] for text in all_texts(browser, ".compared .tag") if text[0].isdigit()] == ["1 ", "2 ", "3 "]
    assert "order=file&rows=all" in address(browser)
    table = saved(browser, ".compare-results .options .save button")[1].splitlines()
    assert table[0] == "number,source,reference,demo,attention,demo chrF,attention chrF,difference"
    assert len(table) == 4
    assert browser.messages == []


def test_what_cannot_be_compared_is_said(browser: Page, server: Watched) -> None:
    look(browser, server.url, "compare", sources="Ein Hund.\nEine Frau.", references="A dog.")
    wait_for(browser, count_of(".compare-results .problem"))
    (said,) = all_texts(browser, ".compare-results .problem")
    assert said.endswith("the number of sources is 2, and that of references 1.")
    assert [path for path, _ in server.asked if path == "/v1/compare"] == []
    look(browser, server.url, "compare", sources="Ein Hund.", first="demo", second="demo")
    wait_for(browser, "document.querySelector('.problem')?.textContent === 'Choose two different models.'")


def test_many_lines_come_from_a_file_in_parts(browser: Page, server: Watched) -> None:
    look(browser, server.url, "compare", rows="all")
    wait_for(browser, count_of(".file"))
    browser.evaluate("""(() => {
      const lines = Array.from({ length: 250 }, (_, at) => `Ein Hund läuft ${at}.`).join("\\n");
      const files = new DataTransfer();
      files.items.add(new File([lines], "test.de", { type: "text/plain" }));
      const input = document.querySelector("#compare-sources-file");
      input.files = files.files;
      input.dispatchEvent(new Event("change"));
    })()""")
    wait_for(browser, "document.querySelector('#compare-sources').value.includes('249')")
    assert "sources=" not in address(browser)
    assert "too long for the address" in all_texts(browser, ".compare-form > .note")[0]
    browser.evaluate("document.querySelector('.compare-form button.main').click()")
    wait_for(browser, f"{count_of('.compared .example')} === 100")
    assert browser.evaluate(count_of(".verdict")) == 0
    browser.evaluate("document.querySelector('.compared > li > button').click()")
    assert browser.evaluate(count_of(".compared .example")) == 200
    assert all_texts(browser, ".compared > li > button") == ["Show 50 more"]
    assert browser.messages == []


@pytest.mark.parametrize("view", ["inside", "training", "compare"])
@pytest.mark.parametrize("language", ["de", "zh"])
def test_a_narrow_page_in_every_language(view: str, language: str, browser: Page, server: Watched) -> None:
    try:
        look(browser, server.url, view)
        browser.evaluate(f"localStorage.setItem('tandem.language', {language!r})")
        look(browser, server.url, view, width=360, text=TEXT, sources=PAIRS + LONG, runs="one,two")
        ready = {"inside": ".nearest li", "training": ".example", "compare": ".compared li"}[view]
        wait_for(browser, count_of(ready))
        assert browser.evaluate("document.documentElement.scrollWidth") <= 360
        assert browser.messages == []
    finally:
        browser.evaluate("localStorage.clear()")
