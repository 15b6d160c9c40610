"""Translators against a corpus: not how good they are, but where and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from tandem.analysis import Analysis, Phrase, Plane, References, System, context_plane, find
from tandem.corpora.given import checked_references
from tandem.metrics import TokenizerChoice
from tandem.metrics.bootstrap import Resampling
from tandem.runs.progress import adding_up
from tandem.text import normalise
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator

MOST_PLACED = 300
"""Sources that are placed in the plane where no phrases are given: more would hide each other."""
MOST_NEIGHBOURS = 20_000
"""Training texts among which neighbours are looked for."""

_HEARD_EVERY = 10_000
"""Training texts."""

Hear: TypeAlias = Callable[[str, int, int | None], object]
"""Told of progress: what is done, how much of it, and of how much, where that is known."""


def analyse(
    translators: Mapping[str, Translator],
    pairs: Iterable[tuple[str, str | Sequence[str]]],
    *,
    settings: Mapping[str, SearchSettings] | None = None,
    translations: Mapping[str, Sequence[str]] | None = None,
    lowercase: bool = False,
    raw: bool = False,
    tokenize: TokenizerChoice | None = None,
    phrases: Sequence[Phrase] = (),
    training: Iterable[str] | None = None,
    resampling: Resampling | None = None,
    corpus: str = "the given pairs",
    hear: Hear = lambda *_: None,
) -> Analysis:
    """Compare translators, by name, on a corpus: each distinct source is translated once, all its targets count.

    `settings` are a translator's where they are not its recipe's. `translations` are those of other systems, one for
    each distinct source in order. The first translator gives the contexts of `phrases`, or of up to 300 of the
    sources. `training`, the sources of the training data, is read twice: words are ranked in it, and neighbours
    looked for among its first 20,000 texts. Texts are normalised as in `evaluate`, unless `raw`, and `tokenize` is how
    BLEU tells words apart (None: as the first translator's recipe has it). `hear` is told what is done, how much of it,
    and of how much. ValueError where no system is given, two share a name or have another number of translations than
    there are sources.
    """
    others = translations or {}
    if not (translators or others):
        raise ValueError("there is no system: give a translator or translations")
    if twice := sorted(set(translators) & set(others)):
        raise ValueError(f"two systems are called {twice[0]}; give each a name of its own")
    usual: list[TokenizerChoice] = [translator.recipe.search.score_tokenize for translator in translators.values()]
    references = References.of(
        checked_references(pairs, "pairs"),
        lowercase=lowercase,
        sources_lowercase=ignore_case(translators.values()),
        raw=raw,
        tokenize=tokenize or (usual[0] if usual else "auto"),
    )
    systems = []
    chosen = {name: (settings or {}).get(name) or t.search_settings() for name, t in translators.items()}
    for name, translator in translators.items():
        made = _translate(translator, references.sources, chosen[name], f"{name} translates", hear)
        systems.append(System.of(name, made, references))
    systems += [System.of(name, texts, references) for name, texts in others.items()]
    hear("systems are compared", 0, 1)
    ranked = None if training is None else _heard(training, "words of the training data", hear)
    if ranked is not None and not raw:
        ranked = map(normalise, ranked)
    findings = find(systems, resampling or Resampling(), ranked)
    plane = None
    for name, translator in islice(translators.items(), 1):
        if phrases:
            texts = [phrase.text for phrase in phrases]
            made = _translate(translator, texts, chosen[name], "phrases are translated", hear)
            plane = place(translator, name, phrases, made, training, hear)
        else:
            plane = place(translator, name, *spread(references.sources, systems[0].translations), training, hear)
    return Analysis(corpus, findings, plane)


def ignore_case(translators: Iterable[Translator]) -> bool:
    """Whether sources that differ in case alone are the same to all of these translators, of which there is one."""
    lower = [translator.source_tokenizer.lowercase for translator in translators]
    return bool(lower) and all(lower)


def spread(sources: Sequence[str], translations: Sequence[str]) -> tuple[list[Phrase], list[str]]:
    """At most 300 sources from all over a corpus, as phrases of no group, and their translations."""
    step = -(-len(sources) // MOST_PLACED)
    return [Phrase(source) for source in sources[::step]], list(translations[::step])


def place(
    translator: Translator,
    name: str,
    phrases: Sequence[Phrase],
    translations: Sequence[str],
    training: Iterable[str] | None,
    hear: Hear = lambda *_: None,
) -> Plane:
    """Phrases in the plane of their contexts, with their neighbours in the training data or else among themselves."""
    if training is None:
        texts, texts_from = dict.fromkeys(phrase.text for phrase in phrases), "the phrases shown"
    else:
        texts = {}
        for text in training:
            texts[text] = None
            if len(texts) == MOST_NEIGHBOURS:
                break
        texts_from = f"{len(texts):,} texts of the training data"
    return context_plane(
        translator,
        name,
        phrases,
        translations,
        texts,
        texts_from,
        lambda done: hear("contexts of the training data", done, len(texts)),
    )


def _heard(texts: Iterable[str], what: str, hear: Hear) -> Iterator[str]:
    """The texts, with a word of progress now and then."""
    for number, text in enumerate(texts):
        if number % _HEARD_EVERY == 0:
            hear(what, number, None)
        yield text


def _translate(
    translator: Translator,
    texts: Sequence[str],
    settings: SearchSettings,
    what: str,
    hear: Hear,
) -> list[str]:
    on_progress = adding_up(what, len(texts), hear)
    return [made.text for made in translator.translate_stream(texts, settings, on_progress=on_progress)]
