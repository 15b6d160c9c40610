"""The page itself, in headless Chromium: it translates as Python does, and asks nobody for anything."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import tandem
from benchmarks.browser import BrowserError, Page, Served, chromium, opened_browser, served
from tandem.build import build_model, build_tokenizers
from tandem.engines.members import Member
from tandem.model_files import sizes_of
from tandem.runs import web_page, web_runtime
from tandem.text.counts import count_words
from tandem.text.features import count_parts
from tandem.translation import Translator
from tandem.translation.constructors import translator_from_members
from tests.support.runs import number_pairs, tiny_recipe, untrained

TEXTS = ["eins zwei drei", "", "vier Zoë eins Zoë", "sechs fünf fünf eins", "acht Ärzte, \u201eZwei\u201c!", "drei"]
COPYING = ("text.source.min_count=2", "text.target.min_count=2")
ADDITIVE = ("model.attention_score=additive", "model.bidirectional=true")
KINDS: dict[str, tuple[str, ...]] = {
    "lstm": ("text.source.tokenizer=character", "text.target.tokenizer=character", "model.layers=1"),
    "gru, dot": ("model.cell=gru", "model.attention=luong", "model.attention_score=dot", "text.reverse_source=true"),
    "rnn, additive, bpe": (
        "model.cell=rnn",
        "model.attention=gnmt",
        *ADDITIVE,
        "text.source.tokenizer=bpe",
        "text.target.tokenizer=bpe",
        "search.coverage=0.2",
        "search.length_penalty=1.0",
    ),
    "copying": ("model.attention=gnmt", "model.copy=true", "text.reverse_source=true", *COPYING),
}
needs_browser = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
needs_package = pytest.mark.skipif(
    not web_runtime.package_path().is_file(), reason="onnxruntime-web is not here: `tandem export --web` fetches it"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened_browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def runtime() -> dict[str, bytes]:
    """The files of onnxruntime-web."""
    return web_runtime.runtime_files()


@pytest.fixture
def quickly(runtime: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is unpacked once, and nothing compressed."""
    monkeypatch.setattr(web_page, "runtime_files", lambda **_: runtime)
    monkeypatch.setattr(web_page, "_compressed", len)


@pytest.fixture(scope="module")
def page(runtime: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of an untrained model with attention, in int8."""
    where = tmp_path_factory.mktemp("page")
    untrained("lstm", "model.attention=gnmt").save(where / "mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web_page, "runtime_files", lambda **_: runtime)
        patch.setattr(web_page, "_compressed", len)
        return tandem.export_page(where / "mine", where / "page", precision="int8").directory


def translated(browser: Page, texts: list[str], **options: Any) -> list[dict[str, Any]]:
    """What the page's own translator makes of texts."""
    given = json.dumps([texts, options])
    expression = f"""(async () => {{
      const [texts, options] = {given};
      const translator = await (await import("./page.js")).started;
      const results = [];
      for (const text of texts) results.push(await translator.translate(text, options));
      return results;
    }})()"""
    results: list[dict[str, Any]] = browser.evaluate(expression)
    return results


def wait_for(browser: Page, condition: str) -> None:
    browser.evaluate(f"""(async () => {{
      for (let n = 0; n < 600; n++) {{
        if ({condition}) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }}
      throw new Error("never: " + {json.dumps(condition)} + ", but: " + document.body.innerText);
    }})()""")


def text_of(browser: Page, name: str) -> str:
    return str(browser.evaluate(f"document.getElementById({name!r}).innerText"))


@needs_browser
@needs_package
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("quickly")
def test_it_translates_as_python_does(kind: str, browser: Page, tmp_path: Path) -> None:
    untrained("lstm", *KINDS[kind], pairs=number_pairs(60)).save(tmp_path / "mine")
    page = tandem.export_page(tmp_path / "mine", tmp_path / "page").directory
    translator = tandem.load(page / "model")
    with served(page) as server:
        browser.open(server.url)
        for beam, count in ((1, 1), (2, 1), (4, 3)):
            looks = translator.engine.with_attention() is not None
            wanted = translator.translate(TEXTS, beam=beam, n_best=count, alignment=looks)
            made = translated(browser, TEXTS, beam=beam, nBest=count)
            assert [each["text"] for each in made] == [each.text for each in wanted]
            for one, other in zip(made, wanted, strict=True):
                assert tuple(one["tokens"]) == other.tokens
                assert one["score"] == pytest.approx(other.score, abs=1e-4)
                assert one["tokenScores"] == pytest.approx(other.token_scores, abs=1e-4)
                assert (one["stopped"], one["cut"]) == (other.stopped, other.cut)
                assert [each["text"] for each in one["alternatives"]] == [each.text for each in other.alternatives]
                assert one["attention"] == [pytest.approx(weights, abs=1e-4) for weights in other.attention]


@needs_browser
@needs_package
@pytest.mark.usefixtures("quickly")
def test_features_stand_in_a_field_of_their_own(browser: Page, tmp_path: Path) -> None:
    with_features("text.reverse_source=true").save(tmp_path / "mine")
    page = tandem.export_page(tmp_path / "mine", tmp_path / "page").directory
    texts = ["eins zwei\tN;PL", "eins zwei\tGEN|X", "drei"]
    wanted = [each.text for each in tandem.load(page / "model").translate(texts)]
    with served(page) as server:
        browser.open(server.url)
        assert [each["text"] for each in translated(browser, texts)] == wanted
        wait_for(browser, "document.getElementById('status').innerText.startsWith('Ready')")
        typed(browser, "features", "N;PL")
        typed(browser, "source", "eins zwei")
        wait_for(browser, f"document.getElementById('output').innerText.trim() === {json.dumps(wanted[0])}")


def with_features(*settings: str) -> Translator:
    recipe = tiny_recipe("text.features.tokenizer=tags", "model.attention=luong", "model.init_range=1.5", *settings)
    pairs = [(f"{source}\tN;{tag}", target) for source, target in number_pairs(20) for tag in ("PL", "GEN")]
    counts = count_parts(source for source, _ in pairs), count_words(target for _, target in pairs)
    source, target = build_tokenizers(recipe.text, *counts)
    model = build_model(recipe, *sizes_of(source, target))
    return translator_from_members([Member(model, recipe)], source, target, device=torch.device("cpu"))


def typed(browser: Page, name: str, text: str) -> None:
    browser.evaluate(f"""(() => {{
      const field = document.getElementById({json.dumps(name)});
      field.value = {json.dumps(text)};
      field.dispatchEvent(new Event("input"));
    }})()""")


@pytest.fixture
def ready(page: Path, browser: Page) -> Iterator[Served]:
    """The page was opened and has its model."""
    with served(page) as server:
        browser.requests.clear()
        browser.messages.clear()
        browser.open(server.url)
        wait_for(browser, "document.getElementById('status').innerText.startsWith('Ready')")
        yield server


@needs_browser
@needs_package
def test_it_needs_no_server_once_it_is_loaded(ready: Served, browser: Page, page: Path) -> None:
    server = ready
    described = json.loads((page / "page.json").read_text(encoding="utf-8"))
    fetched = {path.partition("?")[0].removeprefix("/") or "index.html" for path in server.asked}
    assert sum((page / name).stat().st_size for name in fetched if name != "page.json") == described["size"]
    assert {url.partition("//")[2].partition("/")[0] for url in browser.requests} == {server.url.split("/")[2]}
    count = len(server.asked)
    typed(browser, "source", "eins zwei\nvier")
    wanted = [each.text for each in tandem.load(page / "model").translate(["eins zwei", "vier"])]
    wait_for(browser, "document.getElementById('time').innerText")
    shown = browser.evaluate("[...document.querySelectorAll('#output .translation > p')].map((each) => each.innerText)")
    assert [text.strip() for text in shown] == wanted
    assert len(server.asked) == count
    assert browser.messages == []
    assert f"This page is {described['size'] / 1e6:.1f} MB" in text_of(browser, "about")


@needs_browser
@needs_package
@pytest.mark.usefixtures("ready")
def test_no_request_leaves_the_page(browser: Page, page: Path) -> None:
    with served(page) as other:
        for what in (
            f"fetch({other.url!r})",
            f"import({other.url + 'dom.js'!r})",
            f"new Promise((resolve, reject) => {{ const image = new Image(); image.onload = resolve; "
            f"image.onerror = () => reject(new Error('refused')); image.src = {other.url + 'icon.svg'!r}; }})",
            f"new Promise((resolve, reject) => {{ new WebSocket({other.url.replace('http', 'ws')!r}).onerror = "
            "() => reject(new Error('refused')); })",
        ):
            with pytest.raises(BrowserError):
                browser.evaluate(what)
        for nothing in (f"navigator.sendBeacon({other.url!r})", "document.forms.length"):
            browser.evaluate(nothing)
        with pytest.raises(BrowserError, match=r"unsafe-eval|EvalError"):
            browser.evaluate("new Promise((resolve) => resolve(new Function('return 1')()))")
        assert other.asked == []
    assert len([each for each in browser.messages if "Content Security Policy" in each]) >= 4


@needs_browser
@needs_package
@pytest.mark.usefixtures("ready")
def test_what_was_typed_last_is_what_is_translated(browser: Page, page: Path) -> None:
    texts = ["eins", "eins zwei drei vier fünf sechs " * 9, "drei"]
    (wanted,) = tandem.load(page / "model").translate(texts[-1:])
    for text in texts:
        typed(browser, "source", text)
        browser.evaluate("new Promise((resolve) => setTimeout(resolve, 160))")  # so that each is begun with
    wait_for(browser, f"document.getElementById('output').innerText.trim() === {json.dumps(wanted.text.strip())}")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
    assert text_of(browser, "output").strip() == wanted.text.strip()


@needs_browser
@needs_package
@pytest.mark.usefixtures("ready")
def test_what_is_shown_follows_the_options(browser: Page, page: Path) -> None:
    typed(browser, "source", "eins unbekannt")
    browser.evaluate("document.getElementById('count').value = 3")
    browser.evaluate("document.getElementById('looked').click()")
    wait_for(browser, "document.querySelectorAll('#output li').length === 2 && document.querySelector('.looked')")
    (wanted,) = tandem.load(page / "model").translate(["eins unbekannt"], beam=3, n_best=3)
    alternatives = browser.evaluate("[...document.querySelectorAll('#output li')].map((each) => each.innerText)")
    assert alternatives == [each.text for each in wanted.alternatives[1:]]
    assert "Unknown to the model: unbekannt." in text_of(browser, "notes")
    shown = browser.evaluate("[...document.querySelectorAll('.looked .sources span')].map((each) => each.innerText)")
    assert shown == ["eins", "unbekannt"]


@needs_browser
@needs_package
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model/step.onnx", "The server has no step.onnx (it answers 404). Copy the whole folder to it."),
        ("page.json", "The server has no page.json (it answers 404). Copy the whole folder to it."),
        ("onnxruntime/ort.wasm.bundle.min.js", "ort.wasm.bundle.min.js could not be loaded."),
    ],
)
def test_a_file_that_is_missing_is_told(name: str, message: str, browser: Page, page: Path) -> None:
    hidden = (page / name).rename(page / "hidden")
    try:
        assert message in error_of(browser, page)
    finally:
        hidden.rename(page / name)


@needs_browser
@needs_package
def test_a_file_of_another_export_is_told(browser: Page, page: Path) -> None:
    file = page / "model/step.onnx"
    content = file.read_bytes()
    try:
        file.write_bytes(content + b"x")
        message = error_of(browser, page)
    finally:
        file.write_bytes(content)
    assert f"step.onnx has {len(content) + 1} bytes, and {len(content)} are expected" in message


def error_of(browser: Page, page: Path) -> str:
    with served(page) as server:
        browser.open(server.url)
        wait_for(browser, "document.querySelector('.error')")
        return text_of(browser, "status")


@needs_browser
def test_a_page_that_is_opened_as_a_file_says_what_to_do(browser: Page) -> None:
    own = Path(tandem.__file__).parent / "web"
    browser.open((own / "index.html").as_uri())
    wait_for(browser, "document.getElementById('status').innerText")
    assert "serve its folder, for example with python -m http.server" in text_of(browser, "status")
