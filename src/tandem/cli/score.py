"""`tandem score`."""

from typing import Annotated

import typer

from tandem.cli.corpora import CorpusOptions, corpus_options, corpus_pairs
from tandem.cli.named_files import models_and_corpus
from tandem.cli.options import (
    AveragingOption,
    BatchSizeOption,
    DeviceOption,
    ModelsArgument,
    OnErrorOption,
    PrecisionOption,
)
from tandem.cli.show import say_cut
from tandem.cli.streams import json_line, standard_output
from tandem.translation.translator import load


@corpus_options
def score(
    models: ModelsArgument,
    corpus: CorpusOptions,
    on_error: OnErrorOption = "stop",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a pair, with every token's score.")] = False,
    batch_size: BatchSizeOption = 128,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
    averaging: AveragingOption = "arithmetic",
) -> None:
    """Print how probable the model finds each given target: its log-probability in nats, a line a pair.

    - `tandem score runs/demo --source test.de --target test.en`
    - `tandem score runs/demo --tsv pairs.tsv --json`
    - `tandem score runs/one runs/two --source test.de --target test.en`: by the ensemble of both
    """
    put = standard_output()
    models, corpus = models_and_corpus(models, corpus)
    translator = load(models, device=device, precision=precision, averaging=averaging)
    pairs = corpus_pairs(corpus, translator.recipe, on_error).pairs
    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    scores = translator.score(sources, targets, batch_size)
    cut = [pair.source for pair, found in zip(pairs, scores, strict=True) if found.cut]
    say_cut(list(dict.fromkeys(cut)), "read")
    for pair, found in zip(pairs, scores, strict=True):
        if as_json:
            content = {
                "source": pair.source,
                "target": pair.target,
                "log_probability": found.log_probability,
                "tokens": found.tokens,
                "token_scores": found.token_scores,
                "cut": found.cut,
            }
            put.write(json_line(content))
        else:
            put.write(f"{found.log_probability:.6f}\n".encode())
    put.flush()
