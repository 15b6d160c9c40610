"""Every number that an option takes has bounds, and what lies beyond them is answered in a sentence."""

import inspect
from collections.abc import Iterator
from typing import NamedTuple, get_args

import pytest

from tandem.cli.options import decimal
from tests.support.console import Tandem, all_commands

BEYOND = ("-9e999", "1e999", "nan", "2e18", str(2**63), "9" * 5000)


class Option(NamedTuple):
    """An option that takes a number."""

    command: tuple[str, ...]
    name: str
    least: float | None
    most: float | None


def numeric_options() -> Iterator[Option]:
    """Those of all commands, as their functions' parameters say."""
    for name, command in all_commands().items():
        for key, parameter in inspect.signature(command.callback).parameters.items():
            kinds, infos = get_args(parameter.annotation)[:1], get_args(parameter.annotation)[1:]
            if infos and {int, float} & {*kinds, *get_args(kinds[0])}:
                info = infos[0]
                written = next(iter(info.param_decls or ()), f"--{key.replace('_', '-')}")
                yield Option(tuple(name.split()), written, info.min, info.max)


OPTIONS = [pytest.param(option, id=" ".join([*option.command, option.name])) for option in numeric_options()]


def test_all_options_are_found() -> None:
    assert len(OPTIONS) > 20


@pytest.mark.parametrize("option", OPTIONS)
def test_each_number_has_a_smallest_and_a_largest_value(option: Option) -> None:
    assert option.least is not None
    assert option.most is not None


@pytest.mark.parametrize("option", OPTIONS)
def test_extremes_are_refused(option: Option, tandem: Tandem) -> None:
    for value in BEYOND:
        found = tandem(*option.command, "nothing", f"{option.name}={value}")
        assert found.code in (1, 2)
        assert "Traceback" not in found.err


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), (" 7 ", 7), ("0", 0), ("-1", -1), ("1.5", -1), ("", -1), ("9" * 5000, -1)]
)
def test_digits_are_a_number_unless_there_are_too_many(text: str, number: int) -> None:
    assert decimal(text) == number


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--columns", "9" * 5000 + ",1", "--tsv", "no.tsv"),
        ("describe", "no.toml", "--vocabularies", "9" * 5000 + ",1"),
        ("train", "a.csv", "--budget", "9" * 5000 + "h"),
        ("translate", "no-model", "text", "--beam", "9" * 30),
        ("analyse", "no-model", "--samples", "9" * 30),
    ],
)
def test_thousands_of_digits_are_answered_in_a_sentence(arguments: tuple[str, ...], tandem: Tandem) -> None:
    found = tandem(*arguments)
    assert found.code in (1, 2)
    assert "Traceback" not in found.err


def test_a_word_of_the_command_line_cannot_steer_the_terminal(tandem: Tandem) -> None:
    for arguments in (("average", "\x1b[2Jx", "y", "--out"), ("data", "get", "x", "\x1b[31my"), ("\x1b]0;t\x07",)):
        found = tandem(*arguments)
        assert found.code == 2
        assert "\x1b" not in found.err + found.out
        assert "\x07" not in found.err + found.out
