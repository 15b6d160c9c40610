"""`tandem translate`."""

import json
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import tee
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tandem.cli.options import (
    AllowUnkOption,
    BatchSizeOption,
    BeamOption,
    DeviceOption,
    LengthPenaltyOption,
    ModelArgument,
    PrecisionOption,
)
from tandem.errors import CorpusError, RecipeError
from tandem.translator import BATCH_SIZE, SearchSettings, Translation, Translator, load


def translate(
    model: ModelArgument,
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT ...]", help="Texts to translate.")] = None,
    source: Annotated[
        Path | None, typer.Option("--input", "-i", metavar="FILE", help="Texts, one a line. Default: standard input.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: standard output.")
    ] = None,
    beam: BeamOption = None,
    length_penalty: LengthPenaltyOption = None,
    n_best: Annotated[int, typer.Option(min=1, help="Put out the N best of each, as Moses lines (or in --json).")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a text: scores, tokens, alternatives.")
    ] = False,
    batch_size: BatchSizeOption = BATCH_SIZE,
    stream: Annotated[bool, typer.Option("--stream", help="Answer each line at once, one by one.")] = False,
    allow_unk: AllowUnkOption = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "float32",
) -> None:
    """Translate texts: arguments, a file, or standard input; a line in, a line out.

    - `tandem translate runs/demo "Guten Morgen!"`
    - `tandem translate runs/demo --input news.de --output news.en`
    - `cat news.de | tandem translate runs/demo --beam 1 > news.en`
    - `tandem translate runs/demo --n-best 5 --json "Ein Hund spielt im Park."`
    """
    if texts and source is not None:
        raise RecipeError("give texts as arguments, or a file with --input, not both")
    stream = stream or (not texts and source is None and sys.stdin.isatty())  # a person waits for each answer
    translator = load(model, device=device, precision=precision)
    settings = search_settings(translator, beam, length_penalty, n_best, 1 if stream else batch_size, allow_unk)
    with ExitStack() as stack:
        lines: Iterable[str] = texts or _input_lines(source, stack)
        put = stack.enter_context(output.open("wb")) if output is not None else sys.stdout.buffer
        lines, seen = _remember(lines)
        translations = (
            _one_by_one(translator, lines, settings) if stream else translator.translate_stream(lines, settings)
        )
        to_terminal = sys.stdout.isatty() and output is None
        for number, translation in enumerate(_with_progress(translations, quiet=bool(texts) or to_terminal)):
            put.write(_formatted(number, next(seen), translation, as_json=as_json).encode("utf-8", "replace"))
            if translation.cut:
                print(f"tandem: line {number + 1}: too long; only its beginning was translated", file=sys.stderr)
            if stream:
                put.flush()
        put.flush()


def search_settings(
    translator: Translator,
    beam: int | None,
    length_penalty: float | None,
    n_best: int,
    batch_size: int,
    allow_unk: bool,
) -> SearchSettings:
    """The search that the options ask for. RecipeError where they don't fit together."""
    try:
        return translator.search_settings(
            beam=beam, length_penalty=length_penalty, n_best=n_best, batch_size=batch_size, allow_unk=allow_unk
        )
    except ValueError as error:
        raise RecipeError(str(error)) from error


def _one_by_one(translator: Translator, lines: Iterable[str], settings: SearchSettings) -> Iterator[Translation]:
    for line in lines:
        yield from translator.translate([line], settings)


def _input_lines(path: Path | None, stack: ExitStack) -> Iterator[str]:
    if path is None:
        if sys.stdin.isatty():
            print("tandem: type a text and Enter; Ctrl-D ends", file=sys.stderr)
        return _decoded(sys.stdin.buffer, "standard input")
    try:
        return _decoded(stack.enter_context(path.open("rb")), str(path))
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}") from error


def _decoded(file: BinaryIO, name: str) -> Iterator[str]:
    for number, raw in enumerate(file, start=1):
        try:
            line = raw.removeprefix(BOM_UTF8) if number == 1 else raw
            yield line.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name} line {number}: not UTF-8 (byte {error.start + 1} of the line); convert it, perhaps with iconv"
            ) from error


def _remember(lines: Iterable[str]) -> tuple[Iterator[str], Iterator[str]]:
    """The lines twice: to be translated, and to be put beside the translations, held only in between."""
    first, second = tee(lines)
    return first, second


def _formatted(number: int, source: str, translation: Translation, *, as_json: bool) -> str:
    if as_json:
        content = {"source": source, **_as_object(translation)}
        if translation.alternatives:
            content["alternatives"] = [_as_object(alternative) for alternative in translation.alternatives]
        return json.dumps(content, ensure_ascii=False) + "\n"
    if translation.alternatives:
        # Moses: sentence ||| hypothesis ||| features ||| score it is ranked by
        return "".join(
            f"{number} ||| {a.text} ||| LogProbability= {a.log_probability:.6f} ||| {a.score:.6f}\n"
            for a in translation.alternatives
        )
    return translation.text + "\n"


def _as_object(translation: Translation) -> dict[str, Any]:
    return {
        "text": translation.text,
        "score": translation.score,
        "log_probability": translation.log_probability,
        "tokens": translation.tokens,
        "token_scores": translation.token_scores,
    }


def _with_progress(translations: Iterator[Translation], *, quiet: bool) -> Iterator[Translation]:
    """Count on standard error, if that is a terminal and the translations themselves go elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield from translations
        return
    columns = (TextColumn("translated"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(translations)
