"""The scores that come from the likelihood of a corpus's targets, each with its signature."""

import math
from collections.abc import Sequence

from tandem.corpora.pairs import Pair
from tandem.engines.onnx_engine import OnnxEngine
from tandem.metrics import Score, perplexity
from tandem.terminal import OnProgress
from tandem.translation.translator import Translator
from tandem.version import __version__


def measure_targets(translator: Translator, pairs: Sequence[Pair], on_progress: OnProgress) -> list[Score]:
    """Measure the likelihood of the targets of pairs, and return its scores.

    An ensemble and an export have only the teacher-forced ones.
    """
    if translator.size > 1 or isinstance(translator.engine, OnnxEngine):
        on_progress("likelihoods of the targets", 0, 1)
        results = translator.score([pair.source for pair in pairs], [pair.target for pair in pairs])
        nats = -math.fsum(result.log_probability for result in results)
        return forced_scores(translator, pairs, sum(len(result.token_scores) for result in results), nats)
    from tandem.runs.likelihoods import corpus_likelihoods

    forced, free = corpus_likelihoods(translator, pairs, on_progress)
    signature = _token_signature(translator, forced.tokens)
    return [
        *forced_scores(translator, pairs, forced.tokens, forced.nll),
        Score("token_accuracy", forced.accuracy, f"teacher-forced|{signature}"),
        Score("free_running_loss", free.loss, f"free-running|{signature}"),
    ]


def forced_scores(translator: Translator, pairs: Sequence[Pair], tokens: int, nats: float) -> list[Score]:
    """Return the teacher-forced scores; the negative log-likelihood of all targets is `nats`."""
    characters = sum(len(translator.target_tokenizer.normalise(pair.target)) for pair in pairs)
    signature = f"teacher-forced|{_token_signature(translator, tokens)}"
    bits = nats / math.log(2) / characters
    return [
        Score("loss", nats / tokens, signature),
        Score("perplexity", perplexity(nats / tokens), signature),
        Score("bits_per_character", bits, f"{signature}|characters:{characters}"),
    ]


def _token_signature(translator: Translator, tokens: int) -> str:
    return f"tokens:{tokens}|tok:{translator.target_tokenizer.kind}|eos:counted|tandem:{__version__}"
