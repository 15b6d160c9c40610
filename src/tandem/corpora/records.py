"""Records that hold a pair: JSON objects, rows of a data set, lines of columns. Others say what is wrong."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import TypeVar

from tandem.corpora.pairs import Fault, Pair, checked_pair
from tandem.tabs import join_features

_Record = TypeVar("_Record")


class Unreadable(Exception):
    """A record does not hold two texts; the message says why."""


def checked_record(
    record: _Record,
    read: Callable[[_Record], tuple[str | bytes, str | bytes]],
    place: str,
    number: int,
    max_characters: int,
) -> Pair | Fault:
    """Return the pair that `read` finds in record number `number`, or what is wrong with it."""
    try:
        source, target = read(record)
    except Unreadable as error:
        return Fault(f"{place} {number}", "unreadable", str(error))
    return checked_pair(source, target, (place, place), number, max_characters)


def short_line(column: int, fields: Sequence[str], header: Sequence[str], separator: str) -> str:
    """Say what is wrong with a line that lacks a column."""
    return (
        f"there is no column {column}; the line has {len(fields)} ({listed(fields)})"
        + (f", the header {len(header)} ({listed(header)})" if header else "")
        + f". Columns are separated by a {separator}. Mend the line, or give other columns."
    )


def listed(names: Iterable[object]) -> str:
    """List names in quotes, long ones cut short."""
    return ", ".join(text if len(text) <= 40 else text[:36] + "...'" for text in map(repr, names))


def json_object(text: str) -> Mapping[str, object]:
    """Return the JSON object in a line. Raise Unreadable where there is none."""
    try:
        record: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"this is not JSON ({error}). Each line must be one whole JSON object.") from error
    if not isinstance(record, dict):
        raise Unreadable(f"this is a JSON {type(record).__name__}, but each line must be one JSON object.")
    return record


def texts_at(record: Mapping[str, object], keys: tuple[str, str], features: str | None = None) -> tuple[str, str]:
    """Return the texts under two keys, the first with its `features` if there are any. Raise Unreadable without."""
    source, target = text_at(record, keys[0]), text_at(record, keys[1])
    return source if features is None else joined(source, value_at(record, features), repr(features)), target


def joined(source: str, features: object, what: str) -> str:
    """Return a source with its features, which may be null. Raise Unreadable, which calls them `what`, for no text."""
    return source if features is None else join_features(source, text_of(features, what))


def text_at(record: Mapping[str, object], key: str) -> str:
    """Return the text under a key. Raise Unreadable where there is none."""
    return text_of(value_at(record, key), repr(key))


def value_at(record: Mapping[str, object], key: str) -> object:
    """Return what is under a key. Its dots are part of it, or reach into nested mappings. Raise Unreadable without."""
    level: object = record
    names = [key] if key in record else key.split(".")
    for depth, name in enumerate(names):
        if not isinstance(level, Mapping) or name not in level:
            columns = list(level) if isinstance(level, Mapping) else []
            full_names = listed(".".join([*names[:depth], str(column)]) for column in columns) or "none there"
            raise Unreadable(f"there is no {key!r}; the columns are: {full_names}. Name one of these.")
        level = level[name]
    return level


def text_of(value: object, what: str) -> str:
    """Return the value, if it is text. Raise Unreadable, which calls it `what`, where it is not."""
    if not isinstance(value, str):
        raise Unreadable(f"{what} is of type {type(value).__name__}, but must be a string.")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Unreadable(f"{what} holds half of a surrogate pair, which is no text. Mend the escape.")
    return value


def pair_of(row: object) -> tuple[str, str]:
    """Return the two texts of a pair from Python, such as a tuple or a list. Raise Unreadable where it is none."""
    source, target = _sides_of(row)
    return source, text_of(target, "the target")


def references_of(row: object) -> tuple[str, tuple[str, ...]]:
    """Return the source of a pair from Python with its target, or with its list of targets. Raise Unreadable if not."""
    source, target = _sides_of(row)
    targets = target if isinstance(target, list | tuple) else [target]
    if not targets:
        raise Unreadable("the list of targets is empty. Give at least one.")
    return source, tuple(text_of(text, "the target") for text in targets)


def _sides_of(row: object) -> tuple[str, object]:
    """Return the source, with its features where the row has them as a third part, and the target as it is."""
    remedy = "A pair must be two texts, (source, target)."
    if isinstance(row, str):
        raise Unreadable(
            f"this is one string. {remedy} If the pairs are a data frame, give "
            "frame[[SOURCE, TARGET]].itertuples(index=False)."
        )
    if not isinstance(row, Iterable) or isinstance(row, bytes | Mapping | Set):
        raise Unreadable(f"this is of type {type(row).__name__}. {remedy}")
    sides: list[object] = list(row)
    if len(sides) not in (2, 3):
        count = f"{len(sides)} part{'s' * (len(sides) != 1)}"
        raise Unreadable(f"this has {count}. {remedy} Or, with features, (source, target, features).")
    source = text_of(sides[0], "the source")
    return (joined(source, sides[2], "the third part, the features,") if len(sides) == 3 else source), sides[1]
