"""Patterns of file names, such as `train.*.de`: the files of a corpus that lies in shards.

The files of one shard belong together by what `*`, `?` and `[...]` stand for in their names.
"""

import glob
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from tandem.corpora.corpus_kind import places
from tandem.errors import CorpusError
from tandem.files.paths import is_there

Shards: TypeAlias = list[tuple[Path, ...]]
"""The files of each shard: its source, its target and perhaps its features."""

_WILD = re.compile(r"\*+|\?|\[!?\]?[^]]*\]")
_NAMED = 5  # the most files that a message names


def is_pattern(path: str) -> bool:
    """Tell whether a path has characters that stand for others. It may still be the name of a file."""
    return _WILD.search(path) is not None


def without_wildcards(name: str) -> str:
    """Return a name without what stands for others, and the point or dash before it: `train.de` for `train.*.de`."""
    return re.sub(rf"[.\-_]?({_WILD.pattern})", "", name) or name


def is_literal(path: str, folder: str | None) -> bool:
    """Tell whether a path of a recipe is no pattern, or a file has this very name."""
    return not is_pattern(path) or any(is_there(place) for place in places(path, folder))


def find_shards(patterns: Sequence[str], folder: str | None) -> Shards:
    """Return the shards that patterns name, in natural order: `train.2.de` comes before `train.10.de`.

    `folder` is the recipe's data.folder. Raise CorpusError where a pattern matches no file, where a file has no
    partner, and where patterns do not have the same number of characters that stand for others.
    """
    counts = [len(_WILD.findall(pattern)) for pattern in patterns]
    other = next((index for index, count in enumerate(counts) if count != counts[0]), None)
    if other is not None:
        raise CorpusError(
            f"{patterns[0]} and {patterns[other]}: files belong together by what *, ? and [...] stand for in their "
            f"names, but the one has {counts[0]} of these, and the other {counts[other]}. Write the same ones in both"
        )
    sides = [_matches(pattern, folder) for pattern in patterns]
    for index, side in enumerate(sides[1:], start=1):
        _check_partners(sides[0], side, patterns[index])
        _check_partners(side, sides[0], patterns[0])
    return [tuple(side[key] for side in sides) for key in sorted(sides[0], key=_natural)]


def _matches(pattern: str, folder: str | None) -> dict[tuple[str, ...], Path]:
    """Return the files that a pattern matches, each by what the wild characters stand for."""
    tried = places(pattern, folder)
    for place in tried:
        literal, wild = _split(place)
        form = re.compile(_as_regex(wild), re.DOTALL)
        found = {}
        for name in glob.glob(wild, root_dir=literal):  # noqa: PTH207 - that of pathlib finds hidden files, too
            match = form.fullmatch(Path(name).as_posix())
            if match is not None and not (literal / name).is_dir():
                found[match.groups()] = literal / name
        if found:
            return found
    raise CorpusError(
        f"{pattern}: no file matches this pattern (looked for in {' and in '.join(str(p.parent) for p in tried)}). "
        "Check the path"
    )


def _split(place: Path) -> tuple[Path, str]:
    """Return the beginning of a path that has no wild characters, or exists as it is, and the rest."""
    literal, parts = Path(place.anchor), list(place.parts[bool(place.anchor) :])
    while len(parts) > 1 and (not is_pattern(parts[0]) or is_there(literal / parts[0])):
        literal /= parts.pop(0)
    return literal, "/".join(parts)


def _as_regex(pattern: str) -> str:
    parts, end = list[str](), 0
    for wild in _WILD.finditer(pattern):
        inner = {"*": "[^/]*", "?": "[^/]"}.get(wild[0][0]) or re.sub(r"^\[!", "[^", wild[0].replace("\\", r"\\"))
        parts += re.escape(pattern[end : wild.start()]), f"({inner})"
        end = wild.end()
    return "".join(parts) + re.escape(pattern[end:])


def _check_partners(own: dict[tuple[str, ...], Path], others: dict[tuple[str, ...], Path], pattern: str) -> None:
    """Raise CorpusError where one of these files has no partner among the others, which the pattern matches."""
    if alone := [str(own[key]) for key in sorted(own.keys() - others.keys(), key=_natural)]:
        it = "it" if len(alone) == 1 else "them"
        more = f" and {len(alone) - _NAMED:,} more" if len(alone) > _NAMED else ""
        raise CorpusError(
            f"{', '.join(alone[:_NAMED])}{more}: no file of {pattern} matches {it}: "
            "the characters for *, ? and [...] must be the same in both names. Add the missing files, or remove these"
        )


def _natural(key: tuple[str, ...]) -> tuple[list[str | int], ...]:
    """Return a sorting key that puts 2 before 10."""
    split = [re.split(r"([0-9]+)", part) for part in key]
    numbers: list[list[str | int]] = [[int(p) if i % 2 else p for i, p in enumerate(parts)] for parts in split]
    return (*numbers, [*key])
