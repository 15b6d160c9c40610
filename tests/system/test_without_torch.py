"""An installation without PyTorch: exports are used, and what needs PyTorch says so in a line.

The wheel is built of what docker/Dockerfile copies, and is run where only what its own dependencies bring can be
imported. `python -m tests.system.fresh_install` installs it in earnest, which takes longer.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tandem
from tests.support.dockerfile import copy_sources
from tests.support.runs import number_pairs, untrained

BLOCKER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


def not_brought_by(wheel: Distribution) -> set[str]:
    """The modules here that installing a wheel without extras does not bring."""
    brought = {"tandem-seq2seq"}
    waiting = list(wheel.requires or [])
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name not in brought and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            brought.add(name)
            waiting += distribution(name).requires or []
    return {
        module
        for module, names in packages_distributions().items()
        if module.isidentifier() and brought.isdisjoint(map(canonicalize_name, names))
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home directory of the commands' user."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Run:
    """Run the command from a wheel, where the packages for training cannot be imported."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "build").mkdir()
    copy_sources(folder / "build")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "--wheel-dir", str(folder), str(folder / "build")], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    (metadata,) = Distribution.discover(name="tandem-seq2seq", path=[str(folder / "installed")])
    blocked = f"BLOCKED = {sorted(not_brought_by(metadata))!r}\n"
    (folder / "sitecustomize.py").write_text(blocked + BLOCKER, encoding="utf-8")
    elsewhere = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if "src" not in path]
    # Without variables that continuous integration sets, for which onnxruntime would be silent by itself.
    environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "OMP_NUM_THREADS") if name in os.environ}
    environment |= {"HOME": str(home), "USERPROFILE": str(home)}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(folder / "installed"), *elsewhere])

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


def test_an_export_is_used_and_nothing_is_told_of_it(run: Run, export: Path, home: Path, tmp_path: Path) -> None:
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
    assert [path for path in home.rglob("*") if "onnxruntime" in path.name] == []  # where it keeps what it will send


@pytest.mark.parametrize("command", [("train", "--tsv", "pairs.tsv"), ("describe", "multi30k"), ("demo",)])
def test_what_needs_torch_says_so_in_a_line(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.returncode == 1
    assert done.stderr == (
        "tandem: this needs PyTorch, which is not installed: exports run without it, everything else needs "
        "pip install 'tandem-seq2seq[train]'\n"
    )


def test_a_checkpoint_needs_torch(run: Run, export: Path) -> None:
    done = run("translate", export.with_name("mine"), "eins")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tandem: this needs PyTorch, which is not installed")
