"""Where commands write their results: a file or standard output, which is checked before the work."""

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tandem.bulk.job import Job
from tandem.bulk.outputs import Output, Stream, open_output
from tandem.cli.streams import notify, standard_output
from tandem.errors import OutputError
from tandem.files.paths import resolved
from tandem.model_paths import checkpoint_of
from tandem.terminal import shell_command


def check_places(
    outputs: Iterable[tuple[str, Path | None]], read: Iterable[Path | None], models: Iterable[Path]
) -> None:
    """Raise OutputError if a file cannot be written, or would replace one that is read.

    `outputs` are files, each with its option. `read` are the files that are read, `models` the runs and checkpoints.
    """
    given = [(option, path) for option, path in outputs if path is not None]
    if not given:
        return
    inputs = [path for path in (*read, *_model_files(models)) if path is not None and path.exists()]
    options: dict[Path, str] = {}
    for option, path in given:
        _check_place(option, path, inputs)
        if (other := options.setdefault(resolved(path), option)) != option:
            raise OutputError(f"{option} {path}: {other} writes that file; give another")


@contextmanager
def opened_output(
    path: Path | None, job: Job | None = None, *, resume: bool = False, stream: bool = False
) -> Iterator[Output | None]:
    """Yield the output for the results; None if the file is complete already. Raise OutputError as `open_output`."""
    if path is None:
        yield Stream(standard_output(), terminal=sys.stdout.isatty())
        return
    words = [word for word in sys.argv[1:] if word != "--resume"]
    command = shell_command("tandem", *words[:1], "--resume", *words[1:])
    with (
        terminated_like_interrupted(),
        open_output(path, job, resume=resume, stream=stream, resume_command=command, notify=notify) as output,
    ):
        yield output


def write_file(path: Path, content: bytes) -> None:
    """Write a file that has its name only when it is complete."""
    with opened_output(path) as output:
        assert output is not None  # there is nothing to resume
        output.write(content)
        output.save(0)


def _check_place(option: str, path: Path, inputs: Iterable[Path]) -> None:
    if path.is_dir():
        raise OutputError(f"{option} {path}: this is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{option} {path}: there is no folder {path.parent}. Make it first, or write elsewhere")
    # A terminal or a pipe may be both read and written: it has no content that could be lost.
    if path.is_file() and any(path.samefile(other) for other in inputs):
        raise OutputError(f"{option} {path}: this file is an input; write to another one")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f"{option} {path}: there is no write permission. Change the permissions, or write elsewhere")


def _model_files(models: Iterable[Path]) -> Iterator[Path]:
    for model in models:
        yield model / "current.json"
        yield from checkpoint_of(model).iterdir()


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, with the status that shells give it, so that the user is told how to go on."""

    def stop(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
