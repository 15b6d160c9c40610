"""What a bulk job does with its rows: translating, scoring, or both for an evaluation."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tandem.bulk.formats import BulkRow, Result
from tandem.errors import MemoryShortage, TandemError
from tandem.names import BulkTask
from tandem.translation.forms import FORMS, json_line, one_line
from tandem.translation.outputs import empty_translation
from tandem.translation.settings import SearchSettings

if TYPE_CHECKING:
    from tandem.bulk.bulk_job import BulkOptions
    from tandem.translation.messages import Translation
    from tandem.translation.translator import Translator

_NO_ROOM = "is too long: its first tokens alone would be read"


class Outcome(NamedTuple):
    """What became of rows that were done together."""

    results: list[Result]
    faults: list[str]
    """For each row why there is no result; "" where there is one."""
    at_limit: int
    """The outputs that ended at the length limit."""


class Task(Protocol):
    """Does something with rows."""

    columns: int
    """The number of texts of a row."""
    value: type
    """The type of what is added to a row of several columns."""
    to: str
    """The usual name of the column that is added."""
    lines_alone: bool
    """Whether the output is lines of its own, whatever the form of the input."""

    def run(self, translator: "Translator", options: "BulkOptions", rows: Sequence[BulkRow]) -> Outcome:
        """Do the rows of a window, in order. A row that has no result is that row's fault."""


class Translating:
    """Translates the first text of each row."""

    columns = 1
    value: type = str
    to = "translation"
    lines_alone = False

    def run(self, translator: "Translator", options: "BulkOptions", rows: Sequence[BulkRow]) -> Outcome:
        """See `Task.run`."""
        settings = SearchSettings.restored(options.settings)
        form = FORMS[options.form]
        made, faults = translated(translator, settings, options.prefix, rows)
        results = [
            # A row that has no translation is written as an empty line is.
            Result(
                None if fault else one_line(translation.text),
                form.record(row.number, "" if fault else row.texts[0], translation),
            )
            for row, translation, fault in zip(rows, made, faults, strict=True)
        ]
        return Outcome(results, faults, sum(translation.stopped == "limit" for translation in made))


class Scoring:
    """Gives the log-probability of the second text of each row as an output for the first."""

    columns = 2
    value: type = float
    to = "log_probability"
    lines_alone = False

    def run(self, translator: "Translator", options: "BulkOptions", rows: Sequence[BulkRow]) -> Outcome:
        """See `Task.run`."""
        values, faults = [], [row.fault for row in rows]
        pairs = [row.texts for row in rows]
        scores = translator.score(
            [pair[0] for pair in pairs], [pair[1] for pair in pairs], _batch(options), prefixes=options.prefix
        )
        for index, score in enumerate(scores):
            if score.cut:
                faults[index] = faults[index] or _NO_ROOM
            values.append(None if faults[index] else score.log_probability)
        return Outcome([Result(value, b"") for value in values], faults, 0)


class Evaluating:
    """Translates the first text of each row, and scores the second: what the scores of a corpus are computed from."""

    columns = 2
    value: type = str
    to = "translation"
    lines_alone = True

    def run(self, translator: "Translator", options: "BulkOptions", rows: Sequence[BulkRow]) -> Outcome:
        """See `Task.run`."""
        settings = SearchSettings.restored(options.settings)
        rows = [_whole(row) for row in rows]
        made, faults = translated(translator, settings, "", rows)
        scores = translator.score([row.texts[0] for row in rows], [row.texts[1] for row in rows], _batch(options))
        results = [
            Result(
                None,
                json_line(
                    {
                        "source": row.texts[0],
                        "target": row.texts[1],
                        "translation": translation.text,
                        "tokens": translation.tokens,
                        "token_scores": translation.token_scores,
                        "confidence": translation.confidence,
                        "stopped": translation.stopped,
                        "target_log_probability": score.log_probability,
                        "target_tokens": len(score.token_scores),
                        "fault": bool(fault),
                    }
                ),
            )
            for row, translation, score, fault in zip(rows, made, scores, faults, strict=True)
        ]
        return Outcome(results, faults, sum(translation.stopped == "limit" for translation in made))


def _whole(row: BulkRow) -> BulkRow:
    """Return the row of a pair; with a fault where a side is empty, since nothing can be measured there."""
    if row.fault or all(text.strip() for text in row.texts):
        return row
    return row._replace(fault=f"the {'source' if not row.texts[0].strip() else 'target'} is empty")


TASKS: Mapping[BulkTask, Task] = {"translate": Translating(), "score": Scoring(), "evaluate": Evaluating()}
"""The tasks by their names."""


def translated(
    translator: "Translator", settings: SearchSettings, prefix: str, rows: Sequence[BulkRow]
) -> "tuple[list[Translation], list[str]]":
    """Translate the first texts of rows together. Return the translations, empty at each fault, and the faults."""

    def translate(some: Sequence[BulkRow]) -> "list[Translation]":
        texts = [row.texts[0] for row in some]
        return translator.translate(texts, settings, prefixes=prefix, first=some[0].number)

    faults = [row.fault for row in rows]
    try:
        made = translate(rows)
    except TandemError as error:
        _raise_unless_of_a_text(error)
        made = _one_by_one(translate, rows, faults, settings)
    for index, translation in enumerate(made):
        if translation.cut:
            faults[index] = faults[index] or _NO_ROOM
    empty = empty_translation(settings)
    return [empty if fault else translation for translation, fault in zip(made, faults, strict=True)], faults


def _one_by_one(
    translate: "Callable[[Sequence[BulkRow]], list[Translation]]",
    rows: Sequence[BulkRow],
    faults: list[str],
    settings: SearchSettings,
) -> "list[Translation]":
    """Translate rows one by one, to find those that cannot be translated. Their reasons are put into `faults`."""
    made = []
    for index, row in enumerate(rows):
        try:
            made += translate([row])
        except TandemError as error:
            _raise_unless_of_a_text(error)
            faults[index] = faults[index] or str(error)
            made.append(empty_translation(settings))
    return made


def _raise_unless_of_a_text(error: TandemError) -> None:
    """Raise an error again that says that this machine has too little memory now: another try may succeed."""
    if isinstance(error, MemoryShortage) and error.__cause__ is not None:
        raise error


def _batch(options: "BulkOptions") -> int:
    return int(options.settings["batch_size"])
