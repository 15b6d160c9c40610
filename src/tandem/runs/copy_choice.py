"""Whether a model should copy: whether targets have words that no vocabulary has, but that their sources have.

That is so for names and numbers. It is measured on pairs that are held back.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tandem.corpora.pairs import Pair
from tandem.recipe import Text
from tandem.runs.token_choice import MOST_TEXTS, ChosenTokens, most_unseen, seen_enough
from tandem.text import UNK_ID, Tokenizer
from tandem.text.codec import Codec
from tandem.text.copying import Copying
from tandem.text.counts import count_words

_LEAST_COPIED = 0.02  # the share of the tokens of targets that copying has to be of use for
_MIN_COUNTS = (2, 3, 5, 10)
"""Words that occur less often are unknown. With 1 no training pair would have a word to copy."""


class CopiedTokens(NamedTuple):
    """The tokens of both sides of a model that copies."""

    source: ChosenTokens
    target: ChosenTokens
    reason: str


def choose_copied(learnt_from: Sequence[Pair], held_back: Sequence[Pair]) -> CopiedTokens | None:
    """Choose words for a model that copies; None where copying is of little use, or would not be enough.

    Tokens are learnt from `learnt_from` and judged on `held_back`. It is enough where hardly a word of a target is
    left that neither the vocabulary nor the source has.
    """
    learnt_from = learnt_from[:MOST_TEXTS]
    words = [count_words(pair[side] for pair in learnt_from) for side in (0, 1)]
    for min_count in _MIN_COUNTS:
        source, target = (Tokenizer.train("word", counts, min_count=min_count) for counts in words)
        if not seen_enough(target, [pair.target for pair in learnt_from]):
            continue
        copied, lost = _shares(source, target, held_back)
        if copied < _LEAST_COPIED or copied < lost:
            return None
        if lost <= most_unseen([pair.target for pair in held_back]):
            text = Text(tokenizer="word", min_count=min_count)
            tokens = [
                ChosenTokens(text, own, f"words that occur {min_count} times or more, {len(own):,} in all", ())
                for own in (source, target)
            ]
            reason = (
                f"copying: {100 * copied:.1f} % of the held-back targets' words are in no vocabulary, but in their "
                f"sources, and {100 * lost:.1f} % are in neither"
            )
            return CopiedTokens(tokens[0], tokens[1], reason)
    return None


def _shares(source: Tokenizer, target: Tokenizer, pairs: Sequence[Pair]) -> tuple[float, float]:
    """Return the shares of the targets' tokens that have to be copied, and that could not even be copied."""
    codec = Codec(source, target, copying=Copying(source, target))
    sources = codec.encode_sources([pair.source for pair in pairs])
    ids = [index for one in codec.encode_targets([pair.target for pair in pairs], sources) for index in one]
    copied, lost = (sum(map(test, ids)) for test in (len(target).__le__, UNK_ID.__eq__))
    return copied / max(len(ids), 1), lost / max(len(ids), 1)
