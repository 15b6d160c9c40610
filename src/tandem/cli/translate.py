"""`tandem translate`."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tandem.cli.commands import command
from tandem.cli.groups import OptionGroup, option
from tandem.cli.options import COMPUTATION, OUTPUT, EnsembleOptions, QuietOption, SamplingOptions, SearchOptions
from tandem.cli.streams import notify
from tandem.names import LARGEST_BEAM, LARGEST_PROCESSES

ModelsAndTexts: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL... [TEXT...]",
        help="Runs, checkpoints or exports; several make an ensemble. Texts begin with the first argument that is not "
        "a model.",
    ),
]


@dataclass(frozen=True)
class InputOptions(OptionGroup):
    """What is translated, besides the texts among the arguments, and by what."""

    panel = "Input"

    models: list[Path] | None = option(
        None, "--model", "-m", metavar="MODEL", help="Another model for the ensemble. May be repeated."
    )
    source: Path | None = option(
        None, "--input", "-i", metavar="FILE", help="Texts, one per line; may be compressed. Default: standard input."
    )
    stream: bool = option(False, "--stream", help="Translate each line as soon as it arrives.")
    prefix: str = option("", metavar="TEXT", help="The text that every translation begins with.")


@dataclass(frozen=True)
class OutputOptions(OptionGroup):
    """What is written, and where."""

    panel = OUTPUT

    output: Path | None = option(
        None, "--output", "-o", metavar="FILE", help="Write here when everything is done. Default: standard output."
    )
    resume: bool = option(False, "--resume", help="Continue --output where an earlier run stopped.")
    n_best: int = option(
        1, metavar="N", min=1, max=LARGEST_BEAM, help="Write the N best of each text, as Moses lines or with --json."
    )
    as_json: bool = option(False, "--json", help="Write one JSON object per text: scores, tokens, alternatives.")
    alignment: bool = option(
        False, "--alignment", help="With --json: the source token that each token attended to most, and all weights."
    )
    trace: Path | None = option(
        None,
        metavar="FILE",
        help="Record here how each text was searched: one JSON object per text, with all continuations.",
    )
    saliency: list[str] | None = option(
        None,
        "--saliency",
        metavar="METHOD",
        help="Below each translation, the source tokens that moved each of its tokens most, by `gradient`, `left_out` "
        "or `attention`; with --json, the matrix of all values. May be repeated.",
    )
    quiet: QuietOption = False


@dataclass(frozen=True)
class ProcessOptions(OptionGroup):
    """How many processes translate."""

    panel = COMPUTATION

    processes: int | None = option(
        None,
        min=1,
        max=LARGEST_PROCESSES,
        help="Processes that translate a file with exports, one core each. Default: one per core.",
    )


@command
def translate_command(
    arguments: ModelsAndTexts = None,
    *,
    given: InputOptions,
    wanted: OutputOptions,
    search: SearchOptions,
    sampling: SamplingOptions,
    model: EnsembleOptions,
    beside: ProcessOptions,
) -> None:
    """Translate texts from arguments, a file or standard input: one line in, one line out.

    - `tandem translate runs/demo "Guten Morgen!"`
    - `tandem translate runs/demo --input news.de --output news.en`
    - `tandem translate runs/demo --input news.de --output news.en --resume`: continue after a stop
    - `cat news.de | tandem translate runs/demo --beam 1 > news.en`
    - `tandem translate runs/demo --n-best 5 --json "Ein Hund spielt im Park."`
    - `tandem translate runs/demo --sample 5 --temperature 0.8 "Ein Hund spielt im Park."`: five draws
    - `tandem translate runs/demo --prefix "a dog" "Ein Hund spielt im Park."`: with this beginning
    - `tandem translate runs/demo --replace-unk "Frau Holzapfel liest."`: copy words that the model does not know
    - `tandem translate runs/demo --trace beam.jsonl "Ein Hund spielt im Park."`: record the search, step by step
    - `tandem translate runs/demo --saliency gradient "Ein Hund spielt im Park."`: which source word moved which word
    - `tandem translate runs/one runs/two runs/three --input news.de`: the ensemble of three models
    """
    from tandem.cli import translation as work
    from tandem.cli.named_files import models_and_texts
    from tandem.cli.notices import notify_at_limit
    from tandem.cli.output import check_places, opened_output

    work.check_alignment(alignment=wanted.alignment, as_json=wanted.as_json)
    work.check_trace(wanted.trace, sampling.sample, beside.processes, resume=wanted.resume)
    work.check_saliency(wanted.saliency, wanted.n_best, sampling.sample, beside.processes, resume=wanted.resume)
    paths, texts = models_and_texts(arguments or [], given.models or [])
    work.check_streams(texts, given.source, wanted.output, resume=wanted.resume, stream=given.stream)
    check_places([("--output", wanted.output), ("--trace", wanted.trace)], (given.source, search.dictionary), paths)
    known = work.survey_regular(given.source)
    stream = given.stream or (not texts and given.source is None and sys.stdin.isatty())  # a person waits for answers
    translator, stamps = work.load_stamped(paths, model)
    search = replace(search, batch_size=1) if stream else search
    settings = search.settings(translator, wanted.n_best, sampling, alignment=wanted.alignment)
    form = work.chosen_form(translator, settings, wanted.saliency, as_json=wanted.as_json)
    whole = None if wanted.trace or wanted.saliency else known  # such jobs are neither resumed nor shared out
    job = work.describe_job(given.source, whole, stamps, translator, settings, form, given.prefix)
    translating = work.divided(paths, translator, settings, form, given.prefix, whole, beside.processes)
    with (
        work.traced(translating, wanted.trace, translator, settings, given.prefix) as translating,
        opened_output(wanted.output, job, resume=wanted.resume, stream=stream) as output,
    ):
        if output is None:
            notify(f"{wanted.output}: is complete already. To translate anew, remove it or leave out --resume")
            return
        translated = work.translate_with_progress(
            translating,
            texts or work.open_lines(given.source, quiet=wanted.quiet),
            output,
            window=1 if stream else settings.window,
            total=known.lines if known else None,
            quiet=wanted.quiet or bool(texts) or (wanted.output is None and sys.stdout.isatty()),
        )
    notify_at_limit(translated.at_limit, translated.outputs, settings)
