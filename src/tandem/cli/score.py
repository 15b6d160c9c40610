"""`tandem score`."""

from typing import Annotated

import typer

from tandem.cli.commands import command
from tandem.cli.corpora import CorpusOptions, corpus_pairs
from tandem.cli.options import COMPUTATION, OUTPUT, EnsembleOptions, ModelsArgument, OnErrorOption
from tandem.cli.streams import standard_output
from tandem.names import LARGEST_BATCH


@command
def score_command(
    models: ModelsArgument,
    corpus: CorpusOptions,
    on_error: OnErrorOption = "stop",
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Write one JSON object per pair, with every token's score.", rich_help_panel=OUTPUT
        ),
    ] = False,
    batch_size: Annotated[
        int,
        typer.Option(min=1, max=LARGEST_BATCH, help="Pairs per batch.", rich_help_panel=COMPUTATION),
    ] = 128,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="The text that each target begins with; its tokens do not count.")
    ] = "",
    model: EnsembleOptions,
) -> None:
    """Print the log-probability of each given target, in nats, one line per pair.

    - `tandem score runs/demo --source test.de --target test.en`
    - `tandem score runs/demo --tsv pairs.tsv --json`
    - `tandem score runs/one runs/two --source test.de --target test.en`: with the ensemble of both
    """
    output = standard_output()
    from tandem.cli.named_files import models_and_corpus
    from tandem.cli.notices import notify_cut
    from tandem.translation.forms import json_line
    from tandem.translation.messages import target_score_object

    models, corpus = models_and_corpus(models, corpus)
    translator = model.load(models)
    pairs = corpus_pairs(corpus, translator.recipe, on_error).pairs
    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    scores = translator.score(sources, targets, batch_size, prefixes=prefix)
    cut = [source for source, score in zip(sources, scores, strict=True) if score.cut]
    notify_cut(list(dict.fromkeys(cut)), "read")
    for source, target, score in zip(sources, targets, scores, strict=True):
        if as_json:
            output.write(json_line(target_score_object(source, target, score)))
        else:
            output.write(f"{score.log_probability:.6f}\n".encode())
    output.flush()
