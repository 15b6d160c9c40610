"""A made corpus and systems of known quality for the tests of the analysis."""

import random

from tandem.analysis import References, System

WORDS = ["a", "man", "rides", "red", "bikes", "and", "two", "dogs", "run", "home", "."]


def references(sentences: int = 120, *, seed: int = 1) -> References:
    """Sources of 1 to 12 words, each its own reference, some with a second one."""
    chance = random.Random(seed)
    sources: dict[str, None] = {}
    while len(sources) < sentences:
        sources[" ".join(chance.choices(WORDS, k=chance.randint(3, 12)))] = None
    return References(list(sources), [(s, s + " home") if chance.random() < 0.3 else (s,) for s in sources])


def system(name: str, corpus: References, wrong: float, *, seed: int = 2) -> System:
    """Repeats each source with this share of its words changed."""
    chance = random.Random(seed)
    made = [
        " ".join(chance.choice(WORDS) if chance.random() < wrong else word for word in source.split())
        for source in corpus.sources
    ]
    return System(name, made, corpus)
