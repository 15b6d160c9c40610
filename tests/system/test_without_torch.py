"""An installation without PyTorch: exports are used, and what needs PyTorch says so in a line."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import tandem
from tests.support.runs import number_pairs, untrained

ROOT = Path(__file__).parents[2]
BLOCKER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "lightning_fabric", "tensorboard", "jinja2", "markupsafe", "onnx"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the command from a wheel, where the packages for training cannot be imported."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    (folder / "sitecustomize.py").write_text(BLOCKER, encoding="utf-8")
    elsewhere = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if "src" not in path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "installed"), *elsewhere])}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tandem", *map(str, arguments)],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("model") / "mine"
    untrained("lstm", "model.attention=luong", "model.bidirectional=true").save(where)
    return tandem.export(where).directory


def test_an_export_is_used(run: Run, export: Path, tmp_path: Path) -> None:
    pairs = number_pairs(5, seed=4)
    corpus = tmp_path / "test.tsv"
    corpus.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    expected = tandem.load(export).translate([source for source, _ in pairs])
    translated = run("translate", export, *(source for source, _ in pairs), "--json")
    assert translated.returncode == 0, translated.stderr
    lines = [json.loads(line) for line in translated.stdout.splitlines()]
    assert [line["text"] for line in lines] == [each.text for each in expected]
    assert run("score", export, "--tsv", corpus).stdout.count("\n") == 5
    scores = json.loads(run("evaluate", export, "--tsv", corpus, "--json").stdout)["scores"]
    assert {"bleu", "exact", "loss", "perplexity"} <= scores.keys()


@pytest.mark.parametrize("command", [("train", "--tsv", "pairs.tsv"), ("describe", "multi30k"), ("demo",)])
def test_what_needs_torch_says_so_in_a_line(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.returncode == 1
    assert done.stderr == (
        "tandem: this needs PyTorch, which is not installed: exports run without it, all else needs "
        "pip install 'tandem-seq2seq[train]'\n"
    )


def test_a_checkpoint_needs_torch(run: Run, export: Path) -> None:
    done = run("translate", export.with_name("mine"), "eins")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tandem: this needs PyTorch, which is not installed")
