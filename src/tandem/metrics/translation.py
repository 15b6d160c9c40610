"""The scores of machine translation, by sacreBLEU (Post 2018, arXiv 1804.08771)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import NamedTuple, cast

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from tandem.metrics.moves import BoundedTER
from tandem.metrics.score import Score, check_corpus
from tandem.metrics.sequences import cased, character_edit_rate, exact, word_edit_rate
from tandem.metrics.tokenisation import choose_tokenizer
from tandem.names import TokenizerChoice


def bleu(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool = False,
    tokenize: TokenizerChoice = "auto",
) -> Score:
    """Return BLEU of detokenised text (Papineni et al. 2002), split into words by the result of `choose_tokenizer`.

    Raise ValueError if the corpus is empty, the lengths differ, or a hypothesis has no reference.
    """
    check_corpus(hypotheses, references)
    tokenizer = choose_tokenizer(tokenize, chain.from_iterable(references))
    # `force` stops a warning of sacreBLEU in each call about text that ends in " .", as a model of words writes it.
    return _score("bleu", BLEU(lowercase=lowercase, force=True, tokenize=tokenizer), hypotheses, references)


def chrf(hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False) -> Score:
    """Return chrF2, the F-score over character 1- to 6-grams (Popović 2015); raises as `bleu` does."""
    return _score("chrf", CHRF(lowercase=lowercase), hypotheses, references)


def ter(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool = False,
    on_progress: Callable[[int], object] = lambda _: None,
) -> Score:
    """Return the translation edit rate, in which moving a phrase is one edit (Snover et al. 2006); lower is better.

    Up to 50 words, it equals that of sacreBLEU. In longer sentences whose order differs much from the reference, not
    all moves are tried; the note and the signature of the score have the number of such sentences. `on_progress` gets
    the number of newly completed sentences. Raises as `bleu` does.
    """
    metric = BoundedTER(case_sensitive=not lowercase, on_progress=on_progress)
    score = _score("ter", metric, hypotheses, references)
    if not metric.cut:
        return score
    note = (
        f"ter: {metric.cut:,} of {len(hypotheses):,} translations are long and in a very different order from their "
        "references. Not all moves of phrases were tried for them, so TER may be too high"
    )
    return replace(score, signature=f"{score.signature}|moves-cut:{metric.cut}", note=note)


def score_translations(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool,
    tokenize: TokenizerChoice = "auto",
    on_progress: Callable[[int], object] = lambda _: None,
) -> list[Score]:
    """Return BLEU, chrF, TER, exact matches and the edit rates of words and characters; raises as `bleu` does.

    `on_progress` follows TER, which takes the longest by far.
    """
    return [
        bleu(hypotheses, references, lowercase=lowercase, tokenize=tokenize),
        chrf(hypotheses, references, lowercase=lowercase),
        ter(hypotheses, references, lowercase=lowercase, on_progress=on_progress),
        exact(hypotheses, references, lowercase=lowercase),
        word_edit_rate(hypotheses, references, lowercase=lowercase),
        character_edit_rate(hypotheses, references, lowercase=lowercase),
    ]


def score_of(name: str, hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool) -> Score:
    """Return the score with this name. Raise KeyError for an unknown name; otherwise raises as `bleu` does."""
    return _BY_NAME[name](hypotheses, references, lowercase=lowercase)


_METRICS: tuple[Callable[..., Score], ...] = (bleu, chrf, ter, exact, word_edit_rate, character_edit_rate)
_BY_NAME = {metric.__name__: metric for metric in _METRICS}


class SentenceScores(NamedTuple):
    """The scores of an output against the reference that fits best."""

    exact: bool  # Whether the output equals a reference
    chrf: float  # chrF2 in percent (Popović 2015)
    character_edits: int  # Characters to insert, delete or replace to get to the nearest reference


def sentence_scores(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, lowercase: bool = False
) -> list[SentenceScores]:
    """Return the scores of each hypothesis; raises as `bleu` does."""
    check_corpus(hypotheses, references)
    metric = CHRF()
    results = []
    for hypothesis, alternatives in zip(hypotheses, references, strict=True):
        text, *wanted = (cased(text, lowercase) for text in (hypothesis, *alternatives))
        edits = min(Levenshtein.distance(text, reference) for reference in wanted)
        results.append(SentenceScores(edits == 0, metric.sentence_score(text, wanted).score, edits))
    return results


def reference_streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Arrange the references as sacreBLEU needs them: the first one of every sentence, then the second ones, and so on.

    A sentence without further references has None.
    """
    return [list(stream) for stream in zip_longest(*references)]


def _score(name: str, metric: Metric, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    check_corpus(hypotheses, references)
    streams = reference_streams(references)
    # sacreBLEU's annotation lacks the None that its documentation allows.
    result = metric.corpus_score(hypotheses, cast(Sequence[Sequence[str]], streams))
    return Score(name, result.score, f"{result.name}|{metric.get_signature()}")
