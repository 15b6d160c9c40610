"""Traces of a job: each window of lines is searched once more, and watched."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tandem.bulk.outputs import Output
from tandem.bulk.translating import TranslatedWindow, Window, Work

if TYPE_CHECKING:
    from tandem.translation.settings import SearchSettings
    from tandem.translation.translator import Translator


def with_traces(work: Work, translator: "Translator", settings: "SearchSettings", prefix: str, output: Output) -> Work:
    """Return work that also writes the trace of each line to `output`, as one line of JSON."""
    from tandem.translation.forms import json_line
    from tandem.translation.traces import trace_object

    def run(windows: Iterator[Window]) -> Iterable[TranslatedWindow]:
        for window in windows:
            yield from work(iter([window]))
            for number, line in enumerate(window.lines, window.first + 1):
                (trace,) = translator.trace([line], settings, prefixes=prefix)
                output.write(json_line(trace_object(trace)))
                output.save(number)

    return run
