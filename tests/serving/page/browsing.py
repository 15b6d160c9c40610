"""What the tests of the page do in the browser."""

import json
from typing import Any

from benchmarks.browser import Page


def count_of(selector: str) -> str:
    """The expression of how many elements there are."""
    return f"document.querySelectorAll({json.dumps(selector)}).length"


def wait_for(browser: Page, condition: str) -> None:
    browser.evaluate(f"""(async () => {{
      for (let n = 0; n < 600; n++) {{
        if ({condition}) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }}
      throw new Error("never: " + {json.dumps(condition)} + ", but: " + document.body.innerText);
    }})()""")


def all_texts(browser: Page, selector: str) -> list[str]:
    texts: list[str] = browser.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
    )
    return texts


def click(browser: Page, selector: str, place: int = 0) -> None:
    browser.evaluate(f"document.querySelectorAll({json.dumps(selector)})[{place}].click()")


def write(browser: Page, selector: str, text: str) -> None:
    """Put a text, or the value of a slider, in the place of what was there."""
    browser.evaluate(f"""(() => {{
      const box = document.querySelector({json.dumps(selector)});
      box.value = {json.dumps(text)};
      box.dispatchEvent(new Event("input"));
    }})()""")


def choose(browser: Page, label: str, value: str) -> None:
    """Choose from the list with this label, as a user does."""
    browser.evaluate(f"""(() => {{
      const label = [...document.querySelectorAll(".field label")].find((each) => each.textContent === {label!r});
      label.control.value = {value!r};
      label.control.dispatchEvent(new Event("change", {{ bubbles: true }}));
    }})()""")


def saved(browser: Page, button: str) -> list[Any]:
    """Press a button that saves, and return the type and the text of the file."""
    result: list[Any] = browser.evaluate(f"""(async () => {{
      const blobs = [];
      const own = URL.createObjectURL;
      URL.createObjectURL = (blob) => (blobs.push(blob), own.call(URL, blob));
      try {{
        document.querySelector({json.dumps(button)}).click();
        for (let n = 0; !blobs.length && n < 200; n++) await new Promise((resolve) => setTimeout(resolve, 25));
        return [blobs[0].type, await blobs[0].text()];
      }} finally {{
        URL.createObjectURL = own;
      }}
    }})()""")
    return result
