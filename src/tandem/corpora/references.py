"""References: all targets that a corpus has for a source."""

from collections.abc import Iterable, Sequence

from tandem.text.features import normalise_source
from tandem.text.normalisation import normalise


def group_references(
    pairs: Iterable[tuple[str, str | Sequence[str]]],
    *,
    lowercase: bool = False,
    raw: bool = False,
    features: bool = False,
) -> list[tuple[str, tuple[str, ...]]]:
    """Gather the targets of each source as its references, each once, in the order of first occurrence.

    A list of targets is kept whole at the first occurrence of its source, so all sources have the same number of
    references even where two are equal. All texts are normalised first. `lowercase`: sources that differ only in case
    count as the first of them. `raw`: texts stay as they are, and only equal ones are the same. `features`: what
    follows a tab in a source is its features, and the tab remains.
    """
    normal = normalise_source if features else normalise
    groups: dict[str, tuple[str, list[str], set[str]]] = {}
    for source, target in pairs:
        targets = [target] if isinstance(target, str) else target
        references = list(targets) if raw else [normalise(text) for text in targets]
        key = source if raw else normal(source, lowercase=lowercase)
        if key not in groups:
            groups[key] = (source if raw else normal(source), references, set(references))
            continue
        _, gathered, known = groups[key]
        gathered += dict.fromkeys(text for text in references if text not in known)
        known.update(references)
    return [(source, tuple(references)) for source, references, _ in groups.values()]


def source_places(
    pairs: Iterable[tuple[str, str | Sequence[str]]],
    *,
    lowercase: bool = False,
    raw: bool = False,
    features: bool = False,
) -> list[int]:
    """Return the index of the first pair of each source of `group_references`."""
    normal = normalise_source if features else normalise
    places: dict[str, int] = {}
    for place, (source, _) in enumerate(pairs):
        places.setdefault(source if raw else normal(source, lowercase=lowercase), place)
    return list(places.values())
