"""Which models are served under which names, read from the command line."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tandem.errors import ArgumentError
from tandem.files.paths import is_there
from tandem.recipe.languages import Languages

_NAME = re.compile(r"[\w.-]{1,64}")
_CODE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


class Source(NamedTuple):
    """A model to serve, and where it is loaded from."""

    name: str
    paths: tuple[Path, ...]
    """One path, or the members of an ensemble."""
    languages: Languages | None = None
    """The languages from the command line; None to take them from the recipe."""


def sources_of(models: Sequence[str], ensembles: Sequence[str], languages: Sequence[str]) -> list[Source]:
    """Parse models `[NAME=]PATH`, ensembles `NAME=A,B`, languages `[NAME=]de:en`. Raise ArgumentError for a wrong one.

    The members of an ensemble are names of models.
    """
    sources: dict[str, Source] = {}

    def add(name: str, paths: tuple[Path, ...], word: str) -> None:
        if not _NAME.fullmatch(name):
            raise ArgumentError(
                f"{word}: {name!r} is not a valid name: use letters, digits, '_', '-' and '.'. Give NAME=PATH"
            )
        if name in sources:
            raise ArgumentError(f"{word}: there is a model called {name} already: give this one another (NAME=PATH)")
        sources[name] = Source(name, paths)

    for word in models:
        name, equals, path = word.partition("=")
        if not equals or is_there(Path(word)):
            name, path = Path(word).absolute().name, word
        add(name, (Path(path),), word)
    alone = dict(sources)
    for word in ensembles:
        name, _, members = word.partition("=")
        names = members.split(",")
        if len(names) < 2:
            raise ArgumentError(f"--ensemble {word}: name two models or more, such as both=one,two")
        for member in names:
            if member not in alone:
                raise ArgumentError(f"--ensemble {word}: there is no model called {member!r}; {_known(alone)}")
        add(name, tuple(path for member in names for path in alone[member].paths), f"--ensemble {word}")
    for word in languages:
        name, _, codes = word.rpartition("=")
        source, _, target = codes.partition(":")
        if not (_CODE.fullmatch(source) and _CODE.fullmatch(target)):
            raise ArgumentError(f"--languages {word}: give two codes, such as NAME=de:en, or de:en for all models")
        if name and name not in sources:
            raise ArgumentError(f"--languages {word}: there is no model called {name!r}; {_known(sources)}")
        for each in [name] if name else list(sources):
            sources[each] = sources[each]._replace(languages=Languages(source, target))
    return list(sources.values())


def _known(sources: dict[str, Source]) -> str:
    return f"the models are {', '.join(sources)}"
