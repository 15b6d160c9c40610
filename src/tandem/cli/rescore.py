"""`tandem rescore`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.lines import file_lines, survey
from tandem.cli.nbest import nbest_lines
from tandem.cli.options import (
    AveragingOption,
    DeviceOption,
    LengthPenaltyOption,
    ModelsArgument,
    PrecisionOption,
    QuietOption,
    TokenizeOption,
    decimal,
)
from tandem.cli.output import opened_output
from tandem.cli.places import check_places
from tandem.cli.show import PreparingBar, show_scores
from tandem.cli.streams import one_line, standard_output
from tandem.errors import CorpusError, RecipeError
from tandem.files.lines import check_read_again
from tandem.metrics import choose_tokenizer
from tandem.names import LARGEST_BATCH, LARGEST_COUNT
from tandem.recording.console import PrintableConsole
from tandem.rescoring import (
    Form,
    Judged,
    NBestList,
    Weights,
    even_weights,
    given_weights,
    judge,
    open_nbest,
    qualities,
    read_weights,
    score_lists,
    tuned,
    with_sources,
)
from tandem.rescoring.ranking import BATCH_SIZE, listed_column, listed_figures
from tandem.rescoring.weights import SCORE
from tandem.translation.translator import load


def rescore_command(
    models: ModelsArgument,
    n_best: Annotated[
        Path, typer.Option("--n-best", metavar="LIST", help="The lists: Moses or JSON lines; may be compressed.")
    ],
    source: Annotated[
        Path | None,
        typer.Option("--source", "-s", metavar="FILE", help="The sentences; line n is number n. Or JSON has them."),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option("--target", "-t", metavar="FILE", help="References, line by line: BLEU before and after."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="WEIGHTS", help="NAME=NUMBER,... or a file that --tune wrote. Default: even."),
    ] = None,
    tune: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the weights of the highest BLEU on --target here, and nothing else."),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="What of the list is weighed beside the model. Default: its score."),
    ] = None,
    length_penalty: LengthPenaltyOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Written when all is done. Default: standard output."),
    ] = None,
    n_best_out: Annotated[
        str | None,
        typer.Option("--n-best-out", metavar="N|all", help="Put out lists of the N best, in the form that was read."),
    ] = None,
    lowercase: Annotated[
        bool | None, typer.Option(help="BLEU in lower case. Default: the recipe's search.lowercase_scores.")
    ] = None,
    tokenize: TokenizeOption = None,
    batch_size: Annotated[
        int, typer.Option(min=1, max=LARGEST_BATCH, help="Sentences that are read together.")
    ] = BATCH_SIZE,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
    averaging: AveragingOption = "arithmetic",
    quiet: QuietOption = False,
) -> None:
    """Rank another system's hypotheses anew, with what the model says of each beside the system's own score.

    - `tandem rescore runs/mine --n-best test.nbest --source test.de --output test.best`
    - `tandem rescore runs/mine --n-best dev.nbest --source dev.de --target dev.en --tune weights.json`
    - `tandem rescore runs/mine --n-best test.nbest --source test.de --weights weights.json`
    - `tandem rescore runs/one runs/two --n-best test.jsonl --n-best-out all`: by an ensemble; whole lists
    """
    most = _most(n_best_out)
    _check_options(target, weights, tune, features, output, n_best_out)
    for path in (n_best, source, target):
        if path is not None:
            check_read_again(path)
    listed = Path(weights) if weights is not None and "=" not in weights else None
    check_places([("--output", output), ("--tune", tune)], (n_best, source, target, listed), models)
    standard_output()  # before the work
    translator = load(models, device=device, precision=precision, averaging=averaging)
    lower = translator.recipe.search.lowercase_scores if lowercase is None else lowercase
    form, lists = open_nbest(n_best)
    chosen = _weights(listed or weights, features, length_penalty, translator.recipe.search.length_penalty, next(lists))
    sentences = _check_lists(n_best, source, target, chosen)
    references = None if target is None else file_lines(target)
    tokenizer = choose_tokenizer(
        tokenize or translator.recipe.search.score_tokenize, () if target is None else file_lines(target)
    )
    judged: list[Judged] = []
    scored = score_lists(translator, _lists(n_best, source), batch_size=batch_size)
    with (
        opened_output(tune or output, None) as put,
        _progress(sentences, quiet=quiet or _on_screen(tune, output)) as progress,
    ):
        assert put is not None  # there is nothing to resume
        for done, one in enumerate(scored, start=1):
            if references is not None:
                judged.append(judge(one, next(references), chosen, lowercase=lower, tokenizer=tokenizer))
            if tune is None:
                put.write(_record(one.ranked(chosen), form, most))
                put.save(done)
            progress(done)
        if tune is not None:
            chosen = tuned(judged, chosen)
            put.write(chosen.to_json().encode())
    if judged:
        show_scores(PrintableConsole(stderr=True), qualities(judged, chosen, lowercase=lower, tokenizer=tokenizer))


def _on_screen(tune: Path | None, output: Path | None) -> bool:
    """Whether results appear where progress would be shown."""
    return tune is None and output is None and sys.stdout.isatty()


def _most(text: str | None) -> int | None:
    """How many of a list are put out; None for the best one's text alone, 0 for all. RecipeError for anything else."""
    if text is None or text == "all":
        return None if text is None else 0
    most = decimal(text)
    if not 1 <= most <= LARGEST_COUNT:
        raise RecipeError(f"--n-best-out {text[:40]}: give a number from 1 to {LARGEST_COUNT:,}, or all")
    return most


def _check_options(
    target: Path | None,
    weights: str | None,
    tune: Path | None,
    features: str | None,
    output: Path | None,
    n_best_out: str | None,
) -> None:
    """RecipeError where they don't fit together."""
    if weights is not None and (tune is not None or features is not None):
        raise RecipeError("--weights says what is weighed and how: give no --tune and no --features beside it")
    if tune is not None and target is None:
        raise RecipeError("--tune needs --target FILE: weights are tuned for the BLEU against its texts")
    if tune is not None and (output is not None or n_best_out is not None):
        raise RecipeError("--tune writes weights alone: rank with them in a second command, with --weights")


def _weights(
    given: Path | str | None,
    features: str | None,
    length_penalty: float | None,
    default_penalty: float,
    first: NBestList,
) -> Weights:
    """The weights that the options ask for, in a file or as they are; even ones go by what the first list has."""
    if given is not None:
        weights = read_weights(given) if isinstance(given, Path) else given_weights(given, default_penalty)
        return weights if length_penalty is None else replace(weights, length_penalty=length_penalty)
    if features is not None:
        listed = tuple(dict.fromkeys(name.strip() for name in features.split(",") if name.strip()))
    else:
        listed = (SCORE,) if SCORE in listed_figures(first.candidates[0]) else ()
    return even_weights(listed, default_penalty if length_penalty is None else length_penalty)


def _lists(n_best: Path, source: Path | None) -> Iterator[NBestList]:
    return with_sources(open_nbest(n_best).lists, None if source is None else file_lines(source), str(source))


def _check_lists(n_best: Path, source: Path | None, target: Path | None, weights: Weights) -> int:
    """How many lists there are, all read from end to end so that what is wrong shows before the work. CorpusError."""
    count = 0
    for nbest in _lists(n_best, source):
        count += 1
        for name in weights.listed:
            listed_column(nbest, name)
    if target is not None and (lines := survey(target).lines) != count:
        raise CorpusError(f"{target}: has {lines:,} lines, but {n_best} is of {count:,} sentences; give its references")
    return count


def _record(ranked: NBestList, form: Form, most: int | None) -> bytes:
    """What is put out for a sentence."""
    if most is None:
        return (one_line(ranked.candidates[0].text) + "\n").encode("utf-8", "replace")
    kept = ranked.candidates[:most] if most else ranked.candidates
    return nbest_lines(replace(ranked, candidates=kept), form)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], object]]:
    """Tell on standard error how many sentences are done."""
    bar = PreparingBar(PrintableConsole(stderr=True))
    try:
        yield (lambda _: None) if quiet else (lambda done: bar("rescored", done, total))
    finally:
        bar.close()
