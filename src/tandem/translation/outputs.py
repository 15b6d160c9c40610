"""Makes the translation of a source from the hypotheses that a search found."""

from collections.abc import Sequence
from dataclasses import replace

from tandem.metrics.calibration import Calibration
from tandem.search import Hypothesis
from tandem.text.codec import LONGEST_OUTPUT, Codec, EncodedSource
from tandem.translation.messages import Replaced, Translation
from tandem.translation.settings import SearchSettings

EMPTY = Translation("", 0.0, (), ())
"""The translation of an empty source."""


def empty_translation(settings: SearchSettings) -> Translation:
    """Return the translation of an empty source."""
    own = replace(EMPTY, replaced=()) if settings.replace_unknown else EMPTY
    return replace(own, alternatives=(own,)) if settings.several else own


def made_translation(
    codec: Codec,
    calibration: Calibration | None,
    text: str,
    source: EncodedSource,
    hypotheses: Sequence[Hypothesis],
    replaced: Sequence[tuple[Replaced, ...]] | None,
    settings: SearchSettings,
    limit: int,
) -> Translation:
    """Return the translation of one source, whose outputs have at most `limit` tokens.

    `replaced` has the replacements for the unknown words of each hypothesis; None leaves these words as they are.
    """
    made = []
    # Only a search with a coverage penalty knows the scores of its hypotheses; other scores follow from the tokens.
    ranked = settings.coverage > 0 and settings.sampling is None
    for number, h in enumerate(hypotheses):
        ids = codec.target.beginning(h.ids, LONGEST_OUTPUT, source.pieces)
        whole = len(ids) == len(h.ids)
        words = None if replaced is None else tuple(one for one in replaced[number] if one.token < len(ids))
        unknown = [f" {one.text}" if one.spaced else one.text for one in words or ()]
        made.append(
            Translation(
                codec.target.decode(ids, source.pieces, unknown=unknown)[:LONGEST_OUTPUT],
                h.score if ranked else h.log_probability / len(h.token_scores) ** settings.length_penalty,
                tuple(codec.target.tokens(ids, source.pieces)),
                h.token_scores if whole else h.token_scores[: len(ids)],
                # At the limit, only <eos> was allowed, whatever the model would have written.
                stopped="limit" if len(h.ids) >= limit or not whole else "eos",
                copied=tuple(place for place, index in enumerate(ids) if index >= len(codec.target)),
                replaced=words,
            )
        )
    best = made[0]
    calibrated = None if settings.sampling else calibration
    return replace(
        best,
        alternatives=tuple(made) if settings.several else (),
        cut=source.cut,
        unknown=codec.unknown_pieces(text, source),
        confidence=None if calibrated is None else calibrated.confidence(best.token_scores),
    )
