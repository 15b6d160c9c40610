"""The work of a job: lines are translated window by window, and saved after each."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tandem.bulk.outputs import Output
from tandem.terminal import Notify

if TYPE_CHECKING:
    from tandem.translation.forms import Form
    from tandem.translation.settings import SearchSettings
    from tandem.translation.translator import Translator


class Translated(NamedTuple):
    """What was translated."""

    outputs: int
    at_limit: int  # The number of those that ended at the length limit


def translate_lines(
    translator: "Translator",
    lines: Iterable[str],
    settings: "SearchSettings",
    output: Output,
    form: "Form",
    *,
    prefix: str = "",
    window: int,
    notify: Notify,
    on_progress: Callable[[int], object],
) -> Translated:
    """Write the translations of the lines that the output lacks, and save them after each `window` of lines.

    Each translation begins with `prefix`.
    `notify` is told of lines that are too long. `on_progress` gets the number of lines that are done.
    """
    outputs = at_limit = 0
    numbered = islice(enumerate(lines), output.done, None)
    while batch := list(islice(numbered, window)):
        translations = translator.translate([line for _, line in batch], settings, prefixes=prefix, first=batch[0][0])
        for (number, line), translation in zip(batch, translations, strict=True):
            output.write(form.record(number, line, translation))
            if translation.cut:
                notify(f"line {number + 1}: too long; only its beginning was translated")
        outputs += len(translations)
        at_limit += sum(translation.stopped == "limit" for translation in translations)
        done = batch[-1][0] + 1
        output.save(done)
        on_progress(done)
    return Translated(outputs, at_limit)
