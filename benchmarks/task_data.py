"""Made corpora of tasks that people bring along: dates, names into addresses, spelling. Each is a function of a seed.

A corpus is drawn without replacement of sources, so that no test source is ever trained on.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from typing import NamedTuple

from tandem.corpora.captions import captions

Pair = tuple[str, str]


class TaskData(NamedTuple):
    """The pairs of one task."""

    train: list[Pair]
    test: list[Pair]


def make_dates(pairs: int, tests: int = 1000, seed: int = 1) -> TaskData:
    """Dates as people write them into ISO 8601, such as "3rd of May 1999" into "1999-05-03"."""
    return _drawn(_date_pair, pairs, tests, seed)


def make_addresses(pairs: int = 3000, tests: int = 500, seed: int = 1) -> TaskData:
    """Names into e-mail addresses, such as "Jürgen Steinbach" into "juergen.steinbach@example.org"."""
    return _drawn(_address_pair, pairs, tests, seed)


def make_spelling(pairs: int = 3000, tests: int = 500, seed: int = 1) -> TaskData:
    """Phrases with typing errors into what was meant; four in ten phrases have no error."""
    phrases = _phrases()
    return _drawn(lambda chance: _spelling_pair(chance, phrases), pairs, tests, seed)


def _drawn(make: Callable[[random.Random], Pair], pairs: int, tests: int, seed: int) -> TaskData:
    """The test pairs come first, so that they are the same for every number of training pairs."""
    chosen = list(islice(_distinct(make, random.Random(seed)), tests + pairs))
    return TaskData(train=chosen[tests:], test=chosen[:tests])


def _distinct(make: Callable[[random.Random], Pair], chance: random.Random) -> Iterator[Pair]:
    """Pairs whose sources all differ."""
    seen: set[str] = set()
    while True:
        pair = make(chance)
        if pair[0] not in seen:
            seen.add(pair[0])
            yield pair


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FIRST_DAY, _DAYS = date(1900, 1, 1), 73_000


def _date_pair(chance: random.Random) -> Pair:
    day = _FIRST_DAY + timedelta(days=chance.randrange(_DAYS))
    return f"{day.day}{_ordinal_ending(day.day)} of {_MONTHS[day.month - 1]} {day.year}", day.isoformat()


def _ordinal_ending(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


_GIVEN = [
    "Anna",
    "Björn",
    "Carla",
    "Dörte",
    "Emil",
    "Frédéric",
    "Gül",
    "Hannah",
    "Ingrid",
    "Jürgen",
    "Käthe",
    "Lucía",
    "Márton",
    "Nadège",
    "Oskar",
    "Petra",
    "Quentin",
    "Rüdiger",
    "Sören",
    "Thérèse",
    "Ulf",
    "Vera",
    "Wenzel",
    "Xenia",
    "Yannick",
    "Zoë",
    "Amélie",
    "Bára",
    "Cézar",
    "Désirée",
    "Élodie",
    "Fatma",
    "Günther",
    "Håkon",
    "Irène",
    "Joško",
    "Klára",
    "Léon",
    "Mónica",
    "Nuño",
    "Özlem",
    "Paweł",
    "Renée",
    "Siân",
    "Tomáš",
    "Ursula",
    "Vít",
    "Wiebke",
    "Ximena",
    "Yves",
]
_ROOTS = [
    "Stein",
    "Berg",
    "Wald",
    "Grün",
    "Roth",
    "Linden",
    "Eichen",
    "Mühl",
    "Kirch",
    "Hohen",
    "Schön",
    "Lang",
    "Kurz",
    "Weiß",
    "Schwarz",
    "Silber",
    "Gold",
    "Eisen",
    "Rosen",
    "Birken",
    "Königs",
    "Herz",
    "Bären",
    "Wolfs",
    "Adler",
    "Falken",
    "Löwen",
    "Reh",
    "Hirsch",
    "Fisch",
]
_ENDINGS = [
    "bach",
    "mann",
    "hofer",
    "müller",
    "stätter",
    "feld",
    "dorf",
    "heim",
    "meyer",
    "hausen",
    "brück",
    "egger",
    "au",
    "thal",
    "burg",
    "kamp",
    "wirth",
    "reuter",
    "graf",
    "huber",
]
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "ł": "l", "å": "a"})


def _address_pair(chance: random.Random) -> Pair:
    given = chance.choice(_GIVEN)
    family = chance.choice(_ROOTS) + chance.choice(_ENDINGS)
    return f"{given} {family}", f"{_in_ascii(given)}.{_in_ascii(family)}@example.org"


def _in_ascii(name: str) -> str:
    """Lower-case letters without accents, German umlauts as two letters."""
    spelt = unicodedata.normalize("NFD", name.lower().translate(_SPELT))
    return "".join(letter for letter in spelt if letter.isascii())


def _phrases() -> list[str]:
    """Runs of two to four words of the built-in corpus's English sentences, each once, in a fixed order."""
    runs: dict[str, None] = {}
    for _, english in captions().train:
        words = english.lower().rstrip(".!?").replace(",", "").split()
        for size in (2, 3, 4):
            for start in range(len(words) - size + 1):
                runs[" ".join(words[start : start + size])] = None
    return list(runs)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _spelling_pair(chance: random.Random, phrases: list[str]) -> Pair:
    phrase = chance.choice(phrases)
    if chance.random() < 0.4:
        return phrase, phrase
    place = chance.choice([n for n, letter in enumerate(phrase) if letter != " "])
    before, letter, after = phrase[:place], phrase[place], phrase[place + 1 :]
    wrong = chance.choice(
        (
            before + after,  # left out
            before + letter + letter + after,  # doubled
            before + chance.choice(_LETTERS) + after,  # another one
            before + after[:1] + letter + after[1:],  # swapped
        )
    )
    return " ".join(wrong.split()), phrase
