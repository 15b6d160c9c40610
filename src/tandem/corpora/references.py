"""References: all targets of a source that a corpus has."""

from collections.abc import Iterable, Sequence

from tandem.text.normalisation import normalise


def group_references(
    pairs: Iterable[tuple[str, str | Sequence[str]]], *, lowercase: bool = False, raw: bool = False
) -> list[tuple[str, tuple[str, ...]]]:
    """Gather the targets of each source as its references, in the order of first occurrence, each once.

    A list of targets is kept whole where its source comes first: all sources then have as many, even where two are the
    same. All texts are normalised first. `lowercase`: sources that differ in case alone are one, the first of them.
    `raw`: texts stay as they are, and only equal ones are the same.
    """
    groups: dict[str, tuple[str, list[str], set[str]]] = {}
    for source, target in pairs:
        targets = [target] if isinstance(target, str) else target
        references = list(targets) if raw else [normalise(text) for text in targets]
        key = source if raw else normalise(source, lowercase=lowercase)
        if key not in groups:
            groups[key] = (source if raw else normalise(source), references, set(references))
            continue
        _, gathered, known = groups[key]
        gathered += dict.fromkeys(text for text in references if text not in known)
        known.update(references)
    return [(source, tuple(references)) for source, references, _ in groups.values()]


def source_places(
    pairs: Iterable[tuple[str, str | Sequence[str]]], *, lowercase: bool = False, raw: bool = False
) -> list[int]:
    """The place among the pairs, from 0, where each source of `group_references` stands first."""
    places: dict[str, int] = {}
    for place, (source, _) in enumerate(pairs):
        places.setdefault(source if raw else normalise(source, lowercase=lowercase), place)
    return list(places.values())
