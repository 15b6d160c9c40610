"""`tandem push`."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.commands import command


@command
def push_command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The directory of a run, a checkpoint or an export.")],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The name of the model on the Hub.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository that only its owner sees.")] = False,
    license: Annotated[
        str | None, typer.Option(metavar="ID", help="The licence that the card states, such as apache-2.0.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="The branch to push to. Default: main.")
    ] = None,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="The message of the commit.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the card, and which files a push sends. Nothing is sent.")
    ] = False,
) -> None:
    """Upload a model to the Hugging Face Hub, with a model card written from its run.

    - `tandem push runs/mine me/german-english --license cc-by-4.0`
    - `tandem push runs/mine me/german-english --private`
    - `tandem push runs/mine-onnx me/german-english --revision onnx`
    - `tandem push runs/mine me/german-english --dry-run`: look first
    - `tandem translate hf:me/german-english "Guten Morgen!"`: use it in any command

    For a run, its best checkpoint is pushed: weights, recipe, tokenizers, and a description of the training data, but
    not the data. Log in first, with `hf auth login` or HF_TOKEN.
    """
    from tandem.cli.streams import notify
    from tandem.console import PrintableConsole, show_text
    from tandem.hub.naming import CARD
    from tandem.runs import prepare_push, push
    from tandem.terminal import shell_command

    if dry_run:
        publication = prepare_push(model, name, license=license, revision=revision)
        show_text(PrintableConsole(), publication.card.text())
        for file in publication.files:
            notify(f"a push sends {file}, {(publication.directory / file).stat().st_size:,} bytes")
        notify(f"a push sends {CARD}, the text above")
        return
    pushed = push(model, name, private=private, license=license, revision=revision, message=message)
    use = shell_command("tandem", "translate", f"hf:{name.removeprefix('hf:')}" + (f"@{revision}" if revision else ""))
    show_text(PrintableConsole(), f"The model is at {pushed.page}, commit {pushed.commit}. Use it:\n  {use}")
