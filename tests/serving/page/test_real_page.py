"""The page in headless Chromium before the real server: what each view asks for is what the server answers.

What a view does with its answers, and with errors, is held against a stand-in for the server in the other tests.
"""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from benchmarks.browser import Page
from tests.serving.page.browsing import (
    all_texts,
    choose,
    click,
    count_of,
    lines,
    look,
    needs_browser,
    saved,
    state,
    wait_for,
    write,
)
from tests.serving.page.real import ATTENDING, EPOCHS, HELD_OUT, RUN

pytestmark = needs_browser
TEXT = "eins zwei drei"


@pytest.fixture(autouse=True)
def quiet(browser: Page, url: str) -> Iterator[None]:
    """The page must log nothing, and ask this server only."""
    browser.requests.clear()
    yield
    assert browser.messages == []
    assert [each for each in browser.requests if not each.startswith((url, "about:", "blob:"))] == []


def answer(url: str, path: str, **ask: Any) -> dict[str, Any]:
    """What the server answers to a client that is no page."""
    body = json.dumps(ask).encode() if ask else None
    with urlopen(Request(f"{url}v1/{path}", body, {"Content-Type": "application/json"}), timeout=60) as response:
        content: dict[str, Any] = json.load(response)
    return content


def table(browser: Page, button: str) -> list[list[str]]:
    """The rows of a table that a button saves."""
    kind, text = saved(browser, button)
    assert kind.startswith("text/csv")
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


def figures(rows: list[list[str]], first: int) -> list[list[float]]:
    """The numbers of a table, from a column on."""
    return [[float(cell) for cell in row[first:]] for row in rows[1:]]


def test_what_is_typed_is_translated_and_may_begin_otherwise(browser: Page, url: str) -> None:
    look(browser, url, "translate")
    wait_for(browser, "document.activeElement.matches('textarea')")
    browser.call("Input.insertText", text=f"{TEXT}\nvier")
    wait_for(browser, f"{count_of('.words')} === 2")
    own, other = (each["text"] for each in answer(url, "translate", text=[TEXT, "vier"])["translations"])
    assert lines(browser) == [own, other]

    click(browser, ".words:first-child .word")
    wait_for(browser, f"{count_of('[role=option]')} > 5")
    shown = all_texts(browser, "[role=option] .token")
    tokens = answer(url, "translate", text=TEXT)["translations"][0]["tokens"]
    offered = answer(url, "alternatives", text=TEXT, tokens=tokens, place=0, count=10)["alternatives"]
    place, prefix = next(
        (place, each["prefix"]) for place, each in enumerate(offered) if each["prefix"] and each["token"] != tokens[0]
    )
    assert len(shown) == len(offered)
    click(browser, "[role=option]", place)
    wait_for(browser, count_of(".chip"))
    forced = answer(url, "translate", text=TEXT, prefix=prefix)["translations"][0]["text"]
    assert forced.startswith(prefix)
    assert lines(browser) == [forced, other]
    assert state(browser)["prefix0"] == prefix

    click(browser, ".chip")
    wait_for(browser, f"!({count_of('.chip')})")
    assert lines(browser) == [own, other]


def test_a_search_is_stepped_through(browser: Page, url: str) -> None:
    look(browser, url, "beam", text=TEXT, model=ATTENDING, beam=2)
    wait_for(browser, count_of(".tree"))
    trace = answer(url, "trace", text=TEXT, model=ATTENDING, beam=2)
    steps = trace["steps"]
    assert browser.evaluate(count_of(".node")) == len(trace["nodes"])
    assert all_texts(browser, ".results li span:first-child") == trace["texts"]
    click(browser, ".stepper button", 1)
    assert state(browser)["step"] == str(steps - 1)
    click(browser, ".stepper button", 3)
    assert "step" not in state(browser)

    pruned = next(node for node in trace["nodes"] if node["fate"] == "pruned" and node["reason"] == "beam")
    browser.evaluate(
        f"document.querySelector('.node[data-id=\"{pruned['id']}\"]')"
        ".dispatchEvent(new MouseEvent('click', { bubbles: true }))"
    )
    assert all_texts(browser, ".details .fate") == ["Pruned: it is not among the best 2 that go on."]

    write(browser, ".options input[type=range]", "4")
    wider = answer(url, "trace", text=TEXT, model=ATTENDING, beam=4)
    wait_for(browser, f"{count_of('.node')} === {len(wider['nodes'])}")
    assert state(browser) == {"text": TEXT, "model": ATTENDING, "beam": "4"}
    assert len(table(browser, ".save button:last-child")) == 1 + len(wider["nodes"])


def test_words_are_traced_in_three_ways(browser: Page, url: str) -> None:
    look(browser, url, "words", text=TEXT, model=ATTENDING)
    wait_for(browser, f"{count_of('.words-picture')} === 3")
    answered = answer(url, "saliency", text=TEXT, model=ATTENDING)
    targets = len(answered["target_tokens"])
    assert browser.evaluate(count_of(".words-picture .target")) == 3 * targets
    assert browser.evaluate("document.querySelectorAll('textarea')[1].value") == answered["text"]
    click(browser, ".segments input[value=left_out]")
    click(browser, ".segments input[value=lines]")
    wait_for(browser, f"{count_of('.words-picture')} === 1")
    assert (state(browser)["show"], state(browser)["as"]) == ("left_out", "lines")
    assert figures(table(browser, ".save button:last-child"), 1) == list(map(pytest.approx, answered["left_out"]))

    choose(browser, "Model", RUN)
    click(browser, ".segments input[value=all]")
    wait_for(browser, count_of(".missing"))
    assert browser.evaluate(count_of(".words-picture")) == 2
    assert list(answer(url, "saliency", text=TEXT)["reasons"]) == ["attention"]
    assert all_texts(browser, ".missing")[0].startswith("This model has no attention.")


def test_the_inside_is_shown_and_neighbours_are_found(browser: Page, url: str) -> None:
    look(browser, url, "inside", text=TEXT)
    wait_for(browser, count_of(".heat-svg"))
    choose(browser, "Side", "decoder")
    choose(browser, "Layer", "1")
    wait_for(
        browser, "[...document.querySelectorAll('[data-name=what] option')].some(({ value }) => value === 'forget')"
    )
    choose(browser, "Show", "forget")
    wait_for(browser, "document.querySelector('.maps h2')?.textContent === 'Forget gate'")
    answered = answer(url, "inside", text=TEXT, side="decoder", layer=1, what="forget")
    rows = table(browser, ".maps .save button:last-child")
    assert [row[1] for row in rows[1:]] == answered["tokens"]
    assert figures(rows, 2) == list(map(pytest.approx, answered["values"]))

    wait_for(browser, f"{count_of('.nearest li')} > 1")
    near = answer(url, "neighbours", text=TEXT)
    assert all_texts(browser, ".neighbour") == [each["source"] for each in near["neighbours"]]
    click(browser, ".neighbour", 1)
    wait_for(browser, f"document.querySelector('textarea').value === {json.dumps(near['neighbours'][1]['source'])}")
    wait_for(
        browser, f"document.querySelector('.neighbour').textContent !== {json.dumps(near['neighbours'][0]['source'])}"
    )


def test_a_training_is_looked_at(browser: Page, url: str) -> None:
    look(browser, url, "training")
    wait_for(browser, f"{count_of('.plot canvas')} === 5 && {count_of('.example')}")
    (run,) = answer(url, "runs")["runs"]
    assert all_texts(browser, ".run .state") == ["finished"]
    assert f"step {run['steps']} of {run['steps']}" in all_texts(browser, ".run .note")[0]
    rows = answer(url, f"runs/{RUN}/metrics?after=0")["rows"]
    validated = [row for row in rows if row["event"] == "validated"]
    saved_epochs = table(browser, "section[aria-labelledby=epochs-title] .save button")
    assert [float(row[4]) for row in saved_epochs[1:]] == pytest.approx([row["validation_loss"] for row in validated])
    curve = table(browser, "[data-curve=loss] .save button:last-child")
    assert [float(row[-1]) for row in curve[1:] if row[-1]] == pytest.approx(
        [row["validation_loss"] for row in validated]
    )

    samples = answer(url, f"runs/{RUN}/samples")
    assert samples["epochs"] == list(range(1, EPOCHS + 1))
    for epoch in all_texts(browser, ".pick[aria-pressed=true]"):
        if epoch != "2":
            click(browser, f"[data-epoch='{epoch}']")
    if "2" not in all_texts(browser, ".pick[aria-pressed=true]"):
        click(browser, "[data-epoch='2']")
    assert state(browser)["epochs"] == "2"
    assert all_texts(browser, ".example-output p") == [each["outputs"][1] for each in samples["samples"]]


def test_two_models_are_compared(browser: Page, url: str) -> None:
    look(browser, url, "compare")
    wait_for(browser, count_of("#compare-sources"))
    for name, side in (("sources", 0), ("references", 1)):
        browser.evaluate(f"document.querySelector('#compare-{name}').focus()")
        browser.call("Input.insertText", text="".join(pair[side] + "\n" for pair in HELD_OUT))
    click(browser, ".compare-form button.main")
    wait_for(browser, count_of(".verdict"))
    sources, references = ([pair[side] for pair in HELD_OUT] for side in (0, 1))
    answered = answer(url, "compare", models=[RUN, ATTENDING], sources=sources, references=references)
    scores = {row[0]: [float(cell) for cell in row[1:3]] for row in table(browser, ".compare-results .save button")[1:]}
    assert scores == {name: [answered["scores"][each][name] for each in (RUN, ATTENDING)] for name in scores}
    assert {"bleu", "chrf"} <= set(scores)

    choose(browser, "Order", "file")
    click(browser, ".compare-results input[type=checkbox]")
    rows = table(browser, ".compare-results .options .save button")[1:]
    assert [row[1:5] for row in rows] == [
        [each[key] for key in ("source", "reference", "first", "second")] for each in answered["rows"]
    ]
    choose(browser, "Order", "second")
    gained = max(answered["rows"], key=lambda row: row["second_score"] - row["first_score"])
    assert gained["source"] in all_texts(browser, ".example-source")[0]


def test_the_views_share_the_text_of_the_address(browser: Page, url: str) -> None:
    look(browser, url, "translate", text=TEXT, model=RUN, beam=3)
    wait_for(browser, count_of(".words"))
    ready = {"beam": ".tree", "words": ".words-picture", "inside": ".heat-svg", "training": ".run", "compare": "form"}
    for place, (view, shown) in enumerate(ready.items(), start=1):
        click(browser, "#views a", place)
        wait_for(browser, count_of(f"main[data-view={view}] {shown}"))
        assert {"text": TEXT, "model": RUN}.items() <= state(browser).items()
        assert state(browser).get("beam") is None
