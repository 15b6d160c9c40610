"""Sources with features, such as the tags of an inflection: one text, with a tab before the features.

Only the tokenizer and the encoder know the two parts. Everywhere else, such a source is one text and one list of ids:
those of the source, then those of the features, which begin after the source's vocabulary.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from tandem.errors import CheckpointError
from tandem.tabs import TAB, join_features, split_features
from tandem.text.bulk import BulkEncoder, Ids, Lengths
from tandem.text.counts import WordCounts, count_words
from tandem.text.normalisation import normalise
from tandem.text.pipeline import UNK_ID
from tandem.text.tokenizer import Tokenizer

_BEGINNING = '{"source": '  # how the JSON of a FeaturesTokenizer begins, and that of no other tokenizer


def normalise_source(text: str, *, lowercase: bool = False) -> str:
    """Normalise the two parts of a text with features separately, so that the tab remains."""
    return join_features(*(normalise(part, lowercase=lowercase) for part in split_features(text)))


def count_parts(texts: Iterable[str]) -> WordCounts:
    """Count the words of both parts in one table, where a tab precedes the words of features.

    No other word has a tab, so `divide` can separate them. The entry of the tab alone is the number of texts that have
    features.
    """
    parts = [split_features(text) for text in texts]
    source, features = (count_words(texts) for texts in ([s for s, _ in parts], [f for _, f in parts]))
    source.words.update({TAB: features.texts, **{TAB + word: count for word, count in features.words.items()}})
    return source


def divide(counts: WordCounts) -> tuple[WordCounts, WordCounts]:
    """Separate the words of the sources and those of the features, which `count_parts` put into one table."""
    source, features = WordCounts(type(counts.words)(), counts.texts), type(counts.words)()
    for word, count in counts.words.items():
        if word.startswith(TAB):
            features[word.removeprefix(TAB)] = count
        else:
            source.words[word] = count
    return source, WordCounts(features, features.pop("", 0))


class FeaturesTokenizer(Tokenizer):
    """A source tokenizer and a features tokenizer as one: the text after the first tab is the features.

    The id of a token of the features is its id in the features' vocabulary plus the size of the source's vocabulary.
    """

    has_features = True

    def __init__(self, source: Tokenizer, features: Tokenizer) -> None:
        self.source = source
        self.features = features
        self.kind = source.kind
        self.lowercase = source.lowercase
        self._tokens = [*source.tokens(range(len(source))), *features.tokens(range(len(features)))]
        self._longest = max(map(len, self._tokens))
        self.unknown_ids = (UNK_ID, len(source) + UNK_ID)

    def __repr__(self) -> str:
        """Both tokenizers."""
        return f"<FeaturesTokenizer {self.source!r}, {self.features!r}>"

    def encode(self, text: str) -> list[int]:
        """Return the ids of the source, then those of the features."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, as `encode` does."""
        parts = [split_features(text) for text in texts]
        sources = self.source.encode_batch([source for source, _ in parts])
        features = self.features.encode_batch([features for _, features in parts])
        behind = len(self.source)
        return [[*own, *(index + behind for index in more)] for own, more in zip(sources, features, strict=True)]

    def unknown_pieces(self, text: str, *, most: int | None = None) -> list[str]:
        """Return the unknown pieces of both parts."""
        source, features = split_features(text)
        return [
            *self.source.unknown_pieces(source, most=most),
            *self.features.unknown_pieces(features, most=most),
        ]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the beginning and the end in the text of each token of both parts."""
        source, features = split_features(text)
        behind = len(source) + len(TAB)
        moved = [(start + behind, end + behind) for start, end in self.features.spans(features)]
        return [*self.source.spans(source), *moved]

    def decode(self, ids: Sequence[int], more: Sequence[str] = (), *, unknown: Iterable[str] = ()) -> str:
        """Return the source and the features of the ids, with a tab between them. Unknown tokens are not replaced.

        Raise IndexError for an id outside both vocabularies.
        """
        del more, unknown  # only targets have these
        behind = len(self.source)
        of_features = [index - behind for index in ids if index >= behind]
        source = self.source.decode([index for index in ids if index < behind])
        return join_features(source, self.features.decode(of_features))

    def normalise(self, text: str) -> str:
        """Return each part as its tokenizer sees it."""
        source, features = split_features(text)
        return join_features(self.source.normalise(source), self.features.normalise(features))

    def token_to_id(self, token: str) -> int | None:
        """Return the id of a token of the source or else of the features; None if neither has it."""
        if (index := self.source.token_to_id(token)) is not None:
            return index
        index = self.features.token_to_id(token)
        return None if index is None else index + len(self.source)

    def to_json(self) -> str:
        """Return both tokenizers as JSON, for `read_tokenizer`."""
        parts = {"source": json.loads(self.source.to_json()), "features": json.loads(self.features.to_json())}
        return json.dumps(parts, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, origin: str) -> Self:
        """Return the tokenizer that `to_json` wrote. Raise CheckpointError, naming `origin`, for any other text."""
        try:
            parts = json.loads(text)
            own, more = (json.dumps(parts[part]) for part in ("source", "features"))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CheckpointError(
                f"{origin}: this is not a tokenizer of sources with features: {error!r}. Restore the file from a copy, "
                "or make it again."
            ) from error
        return cls(Tokenizer.from_json(own, origin), Tokenizer.from_json(more, origin))


class FeaturesBulkEncoder:
    """Encodes as `FeaturesTokenizer.encode` does, many times faster."""

    def __init__(self, tokenizer: FeaturesTokenizer) -> None:
        self._source, self._features = BulkEncoder(tokenizer.source), BulkEncoder(tokenizer.features)
        self._behind = len(tokenizer.source)

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Lengths]:
        """Return the ids of all texts, one after the other, and the number of ids of each text."""
        parts = [split_features(text) for text in texts]
        source, source_lengths = self._source.encode([source for source, _ in parts])
        features, feature_lengths = self._features.encode([features for _, features in parts])
        lengths = source_lengths + feature_lengths
        ids = np.empty(len(source) + len(features), np.int32)
        ends = np.cumsum(lengths)
        # Before a source token come the features of earlier texts; before a feature, its own source as well.
        ids[np.arange(len(source)) + np.repeat(np.cumsum(feature_lengths) - feature_lengths, source_lengths)] = source
        before = ends - feature_lengths - (np.cumsum(feature_lengths) - feature_lengths)
        ids[np.arange(len(features)) + np.repeat(before, feature_lengths)] = features + self._behind
        return ids, lengths


def bulk_encoder(tokenizer: Tokenizer) -> BulkEncoder | FeaturesBulkEncoder:
    """Return the bulk encoder of a tokenizer, which may have features."""
    return FeaturesBulkEncoder(tokenizer) if isinstance(tokenizer, FeaturesTokenizer) else BulkEncoder(tokenizer)


def read_tokenizer(text: str, origin: str) -> Tokenizer:
    """Return the tokenizer, with or without features, that `to_json` wrote. CheckpointError for any other text."""
    return (FeaturesTokenizer if text.startswith(_BEGINNING) else Tokenizer).from_json(text, origin)
