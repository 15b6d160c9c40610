"""What all commands have in common: how options are parsed, how wrong ones are answered, how help is printed."""

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from tandem.cli.groups import option_groups
from tandem.terminal import printable, printable_lines

try:
    from typer._click.exceptions import ClickException, NoSuchOption
except ImportError:  # Older versions of typer use click itself.
    from click.exceptions import ClickException, NoSuchOption  # type: ignore[assignment]


class Help:
    """How a command and a group print their help: plain text, with the options in sections.

    Typer's own panels are not used: rich, a Markdown parser and a syntax highlighter take longer to import than
    everything else that `tandem --help` does.
    """

    help: str | None
    epilog: str | None

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all parameters, --help among them; flags show no type in the help."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params

    def format_help_text(self, _: Any, formatter: Any) -> None:
        """Write the text: paragraphs are wrapped, and an item of a list begins a line."""
        for paragraph in (self.help or "").split("\n\n"):
            formatter.write_paragraph()
            for item in re.split(r"\n(?=- )", paragraph.strip()):
                _write_wrapped(formatter, item, "    " if item.startswith("- ") else "  ")

    def format_epilog(self, _: Any, formatter: Any) -> None:
        """Write the text below the options."""
        if self.epilog:
            formatter.write_paragraph()
            _write_wrapped(formatter, self.epilog, "")

    def write_sections(self, parameters: Iterable[Any], context: Any, formatter: Any) -> None:
        """Write the arguments, the options without a panel of their own, and then those of each panel."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in parameters:
            if record := parameter.get_help_record(context):
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                name, text = record
                row = typer.style(name, bold=True), _without_ticks(text)
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or usual, []).append(row)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Command(Help, TyperCommand):
    """A command on which an option is given once, unless it takes several values."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's method
        """Return what follows the command's name in its usage: the arguments as their metavars say them."""
        return ["[OPTIONS]", *(p.metavar or p.name.upper() for p in self.params if p.param_type_name == "argument")]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options."""
        self.write_sections(self.get_params(ctx), ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments. An option that is unknown, or is given twice, is a usage error."""
        try:
            _, _, occurrences = self.make_parser(ctx).parse_args(list(args))
        except NoSuchOption as error:
            ctx.fail(self._unknown(error))
        if not ctx.resilient_parsing:
            for param, times in Counter(occurrences).items():
                if times > 1 and param.param_type_name == "option" and not (param.multiple or param.is_eager):
                    names = " / ".join([*param.opts, *param.secondary_opts])
                    ctx.fail(f"Option {names} was given {times} times. It may be given only once.")
        return super().parse_args(ctx, args)

    def _unknown(self, error: NoSuchOption) -> str:
        message = f"No such option: {printable(error.option_name)}."
        if error.possibilities:
            message += f" Did you mean {error.possibilities[0]}?"
        if any(param.nargs == -1 and param.param_type_name == "argument" for param in self.params):
            message += " If it is a text or a file, put -- before it."
        return message


class Group(Help, TyperGroup):
    """A group of commands, whose usage errors cannot steer the terminal that they are shown in."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Parse the arguments of the group itself."""
        with _printable_errors():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments of the named command, and run it."""
        with _printable_errors():
            return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options, and the first paragraph of each command's help."""
        self.write_sections(self.get_params(ctx), ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (typer.style(name, bold=True), _without_ticks((command.help or "").partition("\n\n")[0]))
                    for name, command in self.commands.items()
                ]
            )


class LazyGroup(Group):
    """A group that holds a stand-in for each command, and imports a command's own module when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name of the command that the arguments begin with, the command and the other arguments."""
        name, command, others = super().resolve_command(ctx, args)
        return name, None if command is None else load_command(str(name)), others


def command_app(**settings: Any) -> typer.Typer:
    """Return the application that a command's module puts its function into."""
    return typer.Typer(
        cls=Group, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **settings
    )


def lazy_app(summaries: Mapping[str, str]) -> typer.Typer:
    """Return an application of the commands with these names, each with the line that the help says of it."""
    app = typer.Typer(
        name="tandem",
        cls=LazyGroup,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name, summary in summaries.items():
        app.command(name, help=summary)(_stand_in)
    return app


def command(function: Callable[..., None]) -> typer.Typer:
    """Return the application of the command `NAME_command`, with the options of its groups."""
    app = command_app()
    app.command(function.__name__.removesuffix("_command"), cls=Command)(option_groups(function))
    return app


def load_command(name: str) -> Any:
    """Import the module of a command, and return the command."""
    module = import_module(f"tandem.cli.{name}")
    return typer.main.get_command(getattr(module, f"{name}_command"))


def _stand_in() -> None:
    """Stand in for a command whose module is not imported yet."""


def _write_wrapped(formatter: Any, text: str, indent: str) -> None:
    width = formatter.width - 2
    words = " ".join(_without_ticks(text).split())
    first = indent.removesuffix("  ") if words.startswith("- ") else indent
    lines = textwrap.wrap(
        words, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    formatter.write("\n".join(lines) + "\n")


def _without_ticks(text: str) -> str:
    return text.replace("`", "")


@contextmanager
def _printable_errors() -> Iterator[None]:
    """Let a usage error leave this block with what a word of the command line holds made printable."""
    try:
        yield
    except ClickException as error:
        error.message = printable_lines(error.message)
        raise
