"""The attention of each token of an output to each token of its source."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tandem.engines import Engine, Ids
from tandem.errors import TandemError
from tandem.text import EOS_ID, UNK_ID
from tandem.text.codec import Codec


class Alignment(NamedTuple):
    """The tokens of a source in the order of its text, with `<sos>` and `<eos>`, and an output's attention to them."""

    source_tokens: tuple[str, ...]
    attention: tuple[tuple[float, ...], ...]
    """A row for each token of the output and for `<eos>`, with a weight for each of `source_tokens`."""


def align(
    engine: Engine[Any], codec: Codec, sources: Sequence[Ids], outputs: Sequence[Sequence[int]]
) -> Iterator[Alignment]:
    """Yield the alignment of each framed source with its output. Raise TandemError for a model without attention."""
    targets = [[*ids, EOS_ID] for ids in outputs]
    aligned = engine.align(engine.start(sources), np.arange(len(sources)), targets)
    if aligned is None:
        raise TandemError(
            "alignments come from attention, and this model has none: train one with --set model.attention=gnmt, or "
            "leave out --alignment"
        )
    for ids, weights in zip(sources, aligned, strict=True):
        order = codec.text_order(len(ids))
        yield Alignment(tuple(text_tokens(codec, ids)), tuple(map(tuple, weights[:, order].tolist())))


def text_tokens(codec: Codec, ids: Ids) -> list[str]:
    """Return the tokens of a framed source in the order of its text, with `<sos>` and `<eos>`."""
    known = len(codec.source)
    return codec.source.tokens([ids[place] if ids[place] < known else UNK_ID for place in codec.text_order(len(ids))])
