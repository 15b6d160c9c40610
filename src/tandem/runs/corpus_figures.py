"""What is known about a corpus once its tokens are chosen: lengths, sizes, and whether words are to be copied."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tandem.corpora.pairs import Pair
from tandem.preparation.chunks import chance_rank
from tandem.runs.copy_choice import choose_copied
from tandem.runs.sizing import BY_HEART
from tandem.runs.token_choice import ChosenTokens, choose_tokens, with_feature_tokens
from tandem.tabs import split_features
from tandem.text.bulk import BulkEncoder
from tandem.text.features import bulk_encoder

_HELD_BACK, _MOST_HELD_BACK = 0.1, 2_000  # the share of the sources that tokens are judged on, and the most of them


class CorpusFigures(NamedTuple):
    """What is known about the training pairs once tokens are chosen."""

    source: ChosenTokens
    target: ChosenTokens
    source_lengths: npt.NDArray[np.int64]  # tokens of each of the first sources, without `<sos>` and `<eos>`
    target_lengths: npt.NDArray[np.int64]  # tokens of each of the first targets, without `<sos>` and `<eos>`
    pairs: int  # the number of all pairs
    sources: int  # the number of distinct source texts among the first pairs
    copying: str | None = None  # why the model copies; None where it does not

    @property
    def tokens(self) -> float:
        """About how many tokens both sides of all pairs have, `<eos>` included."""
        return self.pairs * float((self.source_lengths + self.target_lengths + 2).mean())


def look_closely(
    pairs: Sequence[Pair], count: int, *, joint: bool = False, features: bool = False, copying: bool = False
) -> CorpusFigures:
    """Hold some sources back, choose the tokens of both sides on their pairs, and measure all pairs.

    Nothing is held back where there are so few sources that the model is to memorise them. With `copying` the model
    may copy, where that is of use.
    """
    ranked = sorted({pair.source for pair in pairs}, key=lambda source: chance_rank(source, 0))
    back = others = pairs
    if len(ranked) >= BY_HEART:
        judged_on = set(ranked[: min(round(_HELD_BACK * len(ranked)), _MOST_HELD_BACK)])
        back = [pair for pair in pairs if pair.source in judged_on]
        others = [pair for pair in pairs if pair.source not in judged_on]
    texts = [[[pair[side] for pair in some] for some in (others, back)] for side in (0, 1)]
    if features:
        texts[0] = [[split_features(source)[0] for source in some] for some in texts[0]]
    copied = choose_copied(others, back) if copying and others is not back else None
    if copied is not None:
        source, target, _ = copied
    elif joint:
        source = target = choose_tokens(*([text for pair in some for text in pair] for some in (others, back)))
    else:
        source, target = (choose_tokens(*side) for side in texts)
    if features:
        source = with_feature_tokens(source, [split_features(pair.source)[1] for pair in pairs])
    source_lengths = bulk_encoder(source.tokenizer).encode([pair.source for pair in pairs])[1]
    target_lengths = BulkEncoder(target.tokenizer).encode([pair.target for pair in pairs])[1]
    reason = None if copied is None else copied.reason
    return CorpusFigures(source, target, source_lengths, target_lengths, count, len(ranked), reason)
