"""The command line starts quickly: help, wrong usage and completion import nothing that only the work needs."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tandem.cli import COMMANDS, app
from tandem.cli.commands import load_command
from tandem.cli.options import MOST_TRIES
from tandem.errors import RecipeError
from tandem.runs.trials import make_variants
from tests.support.runs import tiny_recipe

HEAVY = ("torch", "numpy", "sacrebleu", "tokenizers", "tensorboard", "tandem.runs", "tandem.models")
LIST_HEAVY = f"""
import sys
from tandem.cli import main
try:
    main()
finally:
    print("loaded:", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def loaded(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a fresh process, and the heavy modules that it imported."""
    command = [sys.executable, "-c", LIST_HEAVY, *arguments]
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    return done.returncode, done.stderr.rpartition("loaded:")[2].strip()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--version",), 0), (("--help",), 0), (("trian",), 2), (("train", "--soruce", "a"), 2), (("data", "-h"), 0)],
)
def test_neither_help_nor_wrong_usage_imports_what_the_work_needs(arguments: tuple[str, ...], code: int) -> None:
    assert loaded(*arguments) == (code, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_nothing_that_the_work_needs(command: str) -> None:
    assert loaded(command, "--help") == (0, "")


def test_completion_imports_nothing_that_the_work_needs() -> None:
    words = {"_TANDEM_COMPLETE": "complete_bash", "COMP_WORDS": "tandem evaluate --be", "COMP_CWORD": "2"}
    assert loaded(environment=words)[1] == ""


def test_every_command_is_among_those_that_may_not_import_another() -> None:
    contracts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    (independent,) = (contract["modules"] for contract in contracts if contract["type"] == "independence")
    assert sorted(independent) == sorted(f"tandem.cli.{name}" for name in COMMANDS)


def test_work_imports_it() -> None:
    code, modules = loaded("describe", "scan", "--vocabularies", "20,20")
    assert code == 0
    assert "torch" in modules.split()


def test_a_model_that_is_not_there_is_missed_without_it() -> None:
    code, modules = loaded("translate", "nowhere", "text")
    assert code == 1
    assert "torch" not in modules.split()


def test_the_group_says_of_each_command_what_its_own_help_says() -> None:
    stand_ins: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    assert list(stand_ins) == list(COMMANDS)
    for name, summary in COMMANDS.items():
        assert load_command(name).help.split("\n\n")[0].replace("\n", " ") == summary == stand_ins[name].help, name


def test_as_many_variants_can_be_asked_for_as_are_made() -> None:
    assert len(make_variants(tiny_recipe(), MOST_TRIES)) == MOST_TRIES
    with pytest.raises(RecipeError, match=f"between 2 and {MOST_TRIES} variants"):
        make_variants(tiny_recipe(), MOST_TRIES + 1)
