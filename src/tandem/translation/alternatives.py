"""The alternatives to a token of a translation, and the prefix that makes a new translation begin with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tandem.engines import Engine
from tandem.errors import TandemError
from tandem.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID
from tandem.text.codec import Codec, EncodedSource


@dataclass(frozen=True)
class Alternative:
    """A token that could be at the place."""

    token: str
    log_probability: float
    """In nats, given the source and the tokens before it."""
    prefix: str | None
    """The text that makes a translation begin with the tokens before the place and this one.

    Empty for `<eos>`, after which nothing can follow. None if no text is encoded as exactly these tokens.
    """


@dataclass(frozen=True)
class Alternatives:
    """The most probable tokens at a place of a translation."""

    place: int
    token: str
    """The token at the place; `<eos>` at the end."""
    alternatives: tuple[Alternative, ...]
    """The most probable first; `token` is among them if it is one of the most probable. None for an empty text."""


def find_alternatives(
    engine: Engine[Any], codec: Codec, text: str, tokens: Sequence[str], place: int, count: int
) -> Alternatives:
    """Return the `count` most probable tokens at a place of a text's translation, counted from 0.

    `tokens` are those of the translation, without `<eos>`; the place after the last one is that of `<eos>`. Raise
    TandemError for a place outside the translation, and for a token that the model cannot write.
    """
    if not 0 <= place <= len(tokens):
        raise TandemError(
            f"place is {place}, but a translation of {len(tokens)} tokens has the places 0 to {len(tokens)}, the last "
            "of which is that of <eos>"
        )
    (source,) = codec.encode_sources([text])
    before = _ids(codec, source, tokens[:place])
    token = tokens[place] if place < len(tokens) else codec.target.id_to_token(EOS_ID)
    if len(source.ids) <= 2:  # only <sos> and <eos>: its translation is empty, without a search
        return Alternatives(place, token, ())
    state = engine.start([source.ids])
    fed = [engine.sos, *before]
    for index in fed[:-1]:
        state = engine.step(np.array([index]), state, 1).state
    candidates = engine.step(np.array(fed[-1:]), state, count)
    possible = candidates.scores[0] > -np.inf
    ids, scores = candidates.tokens[0][possible].tolist(), candidates.scores[0][possible].tolist()
    prefixes = _prefixes(codec, source, [[*before, index] for index in ids])
    each = zip(codec.target.tokens(ids, source.pieces), scores, prefixes, strict=True)
    return Alternatives(place, token, tuple(Alternative(*one) for one in each))


def _ids(codec: Codec, source: EncodedSource, tokens: Sequence[str]) -> list[int]:
    """Return the id of each token of an output. Raise TandemError for a token that the model cannot write."""
    copied = {piece: len(codec.target) + position for position, piece in reversed([*enumerate(source.pieces)]) if piece}
    ids = []
    for number, token in enumerate(tokens):
        index = codec.target.token_to_id(token)
        index = copied.get(token) if index is None else index
        if index is None or index in (PAD_ID, SOS_ID, EOS_ID):
            raise TandemError(
                f"tokens: token {number} (counted from 0) is {token[:80]!r}, which no translation of this text can "
                "contain: give the tokens of a translation by the same model, without <eos>"
            )
        ids.append(index)
    return ids


def _prefixes(codec: Codec, source: EncodedSource, outputs: Sequence[list[int]]) -> list[str | None]:
    """Return the text of each output, or None if it is not encoded as the same ids; empty if the output has ended."""
    texts = ["" if ids[-1] == EOS_ID else codec.target.decode(ids, source.pieces) for ids in outputs]
    read = codec.encode_targets(texts, [source] * len(texts))
    return [
        text if ids[-1] == EOS_ID or (ids == again and UNK_ID not in ids) else None
        for text, ids, again in zip(texts, outputs, read, strict=True)
    ]
