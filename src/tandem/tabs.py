"""A source with features beside it is one text: the source, a tab, the features."""

TAB = "\t"


def join_features(source: str, features: str) -> str:
    """Return a source and its features as one text; without features, or without a source, the source alone."""
    source = source.replace(TAB, " ")
    return f"{source}{TAB}{features}" if features.strip() and source.strip() else source


def split_features(text: str) -> tuple[str, str]:
    """Return the source and the features of a text; "" where it has none. Only the first tab separates."""
    source, _, features = text.partition(TAB)
    return source, features
