"""Help teaches by example, and wrong usage is told from wrong data."""

import re

import pytest

from tandem import __version__
from tests.support.console import Tandem

COMMANDS = ("demo", "train", "describe", "translate", "evaluate", "score", "rescore", "average", "data get")


def test_the_help_names_every_command_and_shows_how_to_begin(tandem: Tandem) -> None:
    found = tandem("--help")
    assert found.code == 0
    for command in COMMANDS:
        assert re.search(rf"^\W*{command.split()[0]} +\S", found.out, re.MULTILINE), command
    for example in ("tandem demo", "tandem train --source train.de --target train.en"):
        assert example in found.out
    assert "Begin with tandem demo" in found.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_by_example(command: str, tandem: Tandem) -> None:
    found = tandem(*command.split(), "--help")
    assert found.code == 0
    assert re.search(rf"tandem {command}\b *[\w\"\n-]", found.out)
    assert "Usage: " in found.out
    assert "Traceback" not in found.err


def test_nothing_typed_is_answered_with_help(tandem: Tandem) -> None:
    found = tandem()
    assert "Usage: tandem" in found.out + found.err
    assert "tandem demo" in found.out + found.err


def test_the_version_is_said(tandem: Tandem) -> None:
    assert tandem("--version") == (0, f"tandem {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("trian",),
        ("translate",),
        ("translate", "model", "--bean", "3"),
        ("translate", "model", "--beam", "0"),
        ("translate", "model", "--batch-size", "many"),
        ("translate", "model", "--length-penalty", "-1"),
        ("evaluate", "model", "--device", "gpu"),
        ("score", "model", "--precision", "float16"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_on_standard_error(arguments: tuple[str, ...], tandem: Tandem) -> None:
    found = tandem(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "Usage: tandem" in found.err
    assert "Error" in found.err


@pytest.mark.parametrize("command", ["translate", "evaluate", "score"])
def test_what_is_no_model_is_a_sentence_on_standard_error(command: str, tandem: Tandem) -> None:
    arguments = () if command == "translate" else ("--corpus", "captions:test")
    found = tandem(command, "nowhere", *arguments)
    assert found == (1, "", "tandem: nowhere: there is no such run or checkpoint\n")
