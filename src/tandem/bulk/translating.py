"""The work of a job: lines are translated window by window, and saved after each."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tandem.bulk.outputs import Output
from tandem.terminal import Notify

if TYPE_CHECKING:
    from tandem.translation.forms import Form
    from tandem.translation.settings import SearchSettings
    from tandem.translation.translator import Translator


class Window(NamedTuple):
    """Lines that are translated together."""

    first: int
    """The number of the first line, counted from 0."""
    lines: list[str]


class TranslatedWindow(NamedTuple):
    """What became of a window."""

    records: bytes
    """The lines to write."""
    cut: list[int]
    """The numbers of the lines that were too long."""
    outputs: int
    at_limit: int
    """The number of outputs that ended at the length limit."""


class Translated(NamedTuple):
    """What was translated."""

    outputs: int
    at_limit: int  # The number of those that ended at the length limit


Work: TypeAlias = Callable[[Iterator[Window]], Iterable[TranslatedWindow]]
"""Translates windows, in order."""


def in_this_process(translator: "Translator", settings: "SearchSettings", form: "Form", prefix: str = "") -> Work:
    """Return what translates windows with a translator. Each translation begins with `prefix`."""
    return lambda windows: (translate_window(translator, window, settings, form, prefix) for window in windows)


def translate_window(
    translator: "Translator", window: Window, settings: "SearchSettings", form: "Form", prefix: str
) -> TranslatedWindow:
    """Translate the lines of a window, and write them in a form."""
    translations = translator.translate(window.lines, settings, prefixes=prefix, first=window.first)
    numbered = list(enumerate(zip(window.lines, translations, strict=True), window.first))
    return TranslatedWindow(
        b"".join(form.record(number, line, translation) for number, (line, translation) in numbered),
        [number for number, (_, translation) in numbered if translation.cut],
        len(translations),
        sum(translation.stopped == "limit" for translation in translations),
    )


def translate_lines(
    work: Work,
    lines: Iterable[str],
    output: Output,
    *,
    window: int,
    notify: Notify,
    on_progress: Callable[[int], object],
) -> Translated:
    """Write the translations of the lines that the output lacks, and save them after each `window` of lines.

    `notify` is told of lines that are too long. `on_progress` gets the number of lines that are done.
    """
    outputs = at_limit = 0
    done = output.done
    for translated in work(_windows(lines, done, window)):
        output.write(translated.records)
        for number in translated.cut:
            notify(f"line {number + 1}: too long; only its beginning was translated")
        outputs += translated.outputs
        at_limit += translated.at_limit
        done += translated.outputs
        output.save(done)
        on_progress(done)
    return Translated(outputs, at_limit)


def _windows(lines: Iterable[str], first: int, size: int) -> Iterator[Window]:
    """Yield the lines from number `first` on, so many at a time."""
    remaining = islice(lines, first, None)
    while window := list(islice(remaining, size)):
        yield Window(first, window)
        first += len(window)
