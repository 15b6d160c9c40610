"""The promises of the repository itself: its locks, its make targets, nothing of one machine in its files."""

import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"
GPU_LIBRARIES = ("nvidia-", "cuda-", "triton")
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def pinned(*locks: str) -> dict[str, str]:
    lines = [line for lock in locks for line in (ROOT / lock).read_text(encoding="utf-8").splitlines()]
    pins = [line.split("==") for line in lines if not line.startswith(("#", "-r "))]
    return {canonicalize_name(name): version for name, version in pins}


def required() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, under the lock that has to answer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    runtime = (
        project["project"]["dependencies"] + extras["train"] + extras["serve"] + project["build-system"]["requires"]
    )
    dev = project["dependency-groups"]["dev"]
    return {RUNTIME: [Requirement(line) for line in runtime], DEV: [Requirement(line) for line in dev]}


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_lock_answers_pyproject(lock: str) -> None:
    pins = pinned(RUNTIME, lock)
    wanted = required()[lock]
    assert [str(r) for r in wanted if not r.specifier.contains(pins.get(canonicalize_name(r.name), "0"))] == []


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_locks_are_complete_for_every_python(python: str) -> None:
    pins = pinned(RUNTIME, DEV)
    installed = {canonicalize_name(d.name): d.requires or [] for d in distributions()}
    seen: set[tuple[str, str]] = set()
    missing: set[str] = set()
    waiting = [requirement for wanted in required().values() for requirement in wanted]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in pins and not name.startswith(GPU_LIBRARIES):
            missing.add(name)
        for extra in {"", *requirement.extras} - {known for of, known in seen if of == name}:
            seen.add((name, extra))
            environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}
            below = [Requirement(line) for line in installed.get(name, [])]
            waiting += [r for r in below if r.marker is None or r.marker.evaluate(environment)]
    assert missing == set()
    assert ("jinja2", "") in seen


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_lock_holds_exact_sorted_pins_that_fit_every_machine(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pins = [line for line in lines if line != f"-r {RUNTIME}"]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []
    names = [line.split("==")[0].lower() for line in pins]
    assert names == sorted(set(names))
    assert [name for name in names if name.startswith(GPU_LIBRARIES)] == []


def test_torch_is_pinned_and_the_locks_do_not_overlap() -> None:
    assert pinned(RUNTIME)["torch"] == "2.13.0"
    assert pinned(RUNTIME).keys() & pinned(DEV).keys() == set()


def test_the_versions_that_the_guide_names_are_those_of_the_lock() -> None:
    _, _, below = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8").partition("\n## Versions\n")
    listed = dict(re.findall(r"^\| (\w+) \| (.+) \|$", below.partition("\n## ")[0], flags=re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest = {r.name: next(iter(r.specifier)).version for r in map(Requirement, project["dependencies"])}
    pythons = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert listed.pop("Python") == f"{', '.join(pythons)} | {pythons[0]} and newer"
    assert {"onnxruntime", "numpy"} <= listed.keys()
    assert listed == {name: f"{pinned(RUNTIME)[name]} | {lowest[name]} and newer" for name in listed}


def run_make(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@needs_make
def test_make_alone_lists_every_target() -> None:
    listed = re.findall(r"^  make ([\w-]+) +\S", run_make().stdout, flags=re.MULTILINE)
    assert listed == ["help", "demo", "test", "check", "check-lowest", "format", "bench", "lock", "clean"]


@needs_make
def test_an_old_python_is_refused_with_a_remedy(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n', encoding="utf-8")
    old.chmod(0o755)
    refused = run_make("demo", f"VENV={tmp_path / 'venv'}", f"PYTHON={old}")
    assert refused.returncode != 0
    assert f"Tandem needs Python 3.11 or newer; {old} gives: Python 3.9.2." in refused.stderr
    assert "make PYTHON=python3.12 demo" in refused.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout: generated files are not told apart")
def test_no_file_names_the_folder_of_this_checkout() -> None:
    # A checkout may belong to another user than the one who runs the tests.
    listing = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    here = re.compile(re.escape(str(ROOT)) + r"\b|\bfile:" + "//")
    assert ROOT / "Makefile" in files
    assert [str(path) for path in files if here.search(path.read_text("utf-8", errors="ignore"))] == []
