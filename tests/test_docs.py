"""The README and the guide: every code block runs, every link leads somewhere, every table says what the code says.

A page's blocks run in order in one folder, which has a made corpus under the names that the pages use. `python` blocks
share one namespace. `bash` lines run in this process, trainings with their sizes capped; a line that ends in `# error`
must stop with the message in the `text` block below it. A `toml` block is a recipe, and becomes my.toml.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pydantic import BaseModel

import tandem
from tandem import recipe
from tandem.corpora import public
from tandem.corpora.memory import InMemory
from tandem.runs.sizing import size_for
from tests.support.console import all_commands
from tests.support.hub import stand_in_hub
from tests.support.pages import CAPS, PAIRS, run_page, write_files

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDE = ROOT / "docs"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files, and a run trained on them."""
    folder = tmp_path_factory.mktemp("docs")
    write_files(folder)
    sides = folder / "train.de", folder / "train.en"
    tandem.train(source=sides[0], target=sides[1], out=folder / "run", settings=CAPS, device="cpu")
    return folder


@pytest.fixture
def desk(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that a page runs in; whatever would come from the network, or is large, is made here."""
    write_files(tmp_path)
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    known = public.PUBLIC["multi30k"]
    fetched = tmp_path / "copied" / "multi30k"
    fetched.mkdir(parents=True)
    files = []
    for file in known.files:
        content = "".join(pair[file.name.endswith(".en")] + "\n" for pair in PAIRS).encode()
        (fetched / f"{file.name}.gz").write_bytes(gzip.compress(content))
        files.append(replace(file, size=len(content), sha256=hashlib.sha256(content).hexdigest()))
    small = replace(known, base_url=str(fetched), files=tuple(files))
    monkeypatch.setitem(cast(dict[str, public.PublicCorpus], public.PUBLIC), "multi30k", small)
    captions = SimpleNamespace(train=PAIRS, validation=PAIRS[::5], test=PAIRS[::5])
    monkeypatch.setattr("tandem.corpora.captions.captions", lambda: captions)
    runtime = {"onnxruntime/ort.js": b"", "onnxruntime/ort.wasm": b""}
    monkeypatch.setattr("tandem.runs.web_page.runtime_files", lambda **_: runtime)
    monkeypatch.setattr("tandem.corpora.hub.HubDataset", lambda name, *_: InMemory(PAIRS, name))
    monkeypatch.setattr(os, "fsync", lambda _: None)  # on a busy disk it takes longer than all the rest
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TANDEM_DATA", str(tmp_path / "copied"))
    monkeypatch.chdir(tmp_path)
    with stand_in_hub(monkeypatch, tmp_path / "hub"):
        yield tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs(page: Path, ready: Path, desk: Path) -> None:
    run_page(page.read_text(encoding="utf-8"), str(page.relative_to(ROOT)), ready)


@pytest.mark.parametrize(
    "block",
    [
        "```python\nassert 1 == 2\n```\n",
        "```bash\ntandem train --sauce train.de\n```\n",
        "```bash\ntandem train --source nothing.de --target train.en\n```\n",
        "```bash\ntandem --version  # error\n```\n\n```text\ntandem: no\n```\n",
        "```bash\ntandem translate runs/other Hund\n```\n",
        "```bash\nmake coffee\n```\n",
        "```bash\ntandem --version | sort\n```\n",
        "```toml\n[modle]\nhidden = 3\n```\n",
        "```json\n{'source': 1}\n```\n",
        "```console\n$ tandem\n```\n",
        "```python\n",
    ],
)
def test_a_block_that_does_not_run_is_found(block: str, ready: Path, desk: Path) -> None:
    with pytest.raises((AssertionError, tandem.TandemError, ValueError)):
        run_page(block, "page", ready)


def slugs(path: Path) -> set[str]:
    """The anchors of a page's headings, by GitHub's rule."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in slugs(target)):
            dead.append(link)
    paths = re.findall(r"`((?:src|docs|recipes|tests|benchmarks|results)/[^`\s*]*)`", text)
    assert dead + [path for path in paths if not (ROOT / path).exists()] == []


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    _, found, below = (GUIDE / page).read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    table = re.search(r"^\|.*\n\|[ -|]*\n((?:\|.*\n)+)", below, flags=re.MULTILINE)
    assert table, f"{page}: no table under {heading!r}"
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table[1].splitlines()]


SECTIONS: list[tuple[str, type[BaseModel]]] = [
    ("## [data]", recipe.Data),
    ('### kind = "files"', recipe.FilesCorpus),
    ('### kind = "tsv"', recipe.TabSeparatedCorpus),
    ('### kind = "csv"', recipe.CsvCorpus),
    ('### kind = "jsonl"', recipe.JsonLinesCorpus),
    ('### kind = "parquet"', recipe.ParquetCorpus),
    ('### kind = "hub"', recipe.HubCorpus),
    ('### kind = "named"', recipe.NamedCorpus),
    ('### kind = "memory"', recipe.MemoryCorpus),
    ("## [text]", recipe.Texts),
    ("## [text.source] and [text.target]", recipe.Text),
    ("## [text.features]", recipe.Features),
    ("## [model]", recipe.Model),
    ("## [training]", recipe.Training),
    ("## [training.optimizer]", recipe.Optimizer),
    ("## [training.learning_rate]", recipe.LearningRate),
    ("## [training.teacher_forcing]", recipe.Forcing),
    ("## [search]", recipe.Search),
]


def defaults(section: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Each setting with its default, as the page writes it."""
    for name, field in section.model_fields.items():
        value = field.get_default()
        if field.is_required():
            yield name, "required"
        elif isinstance(value, BaseModel):
            yield name, "below"
        else:
            yield name, "none" if value is None else json.dumps(value)


@pytest.mark.parametrize(("heading", "section"), SECTIONS, ids=lambda value: getattr(value, "__name__", None))
def test_every_setting_is_listed_with_its_default(heading: str, section: type[BaseModel]) -> None:
    listed = [
        (key.strip("`"), re.sub(r"\[(\w+)\]\(.*\)", r"\1", default).strip("`"))
        for key, default, *_ in rows("recipes.md", heading)
    ]
    assert listed == list(defaults(section))


def test_all_sections_are_listed() -> None:
    found = {kind for kind in vars(recipe).values() if isinstance(kind, type) and issubclass(kind, BaseModel)}
    assert found - {recipe.Section, recipe.Recipe} == {section for _, section in SECTIONS}
    assert rows("recipes.md", "## At the top")[0][:2] == ["`seed`", f"`{recipe.Recipe.model_fields['seed'].default}`"]


def test_sizes_without_a_recipe() -> None:
    listed = [[float(cell.replace(",", "")) for cell in row] for row in rows("recipes.md", "## Without a recipe")]
    assert listed
    for pairs, tokens, *figures in listed:
        size = size_for(int(pairs), tokens, attention=True)
        assert figures == [size.hidden, size.batch_size, size.passes, size.epochs, size.steps, size.learning_rate]


def options() -> dict[str, set[str]]:
    """The options of every command, --help left out."""
    return {
        name: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        - {parameter.name for parameter in command.params}
        for name, command in all_commands().items()
    }


def test_every_option_is_explained_and_none_is_made_up() -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    named_on = {page.name: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text)) for page, text in texts.items()}
    known = {o for found in options().values() for o in found if o.startswith("-")} | {"--help", "--version"}
    for command, page in {
        "translate": "translating.md",
        "score": "translating.md",
        "evaluate": "translating.md",
        "analyse": "analysis.md",
        "rescore": "rescoring.md",
        "push": "hub.md",
    }.items():
        assert {option for option in options()[command] if option.startswith("--")} <= named_on[page], command
    anywhere = set.union(*named_on.values())
    assert {option for option in known if option.startswith("--")} <= anywhere
    in_prose = {option for text in texts.values() for option in re.findall(r"`(--[a-z][a-z-]*)[^`]*`", text)}
    assert in_prose <= known


def test_scores_are_listed_in_their_order(ready: Path) -> None:
    evaluation = tandem.evaluate(tandem.load(ready / "run", device="cpu"), PAIRS[:3])
    listed = [row[0].strip("`") for row in rows("translating.md", "### What each score means")]
    listed.remove("calibration_error")  # of so few sources it is no score
    assert listed == [score.name for score in evaluation.scores]


def test_what_a_run_leaves_is_named(ready: Path) -> None:
    text = (GUIDE / "runs.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"[\w.]+(?:/\w+)?", text))
    lines = [json.loads(line) for line in (ready / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["event"] for line in lines} == {row[0].strip("`") for row in rows("runs.md", "## metrics.jsonl")}
    assert {key for line in lines for key in (*line, line["event"], *line.get("samples", [{}])[0])} <= documented
    folder = ready / "run"
    files = {path.name for path in folder.rglob("*") if not path.name.startswith(("epoch-", "step-", "events.out"))}
    assert files <= documented
    tensorboard = (ROOT / "src/tandem/recording/tensorboard.py").read_text(encoding="utf-8")
    tags = set(re.findall(r'"((?:train|validation)/\w+)"', tensorboard))
    assert tags
    assert tags <= documented
