"""The view Training in headless Chromium, against a stand-in for the server."""

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
from tests.serving.page.watched import Watched, run_rows, step_row

pytestmark = needs_browser


def test_a_training_is_followed(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "training", runs="one")
    wait_for(browser, f"{count_of('.plot canvas')} === 5")
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li") == [
        "one: training0.0833",
        "one: validation1.50",
    ]
    assert "step 60 of 150" in all_texts(browser, ".run .note")[0]
    watched.runs["one"].append(step_row(70, 3))
    wait_for(browser, "document.querySelector('.run .note').textContent.includes('step 70 of 150')")
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li")[0] == "one: training0.0714"
    assert browser.messages == []


def test_a_server_that_is_away_comes_back(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    watched.is_away = True
    wait_for(browser, count_of(".away .problem"))
    assert browser.evaluate(count_of(".plot canvas")) == 5
    watched.is_away = False
    # Meanwhile the run has begun anew.
    watched.runs["one"] = run_rows(1)
    watched.restarted.add("one")
    wait_for(browser, f"!({count_of('.away .problem')})")
    wait_for(browser, "document.querySelector('.run .note').textContent.includes('step 30 of 150')")
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li")[1] == "one: validation3.00"


def test_a_damaged_run_leaves_the_others(browser: Page, watched: Watched) -> None:
    watched.damages["two"] = "metrics.jsonl, line 3: must be a JSON object"
    look(browser, watched.url, "training", runs="two,one")
    wait_for(browser, count_of(".plot canvas"))
    assert all_texts(browser, ".state") == ["training", "damaged"]
    assert all_texts(browser, ".problem") == [watched.damages["two"]]
    assert all_texts(browser, "[data-curve='loss'] .curve-legend li")[0].startswith("one: ")
    first_card = "document.querySelector('.run .swatch').classList.contains('run-0')"
    assert browser.evaluate(first_card), "the card shows the line of the curve"
    assert browser.messages == []


def test_a_run_that_ended_early_is_finished(browser: Page, watched: Watched) -> None:
    watched.states["one"] = "finished"
    look(browser, watched.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    assert all_texts(browser, ".run .note")[0].startswith("ended early, after epoch 2 of 5 · step 60 of 150")
    assert browser.evaluate("document.querySelector('.run progress').position") == 1


def test_runs_are_compared(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "training", runs="one")
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


def test_curves_are_read_out_and_saved(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "training", runs="one")
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


def test_samples_stand_side_by_side(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "training", runs="two", epochs="1,2")
    wait_for(browser, f"{count_of('.example-output')} === 2")
    assert all_texts(browser, ".example-output") == ["Epoch 1A cat.", "Epoch 2A dog."]
    assert all_texts(browser, ".example mark") == ["cat"]
    browser.evaluate("document.querySelector('[data-step=on]').click()")
    assert all_texts(browser, ".example-output h4") == ["Epoch 2", "Epoch 3"]
    assert "epochs=2,3" in address(browser)
    assert browser.evaluate("document.querySelector('[data-step=on]').disabled")
    watched.runs["two"] += run_rows(4)[13:]
    wait_for(browser, "document.querySelector('[data-epoch=\"4\"]')")
    assert all_texts(browser, ".example-output h4") == ["Epoch 2", "Epoch 3"]


def test_only_who_has_a_token_stops_a_training(browser: Page, watched: Watched) -> None:
    watched.can_control = True
    look(browser, watched.url, "training", runs="one")
    wait_for(browser, count_of(".plot canvas"))
    assert browser.evaluate(count_of(".run-buttons")) == 0
    browser.evaluate("sessionStorage.setItem('tandem.token', 'secret')")
    try:
        look(browser, watched.url, "training", runs="one")
        wait_for(browser, f"{count_of('.run-buttons')} === 2")
        browser.evaluate("document.querySelector('.run-buttons button').click()")
        wait_for(browser, "document.querySelector('.run-buttons button').textContent === 'Resume'")
        assert ("/v1/runs/one/stop", {}) in watched.asked
        assert all_texts(browser, ".state") == ["stopped", "training"]
    finally:
        browser.evaluate("sessionStorage.clear()")
