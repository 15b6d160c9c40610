"""How far a piece of work has come, told to whoever shows it."""

from collections.abc import Callable, Sequence

from tandem.terminal import OnProgress
from tandem.translation.messages import Translation
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator


def progress_counter(work: str, total: int, on_progress: OnProgress) -> Callable[[int], object]:
    """Report that no unit is completed yet, and return a function that takes the number of newly completed units."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        on_progress(work, done, total)

    on_progress(work, done, total)
    return add


def translate_all(
    translator: Translator, texts: Sequence[str], settings: SearchSettings, work: str, on_progress: OnProgress
) -> list[Translation]:
    """Translate texts, and report how many are translated."""
    counter = progress_counter(work, len(texts), on_progress)
    return list(translator.translate_stream(texts, settings, on_progress=counter))
