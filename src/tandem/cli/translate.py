"""`tandem translate`."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tandem.checkpoint import is_model, read_models
from tandem.cli.lines import Survey, file_lines, stream_lines, survey
from tandem.cli.nbest import moses_line
from tandem.cli.options import (
    AllowUnkOption,
    AveragingOption,
    BatchSizeOption,
    BeamOption,
    DeviceOption,
    LengthPenaltyOption,
    MaxLengthExtraOption,
    MaxLengthFactorOption,
    PrecisionOption,
    QuietOption,
)
from tandem.cli.output import Job, opened_output
from tandem.cli.places import check_places
from tandem.cli.show import say_at_limit
from tandem.cli.streams import json_line, one_line, say
from tandem.errors import RecipeError
from tandem.files.seals import FORMAT_FILE
from tandem.names import LARGEST_BEAM
from tandem.recording.console import PrintableConsole
from tandem.translation.translator import BATCH_SIZE, SearchSettings, Translation, Translator, load


def translate(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL... [TEXT...]",
            help="Runs or checkpoints, of several the ensemble; and texts, from the first that is no model on.",
        ),
    ] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option("--model", "-m", metavar="MODEL", help="One more model; may be repeated."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--input", "-i", metavar="FILE", help="Texts, one a line; may be compressed. Default: standard input."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Written when all is done. Default: standard output."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --output where an earlier run was stopped.")
    ] = False,
    beam: BeamOption = None,
    length_penalty: LengthPenaltyOption = None,
    max_length_factor: MaxLengthFactorOption = None,
    max_length_extra: MaxLengthExtraOption = None,
    n_best: Annotated[
        int,
        typer.Option(min=1, max=LARGEST_BEAM, help="Put out the N best of each, as Moses lines (or in --json)."),
    ] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a text: scores, tokens, alternatives.")
    ] = False,
    batch_size: BatchSizeOption = BATCH_SIZE,
    stream: Annotated[bool, typer.Option("--stream", help="Answer each line at once, one by one.")] = False,
    allow_unk: AllowUnkOption = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
    averaging: AveragingOption = "arithmetic",
    quiet: QuietOption = False,
) -> None:
    """Translate texts: arguments, a file, or standard input; a line in, a line out.

    - `tandem translate runs/demo "Guten Morgen!"`
    - `tandem translate runs/demo --input news.de --output news.en`
    - `tandem translate runs/demo --input news.de --output news.en --resume`: go on after it was stopped
    - `cat news.de | tandem translate runs/demo --beam 1 > news.en`
    - `tandem translate runs/demo --n-best 5 --json "Ein Hund spielt im Park."`
    - `tandem translate runs/one runs/two runs/three --input news.de`: the ensemble of three models
    """
    paths, texts = _models_and_texts(arguments or [], models or [])
    _check_options(texts, source, output, resume=resume, stream=stream)
    check_places([("--output", output)], (source,), paths)
    known = survey(source) if source is not None and (source.is_file() or not source.exists()) else None
    stream = stream or (not texts and source is None and sys.stdin.isatty())  # a person waits for each answer
    translator, described = read_models(
        paths,
        lambda checkpoints: (
            load(checkpoints, device=device, precision=precision, averaging=averaging),
            [_Described.of(checkpoint / FORMAT_FILE) for checkpoint in checkpoints],
        ),
    )
    settings = search_settings(
        translator,
        beam,
        length_penalty,
        max_length_factor,
        max_length_extra,
        n_best,
        1 if stream else batch_size,
        allow_unk,
    )
    form = "json" if as_json else "n-best" if n_best > 1 else "plain"
    options = {
        **asdict(settings),
        "format": form,
        "precision": str(translator.dtype).removeprefix("torch."),
        "averaging": averaging,
    }
    job = None if known is None or source is None else _job(source, known, described, options)
    with opened_output(output, job, resume=resume, stream=stream) as put:
        if put is None:
            say(f"{output}: is complete already. To translate anew, remove it or leave out --resume")
            return
        hidden = quiet or bool(texts) or (output is None and sys.stdout.isatty())
        with _progress(put.done, known.lines if known else None, quiet=hidden) as progress:
            outputs = at_limit = 0
            lines = islice(enumerate(texts or _lines(source, quiet=quiet)), put.done, None)
            while window := list(islice(lines, 1 if stream else settings.window)):
                translations = translator.translate([line for _, line in window], settings)
                for (number, line), translation in zip(window, translations, strict=True):
                    put.write(_record(number, line, translation, as_json=as_json))
                    if translation.cut:
                        say(f"line {number + 1}: too long; only its beginning was translated")
                outputs += len(translations)
                at_limit += sum(translation.stopped == "limit" for translation in translations)
                put.save(window[-1][0] + 1)
                progress(len(window))
    say_at_limit(at_limit, outputs, settings)


def _models_and_texts(arguments: Sequence[str], models: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Which arguments are models: the first, unless --model names one, and those after it that are.

    BadParameter where none is named.
    """
    paths, texts = list(models), list(arguments)
    while texts and (not paths or is_model(Path(texts[0]))):
        paths.append(Path(texts.pop(0)))
    if not paths:
        raise typer.BadParameter("name a run's directory, or a checkpoint's", param_hint="MODEL")
    return paths, texts


def _check_options(texts: list[str], source: Path | None, output: Path | None, *, resume: bool, stream: bool) -> None:
    """RecipeError where what is to be read and written don't fit together."""
    if texts and source is not None:
        raise RecipeError(
            "give texts as arguments, or a file with --input, not both; "
            f"{texts[0]!r} is taken for a text, since there is no run or checkpoint of that name"
        )
    if resume and (source is None or output is None or stream):
        raise RecipeError("--resume goes on from a file to a file: give --input and --output, and no --stream")
    for path in (source, output):
        if resume and path is not None and path.exists() and not path.is_file():
            raise RecipeError(f"{path}: --resume goes on from a file to a file, and this is none")


def search_settings(
    translator: Translator,
    beam: int | None,
    length_penalty: float | None,
    max_length_factor: float | None,
    max_length_extra: int | None,
    n_best: int,
    batch_size: int,
    allow_unk: bool,
) -> SearchSettings:
    """The search that the options ask for. RecipeError where they don't fit together."""
    try:
        return translator.search_settings(
            beam=beam,
            length_penalty=length_penalty,
            max_length_factor=max_length_factor,
            max_length_extra=max_length_extra,
            n_best=n_best,
            batch_size=batch_size,
            allow_unk=allow_unk,
        )
    except ValueError as error:
        raise RecipeError(str(error)) from error


def _lines(path: Path | None, *, quiet: bool) -> Iterator[str]:
    if path is not None:
        return file_lines(path)
    if sys.stdin.isatty() and not quiet:
        say("type a text and Enter; Ctrl-D ends")
    return stream_lines(sys.stdin.buffer, "standard input")


class _Described(NamedTuple):
    """A checkpoint's description, which holds the sum of each of its files, and when it was written."""

    content: bytes
    written: float

    @classmethod
    def of(cls, path: Path) -> Self:
        """The description in a file."""
        return cls(path.read_bytes(), path.stat().st_mtime)


def _job(source: Path, known: Survey, models: Sequence[_Described], options: dict[str, Any]) -> Job:
    return Job(
        input=known.sha256,
        model=hashlib.sha256(b"".join(model.content for model in models)).hexdigest(),
        lines=known.lines,
        changed=max(source.stat().st_mtime, *(model.written for model in models)),
        options=options,
    )


def _record(number: int, source: str, translation: Translation, *, as_json: bool) -> bytes:
    """What is put out for a text: one line, or of the n best one each."""
    if as_json:
        content = {
            "source": source,
            **_as_object(translation),
            "confidence": translation.confidence,
            "unknown": translation.unknown,
        }
        if translation.alternatives:
            content["alternatives"] = [_as_object(alternative) for alternative in translation.alternatives]
        return json_line(content)
    if translation.alternatives:
        text = "".join(
            moses_line(number, a.text, {"LogProbability": [f"{a.log_probability:.6f}"]}, f"{a.score:.6f}")
            for a in translation.alternatives
        )
    else:
        text = one_line(translation.text) + "\n"
    return text.encode("utf-8", "replace")


def _as_object(translation: Translation) -> dict[str, Any]:
    return {
        "text": translation.text,
        "score": translation.score,
        "log_probability": translation.log_probability,
        "tokens": translation.tokens,
        "token_scores": translation.token_scores,
        "stopped": translation.stopped,
    }


@contextmanager
def _progress(done: int, total: int | None, *, quiet: bool) -> Iterator[Callable[[int], object]]:
    """Count on standard error, if that is a terminal and the translations themselves go elsewhere."""
    console = PrintableConsole(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("translated"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    # Lines come by whole windows, which may take longer than what the speed is usually reckoned from.
    with Progress(*columns, console=console, transient=True, speed_estimate_period=600) as progress:
        task = progress.add_task("", total=total, completed=done)
        yield lambda lines: progress.advance(task, lines)
