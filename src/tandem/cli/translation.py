"""The work of `tandem translate` before and around the translation itself."""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from tandem.bulk.job import Job, ModelStamp
from tandem.bulk.lines import Survey, file_lines, stream_lines, survey
from tandem.bulk.outputs import Output
from tandem.bulk.tracing import with_traces
from tandem.bulk.translating import Translated, Work, in_this_process, translate_lines
from tandem.bulk.workers import in_processes
from tandem.cli.notices import progress_bar
from tandem.cli.options import EnsembleOptions
from tandem.cli.output import opened_output
from tandem.cli.streams import notify
from tandem.errors import RecipeError
from tandem.files.seals import FORMAT_FILE
from tandem.model_paths import is_export, read_models
from tandem.names import SALIENCY_METHODS as METHODS
from tandem.processes import cores
from tandem.terminal import shell_command
from tandem.translation.forms import JSON, MOSES, PLAIN, Form
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator


def check_streams(
    texts: Sequence[str], source: Path | None, output: Path | None, *, resume: bool, stream: bool
) -> None:
    """Raise RecipeError for inputs and outputs that exclude each other."""
    if texts and source is not None:
        raise RecipeError(
            "give texts as arguments, or a file with --input, not both; "
            f"{texts[0]!r} is a text, because there is no run or checkpoint of that name"
        )
    if resume and (source is None or output is None or stream):
        raise RecipeError("--resume needs an input file and an output file: give --input and --output, and no --stream")
    for path in (source, output):
        if resume and path is not None and path.exists() and not path.is_file():
            raise RecipeError(f"{path}: --resume needs an input file and an output file, and this is not a file")


def check_alignment(*, alignment: bool, as_json: bool) -> None:
    """Raise RecipeError where an alignment is asked for in a form that has none."""
    if alignment and not as_json:
        raise RecipeError("--alignment adds to the JSON of a translation: give --json, too")


def check_trace(trace: Path | None, sample: int | None, processes: int | None, *, resume: bool) -> None:
    """Raise RecipeError for a trace together with options that exclude it."""
    if trace is None:
        return
    if sample is not None:
        raise RecipeError("--trace shows a search, and --sample draws instead of searching: give one of the two")
    if resume or processes is not None:
        raise RecipeError(
            "--trace is written by one process, beginning with the first text: leave out --resume and --processes"
        )


def check_saliency(
    methods: Sequence[str] | None, n_best: int, sample: int | None, processes: int | None, *, resume: bool
) -> None:
    """Raise RecipeError for an unknown method, or if saliency is asked for together with options that have none."""
    if not methods:
        return
    for method in methods:
        if method not in METHODS:
            raise RecipeError(f"--saliency {method!r}: there is no such method; the methods are {', '.join(METHODS)}")
    if n_best > 1 or sample is not None:
        raise RecipeError("--saliency explains the best translation: leave out --n-best and --sample")
    if resume or processes is not None:
        raise RecipeError("--saliency works in one process, from the first text on: leave out --resume and --processes")


def chosen_form(
    translator: Translator, settings: SearchSettings, methods: Sequence[str] | None, *, as_json: bool
) -> Form:
    """Return the form of the output. Raise RecipeError if the model does not have one of the saliency methods."""
    if not methods:
        return JSON if as_json else MOSES if settings.several else PLAIN
    from tandem.translation.saliency import missing_methods
    from tandem.translation.saliency_forms import saliency_form

    missing = missing_methods(translator.engine)
    for method in METHODS:
        if method in methods and method in missing:
            raise RecipeError(f"--saliency {method}: {missing[method]}")
    return saliency_form(translator, [method for method in METHODS if method in methods], as_json=as_json)


def survey_regular(source: Path | None) -> Survey | None:
    """Survey the file to translate; return None for a stream, which can be read only once."""
    return survey(source) if source is not None and (source.is_file() or not source.exists()) else None


def load_stamped(paths: Sequence[Path], model: EnsembleOptions) -> tuple[Translator, list[ModelStamp]]:
    """Load the models, and read the stamps that identify them."""
    return read_models(
        paths,
        lambda checkpoints: (
            model.load(checkpoints),
            [ModelStamp.read(checkpoint / FORMAT_FILE) for checkpoint in checkpoints],
        ),
    )


def describe_job(
    source: Path | None,
    known: Survey | None,
    stamps: Sequence[ModelStamp],
    translator: Translator,
    settings: SearchSettings,
    form: Form,
    prefix: str,
) -> Job | None:
    """Return the job, with everything that its output depends on; None if nothing is `known` about the input."""
    if source is None or known is None:
        return None
    engine = {"precision": translator.precision, "averaging": translator.averaging}
    options = {"prefix": prefix or None, "format": form.name, **engine}
    if settings.dictionary is not None:
        entries = json.dumps(sorted(settings.dictionary.items()))
        options["dictionary"] = hashlib.sha256(entries.encode()).hexdigest()
    return Job.describe(source, known, stamps, asdict(replace(settings, dictionary=None)) | options)


def divided(
    paths: Sequence[Path],
    translator: Translator,
    settings: SearchSettings,
    form: Form,
    prefix: str,
    known: Survey | None,
    processes: int | None,
) -> Work:
    """Return the work: it translates in this process or, for a file and exports, in several processes.

    No process is started for fewer than two windows of `known` lines. Raise RecipeError if `processes` are requested
    for models that are not exports.
    """
    exported = is_export(paths[0])
    if processes is not None and not exported:
        raise RecipeError(
            "--processes is for exports: PyTorch uses all cores by itself. Leave it out, or export the model "
            f"({shell_command('tandem', 'export', paths[0])})"
        )
    count = min(processes or cores(), -(-(known.lines if known else 0) // settings.window))
    if exported and count > 1:
        return in_processes(count, paths, translator.averaging, settings, form, prefix)
    return in_this_process(translator, settings, form, prefix)


def translate_with_progress(
    translating: Work, lines: Iterable[str], output: Output, *, window: int, total: int | None, quiet: bool
) -> Translated:
    """Write the translations of the lines, `window` at a time; show how many of the `total` are done."""
    with progress_bar(quiet=quiet or not sys.stderr.isatty()) as bar:
        return translate_lines(
            translating,
            lines,
            output,
            window=window,
            notify=notify,
            on_progress=lambda done: bar("translated", done, total),
        )


@contextmanager
def traced(
    work: Work, path: Path | None, translator: Translator, settings: SearchSettings, prefix: str
) -> Iterator[Work]:
    """Yield the work, which also writes the trace of each text if there is a path."""
    if path is None:
        yield work
        return
    with opened_output(path) as output:
        assert output is not None  # there is nothing to resume
        yield with_traces(work, translator, settings, prefix, output)


def open_lines(source: Path | None, *, quiet: bool) -> Iterator[str]:
    """Return the lines of a file or of standard input; ask the user to type them if that is a terminal."""
    if source is not None:
        return file_lines(source)
    if sys.stdin.isatty() and not quiet:
        notify("type a text, then Enter; Ctrl-D ends the input")
    return stream_lines(sys.stdin.buffer, "standard input")
