"""Worker processes that translate windows of lines with an export, so that all cores are used."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tandem.bulk.translating import TranslatedWindow, Window, Work, translate_window
from tandem.errors import TandemError
from tandem.names import Averaging
from tandem.processes import answers, serve

if TYPE_CHECKING:
    from tandem.translation.forms import Form
    from tandem.translation.settings import SearchSettings


def in_processes(
    count: int,
    paths: Sequence[Path],
    averaging: Averaging,
    settings: "SearchSettings",
    form: "Form",
    prefix: str = "",
) -> Work:
    """Return what translates windows with `count` processes, each of which loads the exports at these paths."""
    content = {
        "paths": [str(path.absolute()) for path in paths],
        "averaging": averaging,
        "settings": asdict(settings),
        "form": form.name,
        "prefix": prefix,
    }
    return lambda windows: answers(
        __name__, json.dumps(content).encode(), windows, count, pack=_packed, unpack=_unpacked, ended=_ended
    )


def _packed(window: Window) -> bytes:
    return json.dumps(window).encode()


def _unpacked(answer: bytes) -> TranslatedWindow:
    head, _, records = answer.partition(b"\n")
    return TranslatedWindow(records, *json.loads(head))


def _ended(code: int) -> TandemError:
    return TandemError(
        f"a process that translates beside this one ended ({code}). Perhaps memory was short: use fewer "
        "(--processes), and go on with --resume"
    )


def _started(content: bytes) -> Callable[[bytes], bytes]:
    from tandem.translation import load
    from tandem.translation.forms import FORMS
    from tandem.translation.settings import SearchSettings

    given = json.loads(content)
    translator = load(given["paths"], averaging=given["averaging"])
    settings = SearchSettings.restored(given["settings"])
    form, prefix = FORMS[given["form"]], given["prefix"]

    def answer(question: bytes) -> bytes:
        records, *rest = translate_window(translator, Window(*json.loads(question)), settings, form, prefix)
        return json.dumps(rest).encode() + b"\n" + records

    return answer


if __name__ == "__main__":
    serve(_started)
