"""Pictures of every view of the page, taken in headless Chromium from a server that runs.

`python -m benchmarks.page_pictures URL docs/images`, where the first two models of `tandem serve` are runs of
`tandem demo`, without and with attention.
"""

import argparse
import base64
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

from PIL import Image

from benchmarks.browser import Page, opened_browser
from tandem.corpora.captions import captions

COLOURS = 256
"""Of a picture: enough for flat areas and letters, in a third of the bytes."""

LINE = "Ein Mann steht vor dem Haus und hält eine Flöte."
SHORT = "Eine Frau trägt einen roten Hut."
LINES = f"{SHORT}\n{LINE}"
COMPARED = 100
"""Sentences of the test split."""

WAIT = """(async () => {
  for (let n = 0; n < 1200; n++) {
    if (document.querySelector(SELECTOR) && !document.querySelector("[aria-busy=true], .computing")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`there is no ${SELECTOR}: ${document.body.innerText}`);
})()"""


class Picture(NamedTuple):
    """A view, and what is done there before the picture is taken."""

    view: str
    state: Mapping[str, str]
    ready: str
    """What is there when all is shown."""
    height: int
    width: int = 1280
    dark: bool = False
    press: str | None = None
    """What is clicked first."""


def pictures(first: str, second: str) -> dict[str, Picture]:
    """Return the pictures by name, of a model without and one with attention."""
    pairs = captions().test[:COMPARED]
    compared = {name: "\n".join(pair[side] for pair in pairs) for side, name in enumerate(("sources", "references"))}
    asked = {"text": LINE, "model": second}
    word = ".words:nth-child(1) .word:nth-child(6)"
    return {
        "translate": Picture("translate", asked | {"text": LINES}, "[role=option]", 520, press=word),
        "beam": Picture("beam", asked | {"text": SHORT, "beam": "3"}, ".tree", 810),
        "words": Picture("words", asked, ".method.card svg", 990),
        "inside": Picture("inside", asked, ".nearest li", 1760),
        "training": Picture("training", {"runs": f"{first},{second}"}, ".example", 1215),
        "compare": Picture("compare", compared, ".compared li", 1060),
        "dark": Picture("words", asked | {"as": "lines"}, ".method.card svg", 950, dark=True),
        "phone": Picture("translate", asked, ".words", 740, width=390),
    }


def take(browser: Page, url: str, picture: Picture) -> bytes:
    """Return a picture as PNG."""
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=picture.width,
        height=picture.height,
        deviceScaleFactor=2 if picture.width < 600 else 1,
        mobile=picture.width < 600,
    )
    features = {"prefers-color-scheme": "dark" if picture.dark else "light", "prefers-reduced-motion": "reduce"}
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in features.items()]
    )
    browser.call("Emulation.setScrollbarsHidden", hidden=True)
    browser.open("about:blank")
    browser.open(f"{url}#{picture.view}?{urlencode(picture.state)}")
    if picture.press:
        wait_for(browser, picture.press)
        browser.evaluate(f"document.querySelector({json.dumps(picture.press)}).click()")
    wait_for(browser, picture.ready)
    shot = browser.call("Page.captureScreenshot", format="png")["data"]
    return compressed(base64.b64decode(shot))


def wait_for(browser: Page, selector: str) -> None:
    """Wait until an element is there and nothing is under way."""
    browser.evaluate(WAIT.replace("SELECTOR", json.dumps(selector)))


def compressed(png: bytes) -> bytes:
    """Return a picture with few colours."""
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Take all pictures, or those that are named, and write them into a folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_pictures", description=__doc__)
    parser.add_argument("url", metavar="URL", help="of the page, such as http://127.0.0.1:8000/")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where page-NAME.png are written")
    parser.add_argument("names", metavar="NAME", nargs="*", help="the pictures; default: all")
    wanted = parser.parse_args(arguments)
    url = wanted.url.rstrip("/") + "/"
    with urlopen(f"{url}v1/models") as answer:
        first, second = [model["name"] for model in json.load(answer)["models"]][:2]
    known = pictures(first, second)
    with tempfile.TemporaryDirectory() as profile, opened_browser(Path(profile)) as browser:
        browser.call("Network.setUserAgentOverride", userAgent="pictures", acceptLanguage="en")
        for name in wanted.names or known:
            png = take(browser, url, known[name])
            (wanted.folder / f"page-{name}.png").write_bytes(png)
            print(f"page-{name}.png: {len(png):,} bytes")


if __name__ == "__main__":
    main()
