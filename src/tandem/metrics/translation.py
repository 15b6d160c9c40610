"""The scores of machine translation, by sacreBLEU (Post 2018, arXiv 1804.08771)."""

from collections.abc import Sequence
from itertools import chain
from typing import cast

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from tandem.metrics.score import Score, check_corpus
from tandem.metrics.sequences import character_edit_rate, exact, word_edit_rate
from tandem.metrics.tokenisation import TokenizerChoice, choose_tokenizer


def bleu(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool = False,
    tokenize: TokenizerChoice = "auto",
) -> Score:
    """Return BLEU of detokenised text (Papineni et al. 2002), its words told apart as `choose_tokenizer` says.

    Raises ValueError when the corpus is empty, the lengths differ or a hypothesis has no reference.
    """
    check_corpus(hypotheses, references)
    tokenizer = choose_tokenizer(tokenize, chain.from_iterable(references))
    # force: text that ends in " ." is what a model of words writes, and sacreBLEU would warn at each call.
    return _score("bleu", BLEU(lowercase=lowercase, force=True, tokenize=tokenizer), hypotheses, references)


def chrf(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return chrF2, the F-score over character 1- to 6-grams (Popović 2015); raises as `bleu` does."""
    return _score("chrf", CHRF(lowercase=lowercase), hypotheses, references)


def ter(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return the translation edit rate, in which moved phrases are one edit (Snover et al. 2006).

    Lower is better. Raises as `bleu` does.
    """
    return _score("ter", TER(case_sensitive=not lowercase), hypotheses, references)


def score_translations(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool,
    tokenize: TokenizerChoice = "auto",
) -> list[Score]:
    """Return BLEU, chrF, TER, exact matches and the edit rates of words and characters; raises as `bleu` does."""
    metrics = (chrf, ter, exact, word_edit_rate, character_edit_rate)
    first = bleu(hypotheses, references, lowercase=lowercase, tokenize=tokenize)
    return [first, *(metric(hypotheses, references, lowercase=lowercase) for metric in metrics)]


def reference_streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """The references as sacreBLEU wants them: the first ones of all sentences, then the second ones, and so on.

    None stands where a sentence has no more.
    """
    width = max(len(alternatives) for alternatives in references)
    return [
        [alternatives[rank] if rank < len(alternatives) else None for alternatives in references]
        for rank in range(width)
    ]


def _score(name: str, metric: Metric, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    check_corpus(hypotheses, references)
    streams = reference_streams(references)
    # Its annotation forgets the None that its documentation allows.
    result = metric.corpus_score(hypotheses, cast(Sequence[Sequence[str]], streams))
    return Score(name, result.score, f"{result.name}|{metric.get_signature()}")
