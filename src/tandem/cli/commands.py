"""What all commands have in common: how options are parsed, and how wrong ones are answered."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand, TyperGroup

from tandem.terminal import printable, printable_lines

try:
    from typer._click.exceptions import ClickException, NoSuchOption
except ImportError:  # Older versions of typer use click itself.
    from click.exceptions import ClickException, NoSuchOption  # type: ignore[assignment]


class Command(TyperCommand):
    """A command on which an option is given once, unless it takes several values."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all parameters, --help among them; flags show no type in the help."""
        return _without_types(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's method
        """Return what follows the command's name in its usage: the arguments as their metavars say them."""
        return ["[OPTIONS]", *(p.metavar or p.name.upper() for p in self.params if p.param_type_name == "argument")]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments. A usage error for an option that is given twice or that there is not."""
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


class Group(TyperGroup):
    """A group of commands, whose usage errors cannot steer the terminal that they are shown in."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Parse the arguments of the group itself."""
        with _printable_errors():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments of the command that was named, and run it."""
        with _printable_errors():
            return super().invoke(ctx)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all parameters, --help among them; flags show no type in the help."""
        return _without_types(super().get_params(ctx))


@contextmanager
def _printable_errors() -> Iterator[None]:
    """Let a usage error leave this block with what a word of the command line holds made printable."""
    try:
        yield
    except ClickException as error:
        error.message = printable_lines(error.message)
        raise


def _without_types(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params
