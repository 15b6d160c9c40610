"""Whether two translators write the same: how far their log-probabilities are apart, and how near a choice was."""

from collections.abc import Sequence

import numpy as np

from benchmarks.rounds import Figures, rounded
from tandem import Translation, Translator
from tandem.search import Inputs, search_steps
from tandem.translation.settings import SearchSettings

BEAMS = {"greedy": 1, "beam 5": 5}
BATCH_SIZES = (1, 7, 256)
CLOSE = 1e-5
"""How near two scores lie, in nats, where rounding may decide between them."""
MOST_DIFFERING = 1 / 1000
"""The share of outputs that may differ, of all that are compared."""


def compare_outputs(plain: Translator, exported: Translator, texts: Sequence[str]) -> list[Figures]:
    """Return of each search and batch size how many outputs are equal, and how near the log-probabilities of those are.

    Of each output that differs there is in "gaps" how near two scores came to each other.
    """
    return [
        {"search": name, "batch_size": size, **_compared(plain, exported, texts, _settings(plain, beam, size))}
        for name, beam in BEAMS.items()
        for size in BATCH_SIZES
    ]


def is_kept(rows: Sequence[Figures]) -> bool:
    """Return whether few enough outputs differ, and those only where two scores are close."""
    differing, outputs = (sum(values) for values in zip(*((len(r["gaps"]), r["outputs"]) for r in rows), strict=True))
    return differing <= MOST_DIFFERING * outputs and all(gap <= CLOSE for row in rows for gap in row["gaps"])


def compare_batch_sizes(translator: Translator, texts: Sequence[str]) -> list[Figures]:
    """Return of each search how many outputs are the same at all batch sizes, and how near their log-probabilities."""
    rows = []
    for name, beam in BEAMS.items():
        made = [translator.translate(texts, _settings(translator, beam, size)) for size in BATCH_SIZES]
        equal = [own for own in zip(*made, strict=True) if len({output.tokens for output in own}) == 1]
        pairs = [(first, other) for first, *others in equal for other in others]
        rows.append({"search": name, "outputs": len(texts), "equal": len(equal), **_differences(pairs)})
    return rows


def closest_scores(translator: Translator, text: str, settings: SearchSettings) -> float:
    """Return how near, in nats, two scores come to each other that a search chooses between on its way."""
    (source,) = translator.codec.encode_sources([text])
    engine, search = translator.engine, settings.method
    # A beam looks at 2 K continuations, of which K may end; the next one is what might have taken a place.
    count = 2 if search.width == 1 else 2 * search.width + 1
    state, tokens, scores = engine.start([source.ids]), np.array([engine.sos]), np.zeros(1)
    nearest = np.inf
    for step in search_steps(search, engine, Inputs([source.ids], [settings.max_length(len(source.ids))])):
        found = engine.step(tokens, state, count)
        best = np.sort((scores[:, None] + found.scores).ravel())[::-1][:count]
        nearest = min(nearest, -np.diff(best[np.isfinite(best)]).max(initial=-np.inf))
        if not len(step.parents):
            break
        state, tokens, scores = found.state.select(step.parents), step.tokens, step.scores
    return float(nearest)


def _settings(translator: Translator, beam: int, size: int) -> SearchSettings:
    return translator.search_settings(beam=beam, batch_size=size)


def _compared(plain: Translator, exported: Translator, texts: Sequence[str], settings: SearchSettings) -> Figures:
    made = [translator.translate(texts, settings) for translator in (plain, exported)]
    rows = list(zip(texts, *made, strict=True))
    equal = [(own, other) for _, own, other in rows if own.tokens == other.tokens]
    # Where a choice on the way was clear, the last one may have been close: between two whole outputs.
    gaps = [
        min(abs(own.score - other.score), closest_scores(plain, text, settings))
        for text, own, other in rows
        if own.tokens != other.tokens
    ]
    return {
        "outputs": len(texts),
        "equal": len(equal),
        **_differences(equal),
        "gaps": [rounded(gap) for gap in gaps],
    }


def _differences(pairs: Sequence[tuple[Translation, Translation]]) -> Figures:
    """Return the largest differences between log-probabilities, in nats: of a token, and of a whole output."""
    of_tokens = (
        abs(one - another)
        for own, other in pairs
        for one, another in zip(own.token_scores, other.token_scores, strict=True)
    )
    of_outputs = (abs(own.log_probability - other.log_probability) for own, other in pairs)
    return {"token": rounded(max(of_tokens, default=0.0)), "output": rounded(max(of_outputs, default=0.0))}
