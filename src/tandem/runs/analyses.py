"""`tandem.analyse`: translators against a corpus; not how good they are, but where and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tandem.analysis import (
    Analysis,
    Attention,
    Phrase,
    Plane,
    References,
    System,
    compare_systems,
    context_plane,
    measure_attention,
)
from tandem.corpora.given import checked_references
from tandem.metrics import TokenizerChoice
from tandem.metrics.bootstrap import Resampling
from tandem.runs.evaluation import translate_all
from tandem.terminal import OnProgress
from tandem.text import normalise
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator

MOST_PLACED = 300  # the number of sources in the plane where no phrases are given; more would hide each other
MOST_NEIGHBOURS = 20_000  # the number of training texts that are searched for neighbours

_REPORTED_EVERY = 10_000  # the number of training texts between two reports of progress


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
    on_progress: OnProgress = lambda *_: None,
) -> Analysis:
    """Compare translators, by name, on a corpus: each distinct source is translated once, and all its targets count.

    `settings` override the search settings in a translator's recipe. `translations` are those of other systems, one for
    each distinct source, in order. The first translator gives the contexts of `phrases`, or of up to 300 of the
    sources. `training` holds the sources of the training data and is read twice: to rank words by frequency, and to
    find neighbours among its first 20,000 texts. Texts are normalised as in `evaluate`, unless `raw`. `tokenize` says
    how BLEU splits texts into words; None means as in the first translator's recipe. ValueError where no system is
    given, where two have the same name, or where one has another number of translations than there are sources.
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
        features=read_features(translators.values()),
        raw=raw,
        tokenize=tokenize or (usual[0] if usual else "auto"),
    )
    systems = []
    chosen = {name: (settings or {}).get(name) or t.search_settings() for name, t in translators.items()}
    for name, translator in translators.items():
        made = translate_all(translator, references.sources, chosen[name], f"{name} translates", on_progress)
        systems.append(System.of(name, [translation.text for translation in made], references))
    systems += [System.of(name, texts, references) for name, texts in others.items()]
    on_progress("systems are compared", 0, 1)
    ranked = None if training is None else _reported(training, "words of the training data", on_progress)
    if ranked is not None and not raw:
        ranked = map(normalise, ranked)
    findings = compare_systems(systems, resampling or Resampling(), ranked)
    if not translators:
        return Analysis(corpus, findings, None)
    attention = [look_at(t, name, references.sources, chosen[name], on_progress) for name, t in translators.items()]
    first, translator = next(iter(translators.items()))
    placed, placed_translations = sample_evenly(references.sources, systems[0].translations)
    if phrases:
        texts = [phrase.text for phrase in phrases]
        made = translate_all(translator, texts, chosen[first], "phrases are translated", on_progress)
        placed, placed_translations = [*phrases], [translation.text for translation in made]
    plane = place_in_plane(translator, first, placed, placed_translations, training, on_progress)
    return Analysis(corpus, findings, plane, tuple(found for found in attention if found is not None))


def ignore_case(translators: Iterable[Translator]) -> bool:
    """Return whether all of these translators, at least one, read sources that differ only in case as the same."""
    lower = [translator.source_tokenizer.lowercase for translator in translators]
    return bool(lower) and all(lower)


def read_features(translators: Iterable[Translator]) -> bool:
    """Return whether any of these translators reads what follows a tab in a source as its features."""
    return any(translator.source_tokenizer.has_features for translator in translators)


def sample_evenly(sources: Sequence[str], translations: Sequence[str]) -> tuple[list[Phrase], list[str]]:
    """Return at most 300 evenly spaced sources, as phrases without a group, and their translations."""
    step = -(-len(sources) // MOST_PLACED)
    return [Phrase(source) for source in sources[::step]], list(translations[::step])


def look_at(
    translator: Translator,
    name: str,
    sources: Sequence[str],
    settings: SearchSettings,
    on_progress: OnProgress = lambda *_: None,
) -> Attention | None:
    """Return where a translator looks in at most 300 evenly spaced sources; None without attention."""
    if translator.engine.with_attention() is None:
        return None
    texts = sources[:: -(-len(sources) // MOST_PLACED)]
    settings = replace(settings, alignment=True)
    made = translate_all(translator, texts, settings, f"{name} shows where it looks", on_progress)
    return measure_attention(name, translator, texts, made)


def place_in_plane(
    translator: Translator,
    name: str,
    phrases: Sequence[Phrase],
    translations: Sequence[str],
    training: Iterable[str] | None,
    on_progress: OnProgress = lambda *_: None,
) -> Plane:
    """Place phrases in the plane of their contexts; their neighbours are training texts, or else other phrases."""
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
        lambda done: on_progress("contexts of the training data", done, len(texts)),
    )


def _reported(texts: Iterable[str], work: str, on_progress: OnProgress) -> Iterator[str]:
    """Yield the texts, and report progress now and then."""
    for number, text in enumerate(texts):
        if number % _REPORTED_EVERY == 0:
            on_progress(work, number, None)
        yield text
