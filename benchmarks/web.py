"""The web page in headless Chromium beside Python on the same sentences: `python -m benchmarks.web RUN TEXTS`.

It prints how many outputs are equal, the time that a sentence takes, and how large the page is.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast, get_args

import tandem
from benchmarks.browser import opened_browser, served
from benchmarks.rounds import percentile
from tandem.names import ExportPrecision

_LOAD = """(async () => {
  await (await import("./page.js")).started;
  return performance.now();
})()"""
_TRANSLATE = """(async () => {
  const translator = await (await import("./page.js")).started;
  const [outputs, times] = [[], []];
  for (const text of TEXTS) {
    const began = performance.now();
    outputs.push((await translator.translate(text)).text);
    times.push(performance.now() - began);
  }
  return { outputs, times };
})()"""


def main() -> None:
    """Write a page, translate with it and with its model in Python, and print the figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.web", description=__doc__)
    parser.add_argument("run", type=Path, help="the run or checkpoint")
    parser.add_argument("texts", type=Path, help="a file with a sentence a line")
    parser.add_argument("--sentences", type=int, default=1000, help="how many of them (1000)")
    parser.add_argument("--precision", choices=get_args(ExportPrecision), default="float32")
    given = parser.parse_args()
    texts = given.texts.read_text(encoding="utf-8").splitlines()[: given.sentences]
    with tempfile.TemporaryDirectory() as folder:
        page = tandem.export_page(given.run, Path(folder) / "page", precision=cast(ExportPrecision, given.precision))
        wanted, seconds = _in_python(given.run, texts)
        made = _in_browser(page.directory, texts, Path(folder) / "profile")
    equal = sum(one == other for one, other in zip(made["outputs"], wanted, strict=True))
    in_page, in_python = statistics.median(made["times"]), 1000 * statistics.median(seconds)
    print(f"{given.precision}: {equal} of {len(texts)} outputs equal PyTorch's in float32")
    print(f"a sentence: median {in_page:.1f} ms, 99 of 100 below {percentile(made['times'], 0.99):.0f} ms")
    print(f"processor time of the page: {1000 * made['processor'] / len(texts):.1f} ms a sentence")
    print(f"PyTorch one by one: median {in_python:.1f} ms")
    print(f"the page: {page.size / 1e6:.1f} MB, {page.compressed / 1e6:.1f} MB compressed")
    print(f"its model loaded in {made['loaded'] / 1000:.1f} s; load average of the machine: {os.getloadavg()[0]:.1f}")
    sys.exit(given.precision == "float32" and equal < len(texts))


def _in_python(run: Path, texts: list[str]) -> tuple[list[str], list[float]]:
    translator = tandem.load(run, device="cpu", precision="float32")
    outputs, seconds = [], []
    for text in texts:
        began = time.perf_counter()
        outputs.append(translator.translate([text])[0].text)
        seconds.append(time.perf_counter() - began)
    return outputs, seconds


def _in_browser(page: Path, texts: list[str], profile: Path) -> dict[str, Any]:
    with served(page) as server, opened_browser(profile) as browser:
        browser.open(server.url)
        loaded = browser.evaluate(_LOAD)
        before = browser.processor_seconds()
        made: dict[str, Any] = browser.evaluate(_TRANSLATE.replace("TEXTS", json.dumps(texts)))
        return {**made, "loaded": loaded, "processor": browser.processor_seconds() - before}


if __name__ == "__main__":
    main()
