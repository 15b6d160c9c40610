"""A group of options is declared once, and reaches a command as one value."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from tandem.cli.commands import Command, command_app
from tandem.cli.groups import OptionGroup, option_groups


@dataclass(frozen=True)
class Size(OptionGroup):
    panel = "Size"

    width: Annotated[int, typer.Option(min=1, help="How wide.")] = 3
    names: Annotated[list[str] | None, typer.Option("--name")] = None


@dataclass(frozen=True)
class Box(Size):
    depth: Annotated[int, typer.Option(help="How deep.")] = 1


app = command_app()


@app.command("show", cls=Command)
@option_groups
def show(word: str, size: Box, loud: bool = False) -> None:
    """Show them."""
    print(word, size, loud)


def test_a_group_is_flattened_in_its_place() -> None:
    assert list(inspect.signature(show).parameters) == ["word", "width", "names", "depth", "loud"]


def test_a_command_gets_the_group_as_one_value() -> None:
    assert CliRunner().invoke(app, ["a"]).output == f"a {Box()} False\n"
    given = CliRunner().invoke(app, ["a", "--name", "x", "--width", "4", "--name", "y", "--loud"])
    assert given.output == f"a {Box(4, ['x', 'y'])} True\n"
    assert CliRunner().invoke(app, ["a", "--width", "0"]).exit_code == 2


def test_its_options_have_a_section_of_their_own() -> None:
    output = CliRunner().invoke(app, ["--help"]).output
    _, _, section = output.partition("\nSize:\n")
    assert all(name in section for name in ("--width", "--name", "--depth"))
    assert "--loud" not in section
