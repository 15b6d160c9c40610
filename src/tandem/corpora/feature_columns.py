"""Finds the column of features in a table: by its name in the header, or by tags such as "V;PST" in three columns."""

import re
from collections.abc import Sequence

_NAMES = frozenset(["features", "feats", "tags", "msd", "morphology"])
_TAGS = re.compile(r"[^\s;|]+([;|][^\s;|]+)+")
_ORDERS = {1: (1, 3, 2), 2: (1, 2, 3)}
"""The columns of the source, the target and the features, from 1, by the column that has tags, from 0."""
SAMPLE_ROWS = 1000
_FEWEST_ROWS = 5  # how many rows must be alike before a table without a header is taken for one of inflections
_MOST_UNLIKE = 0.1  # the share of the rows that may look otherwise
_EACH = 2  # how often each tag must occur in the mean: tags are few


def find_features(rows: Sequence[Sequence[str]]) -> tuple[int | str, ...] | None:
    """Return the columns of the source, the target and the features of a table whose first rows are these.

    They are names where there is a header, and otherwise numbers from 1. None where no column shows features.

    A header may name such a column; the source and the target are then the first two others. Without a header there
    must be three columns, of which the third has tags, as in SIGMORPHON's tasks until 2021, or the second, as since.
    """
    if not rows or len(rows[0]) < 3:
        return None
    first, others = rows[0], rows[1:]
    named = [index for index, name in enumerate(first) if name.strip().casefold() in _NAMES]
    if len(named) == 1 and not any(first[named[0]] in row for row in others):
        source, target = [name for index, name in enumerate(first) if index not in named][:2]
        names = source, target, first[named[0]]
        return names if all(first.count(name) == 1 for name in names) else None
    alike = [row for row in rows if len(row) == 3]
    if len(alike) < max(_FEWEST_ROWS, (1 - _MOST_UNLIKE) * len(rows)):
        return None
    with_tags = [index for index in range(3) if _are_tags([row[index] for row in alike])]
    return _ORDERS[with_tags[0]] if with_tags in ([1], [2]) else None


def _are_tags(texts: Sequence[str]) -> bool:
    like = [text for text in texts if _TAGS.fullmatch(text.strip())]
    tags = [tag for text in like for tag in re.split("[;|]", text.strip())]
    return len(like) >= (1 - _MOST_UNLIKE) * len(texts) and len(tags) >= _EACH * len(set(tags))
