"""Which token of a source influenced which token of a target, measured in three ways that may disagree.

Letters: `T` tokens of a target, `<eos>` counted, `S` tokens of its source without `<sos>` and `<eos>`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tandem.engines import Engine, FloatArray, Ids
from tandem.errors import ArgumentError
from tandem.names import SaliencyMethod
from tandem.text import EOS_ID, UNK_ID
from tandem.text.codec import Codec, EncodedSource
from tandem.translation.messages import Translation
from tandem.translation.scoring import in_pieces, score_targets

_MOST_TOKENS = 2**13
"""The most tokens of sources and targets that are processed together."""
_MOST_TOGETHER = 256
_MOST_PREPARED = 2**20
"""The most tokens of shortened sources and of beginnings of targets that several texts have in memory at one time."""

_NOWHERE = -1
"""Replaces the id of a token that was copied from the source token that is left out, and occurs nowhere else."""

NO_GRADIENT = (
    "the gradient needs the PyTorch model itself, which an export does not contain: name the run or checkpoint that it "
    "was made from"
)
NO_ATTENTION = "this model has no attention: train one with --set model.attention=gnmt"


@dataclass(frozen=True, eq=False)
class Saliency:
    """How much each token of a source influenced each token of a target.

    Every array is `[T, S]`: a row for each of `target_tokens`, a column for each of `source_tokens`.
    """

    source_tokens: tuple[str, ...]
    """The S tokens of the source in the order of its text, followed by those of its features."""
    target_tokens: tuple[str, ...]
    """The T tokens of the target, `<eos>` at the end."""
    text: str
    """The target's text."""
    left_out: FloatArray
    """In nats: how much the log-probability of the target token falls when the source is read without the source token.

    Below 0, the target token is more likely without it. Infinite if the target token was copied from this source token
    alone (Li, Monroe & Jurafsky 2016, arXiv 1612.08220, who divide the difference by the log-probability).
    """
    gradient: FloatArray | None
    """In nats: the gradient of the target token's log-probability by the source token's embedding, times the embedding.

    If the model were linear, this would equal `left_out` (Denil et al. 2014, arXiv 1412.6815, section 4; Simonyan et
    al. 2014, arXiv 1312.6034, section 3). For an ensemble, the mean over the members; None for exports.
    """
    attention: FloatArray | None
    """The share of its attention that the step gave to the source token; None for models without attention.

    The rest of a row, up to 1, went to `<sos>` and `<eos>`. For an ensemble, the mean over the members with attention.
    """

    @property
    def reasons(self) -> dict[str, str]:
        """Why `gradient` or `attention` is None, by their names."""
        given = {"gradient": (self.gradient, NO_GRADIENT), "attention": (self.attention, NO_ATTENTION)}
        return {name: reason for name, (values, reason) in given.items() if values is None}


def saliency_object(source: str, one: Saliency) -> dict[str, Any]:
    """Return the saliency of a source text and its target as a JSON object."""
    return {
        "source": source,
        "text": one.text,
        "source_tokens": one.source_tokens,
        "target_tokens": one.target_tokens,
        "gradient": _rounded(one.gradient),
        "left_out": _rounded(one.left_out),
        "attention": _rounded(one.attention),
        "reasons": one.reasons,
    }


def _rounded(values: FloatArray | None) -> list[list[float]] | None:
    return None if values is None else [[round(value, 4) for value in row] for row in values.tolist()]


@dataclass(frozen=True)
class _Pair:
    """A source and a target as a model reads them."""

    source: EncodedSource
    target: list[int]
    """`<eos>` at the end."""
    places: list[int]
    """The position in the ids of each token of the source, in the order of its text."""

    @property
    def size(self) -> int:
        """The number of tokens of all shortened sources and of all beginnings of the target."""
        own, target = len(self.source.ids), len(self.target)
        return own * own + target * (own + target)


def missing_methods(engine: Engine[Any]) -> dict[SaliencyMethod, str]:
    """Return the methods that an engine does not have, each with the reason."""
    missing: dict[SaliencyMethod, str] = {}
    if not engine.has_gradients:
        missing["gradient"] = NO_GRADIENT
    if engine.with_attention() is None:
        missing["attention"] = NO_ATTENTION
    return missing


def checked_targets(targets: Sequence[str | Translation]) -> list[str | Translation]:
    """Return the targets. Raise ArgumentError if they are not a list of texts or translations."""
    if isinstance(targets, str) or not isinstance(targets, Iterable):
        raise ArgumentError(f"targets is of type {type(targets).__name__}, but must be a list of texts or translations")
    checked = list(targets)
    for number, target in enumerate(checked, start=1):
        if not isinstance(target, str | Translation):
            raise ArgumentError(
                f"targets: item {number} is of type {type(target).__name__}, but must be a text or a translation"
            )
    return checked


def measure_saliency(
    engine: Engine[Any], codec: Codec, sources: Sequence[str], targets: Sequence[str | Translation]
) -> list[Saliency]:
    """Return the saliency of each source text and its target: a text, or the translation that the model made."""
    encoded = codec.encode_sources(sources)
    pairs = [
        _Pair(source, [*_target_ids(codec, source, target), EOS_ID], codec.text_order(len(source.ids))[1:-1])
        for source, target in zip(encoded, targets, strict=True)
    ]
    results: list[Saliency] = []
    for piece in in_pieces([pair.size for pair in pairs], _MOST_PREPARED, len(pairs) or 1):
        own = pairs[piece]
        gradients, attention = _gradients(engine, own), _attention(engine, own)
        for number, (pair, target, left_out) in enumerate(
            zip(own, targets[piece], _left_out(engine, codec, own), strict=True)
        ):
            ids = [pair.source.ids[place] for place in pair.places]
            known = len(codec.source)
            results.append(
                Saliency(
                    tuple(codec.source.tokens([index if index < known else UNK_ID for index in ids])),
                    (*codec.target.tokens(pair.target[:-1], pair.source.pieces), "<eos>"),
                    target if isinstance(target, str) else target.text,
                    left_out,
                    None if gradients is None else gradients[number],
                    None if attention is None else attention[number],
                )
            )
    return results


def _target_ids(codec: Codec, source: EncodedSource, target: str | Translation) -> list[int]:
    """Return the ids of a target. Those of a translation are the ids that were written, not those of its text."""
    if isinstance(target, str):
        return codec.encode_targets([target], [source])[0]
    copied = set(target.copied)
    strange = [target.tokens[place] for place in target.copied if target.tokens[place] not in source.pieces]
    if strange:
        raise ArgumentError(
            f"targets: {target.text!r} copied {strange[0]!r}, which its text does not contain: give each translation "
            "with the text that it translates"
        )
    return [
        len(codec.target) + source.pieces.index(token) if place in copied else codec.target.token_to_id(token) or UNK_ID
        for place, token in enumerate(target.tokens)
    ]


def _gradients(engine: Engine[Any], pairs: Sequence[_Pair]) -> list[FloatArray] | None:
    """Return gradient times embedding of each pair, `[T, S]`; None for an engine without gradients."""
    if not engine.has_gradients:
        return None
    results: list[FloatArray] = [np.zeros((len(pair.target), len(pair.places))) for pair in pairs]
    steps = [(number, step) for number, pair in enumerate(pairs) for step in range(len(pair.target))]
    sizes = [len(pairs[number].source.ids) + step + 1 for number, step in steps]
    order = sorted(range(len(steps)), key=lambda place: sizes[place])
    for piece in in_pieces([sizes[place] for place in order], _MOST_TOKENS, _MOST_TOGETHER):
        batch = [steps[place] for place in order[piece]]
        beginnings = [pairs[number].target[: step + 1] for number, step in batch]
        found = engine.influence([pairs[number].source.ids for number, _ in batch], beginnings)
        for (number, step), influence in zip(batch, found, strict=True):
            results[number][step] = influence[pairs[number].places]
    return results


def _attention(engine: Engine[Any], pairs: Sequence[_Pair]) -> list[FloatArray] | None:
    """Return the attention of each target token of each pair, `[T, S]`; None without attention."""
    if engine.with_attention() is None:
        return None
    results: list[FloatArray] = []
    for piece in in_pieces([len(pair.source.ids) + len(pair.target) for pair in pairs], _MOST_TOKENS, _MOST_TOGETHER):
        own = pairs[piece]
        state = engine.start([pair.source.ids for pair in own])
        aligned = engine.align(state, np.arange(len(own)), [pair.target for pair in own])
        assert aligned is not None
        results += [weights[:, pair.places] for pair, weights in zip(own, aligned, strict=True)]
    return results


def _left_out(engine: Engine[Any], codec: Codec, pairs: Sequence[_Pair]) -> Iterator[FloatArray]:
    """Yield the loss in log-probability of each target token of each pair without each source token, `[T, S]`."""
    sources: list[Ids] = []
    targets: list[list[int]] = []
    for pair in pairs:
        for place in (None, *pair.places):
            source, target = _without(pair, place, len(codec.target))
            sources.append(source)
            targets.append(target)
    # `_NOWHERE` marks a copied token that cannot be copied any more. It is scored as <unk>, and then set to -inf.
    wanted = [[[UNK_ID if index == _NOWHERE else index for index in target]] for target in targets]
    scores = score_targets(engine, sources, wanted, _MOST_TOGETHER)
    start = 0
    for pair in pairs:
        end = start + 1 + len(pair.places)
        own = np.array([values for (values,) in scores[start:end]])  # (1 + S, T)
        own[np.array(targets[start:end]) == _NOWHERE] = -np.inf
        with np.errstate(invalid="ignore"):  # -inf - -inf is NaN, for what is impossible with and without the token
            yield (own[:1] - own[1:]).T
        start = end


def _without(pair: _Pair, place: int | None, vocabulary: int) -> tuple[Ids, list[int]]:
    """Return the ids of a pair without the source token at this place; the ids of copied tokens are recomputed."""
    source, pieces = pair.source.ids, pair.source.pieces
    if place is None:
        return source, pair.target
    target = pair.target
    if max(target) >= vocabulary:
        left = [*pieces[:place], *pieces[place + 1 :]]
        firsts = {piece: vocabulary + first for first, piece in reversed(list(enumerate(left)))}
        target = [
            firsts.get(pieces[index - vocabulary], _NOWHERE) if index >= vocabulary else index for index in target
        ]
    return [*source[:place], *source[place + 1 :]], target
