"""Differences between tokenizers: models that work together must read and write the same ids."""

import json
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from tandem.errors import CheckpointError
from tandem.text.features import FeaturesTokenizer
from tandem.text.tokenizer import Tokenizer


def vocabulary_difference(first: Tokenizer, second: Tokenizer) -> str | None:
    """Describe the first difference as "... in the first, ... in the second"; return None if texts get equal ids.

    The kind, lower-casing, the token of each id, and the merges of byte pairs are compared.
    """
    if isinstance(first, FeaturesTokenizer) and isinstance(second, FeaturesTokenizer):
        difference = vocabulary_difference(first.source, second.source)
        more = vocabulary_difference(first.features, second.features)
        return difference or (more and f"of the features {more}")
    if first.has_features != second.has_features:
        sides = {True: "read with features", False: "read without"}
        return _worded("sources are", sides[first.has_features], sides[second.has_features])
    if first.kind != second.kind:
        return _worded("tokens are of the kind", first.kind, second.kind)
    if first.lowercase != second.lowercase:
        casing = {True: "lower-cased", False: "left as they are"}
        return _worded("texts are", casing[first.lowercase], casing[second.lowercase])
    for index, (one, other) in enumerate(zip_longest(*(t.tokens(range(len(t))) for t in (first, second)))):
        if one != other:
            sizes = "" if len(first) == len(second) else f" ({len(first):,} and {len(second):,} tokens)"
            return _worded(f"token {index:,} is", *("missing" if t is None else repr(t) for t in (one, other))) + sizes
    if first.kind != "bpe":
        return None
    merges, others = (json.loads(tokenizer.to_json())["model"]["merges"] for tokenizer in (first, second))
    if len(merges) != len(others):
        return _worded("the merges number", f"{len(merges):,}", f"{len(others):,}")
    for index, (one, other) in enumerate(zip(merges, others, strict=True)):
        if one != other:
            return _worded(f"merge {index:,} is of", repr(one), repr(other))
    return None


def check_vocabularies(paths: Sequence[Path], tokenizers: Sequence[tuple[Tokenizer, Tokenizer]]) -> None:
    """Raise CheckpointError unless all models have the source and the target vocabulary of the first."""
    for path, others in zip(paths[1:], tokenizers[1:], strict=True):
        for side, first, other in zip(("source", "target"), tokenizers[0], others, strict=True):
            if difference := vocabulary_difference(first, other):
                raise CheckpointError(
                    f"{paths[0]} and {path}: the members of an ensemble must share their vocabularies, but on the "
                    f"{side} side {difference}. Train the members on the same data, with the same [text] settings"
                )


def _worded(what: str, first: str, second: str) -> str:
    return f"{what} {first} in the first, {second} in the second"
