"""What the tests of the page do in the browser."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from benchmarks.browser import Page, chromium

needs_browser = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


def look(browser: Page, url: str, view: str, *, width: int = 1280, **state: Any) -> None:
    """Open a view anew, in a window of this width."""
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    browser.open("about:blank")
    browser.messages.clear()
    browser.open(f"{url}#{view}?{urlencode(state)}")


def state(browser: Page) -> dict[str, str]:
    """What the address says of the view."""
    hash_ = str(browser.evaluate("location.hash"))
    return {name: values[0] for name, values in parse_qs(hash_.partition("?")[2]).items()}


def text_of(browser: Page, selector: str) -> str:
    return all_texts(browser, selector)[0]


def lines(browser: Page) -> list[str]:
    """The translations that are shown, without the sign for the end."""
    return [text.removesuffix("¶") for text in all_texts(browser, ".words")]


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


def press(browser: Page, *keys: str) -> None:
    for key in keys:
        text = {"Enter": "\r", " ": " "}.get(key, "")
        kind = "keyDown" if text else "rawKeyDown"
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        values = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        browser.call("Input.dispatchKeyEvent", type=kind, text=text, **values)
        browser.call("Input.dispatchKeyEvent", type="keyUp", **values)


def saved_file(browser: Page, form: str) -> dict[str, Any]:
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


def press_on(browser: Page, selector: str, key: str) -> None:
    """Press a key on the first element that is found."""
    browser.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
    press(browser, key)


def address(browser: Page) -> str:
    """The part of the address that is the view's."""
    return str(browser.evaluate("decodeURIComponent(location.hash)"))
