"""Where commands write their results: standard output, or a file."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tandem.bulk.job import Job
from tandem.bulk.outputs import Output, Stream, open_output
from tandem.cli.streams import notify, standard_output
from tandem.terminal import shell_command


@contextmanager
def opened_output(
    path: Path | None, job: Job | None = None, *, resume: bool = False, stream: bool = False
) -> Iterator[Output | None]:
    """Yield what results are written through; None where the file is complete already. OutputError as `open_output`."""
    if path is None:
        yield Stream(standard_output(), terminal=sys.stdout.isatty())
        return
    words = [word for word in sys.argv[1:] if word != "--resume"]
    command = shell_command("tandem", *words[:1], "--resume", *words[1:])
    with (
        _terminated_like_interrupted(),
        open_output(path, job, resume=resume, stream=stream, resume_command=command, notify=notify) as output,
    ):
        yield output


def write_file(path: Path, content: bytes) -> None:
    """Write a file that has its name only when it is complete."""
    with opened_output(path) as output:
        assert output is not None  # there is nothing to resume
        output.write(content)
        output.save(0)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, with the status that shells give it, so that the user is told how to go on."""

    def stop(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
