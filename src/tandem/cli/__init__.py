"""The command line: one short module per command, imported when the command is used."""

import os
import sys

import typer

from tandem.cli.commands import lazy_app
from tandem.cli.streams import notify, stand_in_for_closed, tolerate_encoding
from tandem.errors import TandemError
from tandem.memory import memory_for
from tandem.version import __version__

COMMANDS = {
    "demo": "Train a small German-English translator on the built-in corpus, measure it, and translate a few "
    "sentences.",
    "train": "Train a model, from a corpus or a recipe.",
    "describe": "Show how many weights a model has, where they are, and what memory they take, without training it.",
    "translate": "Translate texts from arguments, a file or standard input: one line in, one line out.",
    "bulk": "Translate any number of files as one job, which may be killed at any time: the same command finishes it.",
    "evaluate": "Measure a model on a corpus: BLEU, chrF, TER, exact matches, edit rates, perplexity, each with its "
    "signature.",
    "analyse": "Show where systems are good, how they differ and what they get wrong, on a web page.",
    "compare": "Compare trainings: mean and deviation over seeds, and whether systems differ by more than chance.",
    "score": "Print the log-probability of each given target, in nats, one line per pair.",
    "rescore": "Rerank another system's n-best lists by the model's scores and the system's own.",
    "reproduce": 'Test the claims of "Sequence to Sequence Learning with Neural Networks" (2014) one by one, with '
    "small models.",
    "average": "Write a checkpoint with the mean of several checkpoints' weights.",
    "export": "Export a model as ONNX graphs, which translate without PyTorch.",
    "push": "Upload a model to the Hugging Face Hub, with a model card written from its run.",
    "serve": "Serve models over HTTP: translations, scores, LibreTranslate's interface, Prometheus metrics.",
    "look": "Watch trainings while they run, and explore what their models do, on a page in the browser.",
    "data": "Download public corpora, prepare corpora, and show or clear the cache of prepared ones.",
}
"""Each command, which is a module of this package, with the line that `tandem --help` shows for it."""

_TRAINING = "exports run without it, everything else needs pip install 'tandem-seq2seq[train]'"
_SERVING = "a server needs pip install 'tandem-seq2seq[serve]'"
_EXTRAS = {
    "torch": ("PyTorch", _TRAINING),
    "lightning_fabric": ("Lightning Fabric", _TRAINING),
    "tensorboard": ("TensorBoard", _TRAINING),
    "jinja2": ("Jinja", _TRAINING),
    "starlette": ("Starlette", _SERVING),
    "uvicorn": ("uvicorn", _SERVING),
    "prometheus_client": ("prometheus-client", _SERVING),
}
"""Packages that an installation for exports lacks, and what to do."""

app = lazy_app(COMMANDS)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tandem {__version__}")
        raise typer.Exit


@app.callback(epilog="Begin with `tandem demo`. Each command's --help teaches by example.")
def _tandem(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Train and use recurrent encoder-decoders: text in, text out.

    - `tandem demo`: train a translator in three minutes, without any data
    - `tandem train --source train.de --target train.en`: train your own
    - `tandem look runs/MODEL`: watch it learn, on a page in the browser
    - `tandem translate runs/MODEL "Guten Morgen!"`: use it
    - `tandem evaluate runs/MODEL --source test.de --target test.en`: measure it
    - `tandem analyse runs/MODEL --source test.de --target test.en`: see where and why it makes mistakes
    """


def main() -> None:
    """Run the `tandem` command: errors that a user can correct are a sentence, never a traceback."""
    stand_in_for_closed()
    tolerate_encoding()
    try:
        with memory_for("this command", "Close other programs, or let it do less at once: see its --help"):
            app(prog_name="tandem")
    except TandemError as error:
        notify(str(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        package, remedy = _EXTRAS[error.name]
        notify(f"this needs {package}, which is not installed: {remedy}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        # A full disk, or a folder without write permission: the user can correct these as well.
        notify(f"{error.filename or 'standard input or output'}: {error.strerror or error}")
        sys.exit(1)
    finally:
        _flush()


def _flush() -> None:
    """Write what is still buffered: at exit, Python would report an error if the reader of the output has ended."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
