"""The command line: one short module a command."""

import os
import sys

import typer

from tandem.cli.analyse import analyse_command
from tandem.cli.average import average_command
from tandem.cli.commands import Command, Group
from tandem.cli.compare import compare_command
from tandem.cli.data import data
from tandem.cli.demo import demo
from tandem.cli.describe import describe
from tandem.cli.evaluate import evaluate_command
from tandem.cli.reproduce import reproduce_command
from tandem.cli.rescore import rescore_command
from tandem.cli.score import score
from tandem.cli.streams import say, stand_in_for_closed, tolerate_encoding
from tandem.cli.train import train_command
from tandem.cli.translate import translate
from tandem.errors import TandemError
from tandem.memory import memory_for
from tandem.version import __version__

app = typer.Typer(
    name="tandem",
    cls=Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tandem {__version__}")
        raise typer.Exit


@app.callback(epilog="Begin with `tandem demo`. Each command's --help teaches by example.")
def _tandem(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version and stop."
    ),
) -> None:
    """Train and use recurrent encoder-decoders: text in, text out.

    - `tandem demo`: a translator in three minutes, from nothing
    - `tandem train --source train.de --target train.en`: your own
    - `tandem translate runs/MODEL "Guten Morgen!"`: use it
    - `tandem evaluate runs/MODEL --source test.de --target test.en`: measure it
    - `tandem analyse runs/MODEL --source test.de --target test.en`: see where and why it errs
    """


app.command("demo", cls=Command)(demo)
app.command("train", cls=Command)(train_command)
app.command("describe", cls=Command)(describe)
app.command("translate", cls=Command)(translate)
app.command("evaluate", cls=Command)(evaluate_command)
app.command("analyse", cls=Command)(analyse_command)
app.command("compare", cls=Command)(compare_command)
app.command("score", cls=Command)(score)
app.command("rescore", cls=Command)(rescore_command)
app.command("reproduce", cls=Command)(reproduce_command)
app.command("average", cls=Command)(average_command)
app.add_typer(data, name="data")


def main() -> None:
    """What the `tandem` command runs: errors that a user can mend are a sentence, never a traceback."""
    stand_in_for_closed()
    tolerate_encoding()
    try:
        with memory_for("this command", "Close other programs, or let it do less at once: see its --help"):
            app(prog_name="tandem")
    except TandemError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        # A full disk, a folder that may not be written to: the user's to mend as well.
        say(f"{error.filename or 'standard input or output'}: {error.strerror or error}")
        sys.exit(1)
    finally:
        _flush()


def _flush() -> None:
    """Write what is still held: at exit, Python would complain where whoever read our output has left."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
