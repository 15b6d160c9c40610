"""The view Compare in headless Chromium, against a stand-in for the server."""

from benchmarks.browser import Page
from tests.serving.page.browsing import address, all_texts, choose, count_of, look, needs_browser, saved, wait_for
from tests.serving.page.watched import Watched

pytestmark = needs_browser
PAIRS = "Ein Hund läuft.\tA dog runs.\nZwei Kinder spielen.\tTwo kids play.\nEine Frau liest.\tA woman reads.\n"


def test_two_models_are_compared(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "compare", sources=PAIRS)
    wait_for(browser, f"{count_of('.compared > li')} === 2")
    asked = [ask for path, ask in watched.asked if path == "/v1/compare"]
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


def test_what_cannot_be_compared_is_said(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "compare", sources="Ein Hund.\nEine Frau.", references="A dog.")
    wait_for(browser, count_of(".compare-results .problem"))
    (said,) = all_texts(browser, ".compare-results .problem")
    assert said.endswith("the number of sources is 2, and that of references 1.")
    assert [path for path, _ in watched.asked if path == "/v1/compare"] == []
    look(browser, watched.url, "compare", sources="Ein Hund.", first="demo", second="demo")
    wait_for(browser, "document.querySelector('.problem')?.textContent === 'Choose two different models.'")


def test_many_lines_come_from_a_file_in_parts(browser: Page, watched: Watched) -> None:
    look(browser, watched.url, "compare", rows="all")
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
