"""Help teaches by example, and wrong usage is told from wrong data."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tandem import __version__
from tandem.cli.commands import Command
from tests.support.console import Tandem, all_commands

COMMANDS = ("demo", "train", "describe", "translate", "evaluate", "score", "rescore", "average", "push", "data get")


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
    assert found == (1, "", "tandem: nowhere: there is no such run, checkpoint or export\n")


def test_every_command_takes_each_option_once_and_answers_to_h() -> None:
    commands = all_commands()
    assert {"train", "translate", "data get"} <= set(commands)
    for name, command in commands.items():
        assert isinstance(command, Command), f"{name}: register it with cls=Command"


@pytest.mark.parametrize("arguments", [(), ("train",), ("data",), ("data", "cache")])
def test_a_short_option_shows_the_help_too(arguments: tuple[str, ...], tandem: Tandem) -> None:
    short = tandem(*arguments, "-h")
    assert short == tandem(*arguments, "--help")
    assert short.code == 0
    assert "<bool>" not in short.out


def test_the_usage_names_the_arguments_as_they_are_typed(tandem: Tandem) -> None:
    assert "Usage: tandem train [OPTIONS] [RECIPE | FILE...]\n" in tandem("train", "--help").out
    assert "Usage: tandem evaluate [OPTIONS] MODEL...\n" in tandem("evaluate", "--help").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--source", "a", "-s", "b"), "Option --source / -s was given 2 times. It may be given only once."),
        (("train", "--resume", "--resume"), "Option --resume was given 2 times. It may be given only once."),
        (
            ("evaluate", "run", "--lowercase", "--no-lowercase"),
            "Option --lowercase / --no-lowercase was given 2 times. It may be given only once.",
        ),
        (("data", "get", "multi30k", "--folder", "a", "--folder", "b"), "Option --folder was given 2 times."),
        (("train", "--soruce", "a"), "No such option: --soruce. Did you mean --source?"),
        (("translate", "run", "-5"), "No such option: -5. If it is a text or a file, put -- before it."),
        (("translate", "run", "--bean", "3"), "No such option: --bean. Did you mean --beam? If it is a text"),
        (("trian",), "No such command 'trian'. Did you mean 'train'?"),
        (("data", "gte"), "No such command 'gte'. Did you mean 'get'?"),
    ],
)
def test_wrong_usage_says_what_to_type(arguments: tuple[str, ...], message: str, tandem: Tandem) -> None:
    found = tandem(*arguments)
    assert (found.code, found.out) == (2, "")
    assert message in found.err


def test_an_option_that_takes_several_values_may_be_repeated(tandem: Tandem) -> None:
    found = tandem("describe", "nowhere.toml", "--set", "model.hidden=4", "--set", "model.layers=1")
    assert found == (
        1,
        "",
        "tandem: nowhere.toml: there is no such recipe. The built-in ones are cmudict, cmudict-attention, "
        "multi30k, multi30k-attention, multi30k-tutorial, scan, sutskever2014\n",
    )


def test_the_shell_can_complete_commands() -> None:
    environment = {**os.environ, "_TANDEM_COMPLETE": "complete_bash", "COMP_WORDS": "tandem tr", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "from tandem.cli import main; main()"], env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["train", "translate"]


def test_an_interrupt_while_modules_are_imported_ends_in_silence(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "tandem", "--version"], env=environment, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
