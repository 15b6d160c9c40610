"""Messages of commands besides their results. Rich is imported only to draw a bar, because its import takes time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tandem.cli.streams import notify
from tandem.terminal import OnProgress
from tandem.text.codec import MAX_SOURCE_CHARACTERS, MAX_SOURCE_TOKENS
from tandem.translation.settings import SearchSettings


@contextmanager
def progress_bar(*, quiet: bool, seconds: float = 10) -> Iterator[OnProgress]:
    """Yield a function that shows progress on standard error, as a `TaskBar` does, or nothing if `quiet`."""
    if quiet:
        yield lambda _task, _done, _total: None
        return
    from tandem.console import PrintableConsole
    from tandem.task_bar import TaskBar

    with TaskBar(PrintableConsole(stderr=True), seconds) as bar:
        yield bar


def notify_cut(sources: Sequence[str], what: str) -> None:
    """Notify the user of sources that are too long, if any; `what` was done with their beginnings."""
    if sources:
        many = f"{len(sources):,} sources are" if len(sources) > 1 else "1 source is"
        first = sources[0][:40]
        notify(
            f"{many} too long: only the first {MAX_SOURCE_TOKENS:,} tokens (or {MAX_SOURCE_CHARACTERS:,} characters) "
            f"were {what}. The first begins with {first!r}"
        )


def notify_at_limit(at_limit: int, outputs: int, settings: SearchSettings) -> None:
    """Notify the user of the number of outputs that ended at the length limit, if any, and how to raise it."""
    if at_limit:
        notify(
            f"{at_limit:,} of {outputs:,} outputs ended at the length limit, so their ends may be missing: raise "
            f"--max-length-factor (now {settings.max_length_factor:g}) or "
            f"--max-length-extra (now {settings.max_length_extra})"
        )
