"""The scores of machine translation, by sacreBLEU (Post 2018, arXiv 1804.08771)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import cast

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from tandem.metrics.moves import BoundedTER
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


def ter(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    lowercase: bool = False,
    on_progress: Callable[[int], object] = lambda _: None,
) -> Score:
    """Return the translation edit rate, in which moved phrases are one edit (Snover et al. 2006).

    Lower is better. Up to 50 words it is sacreBLEU's; in longer sentences in which very much is moved, not all moves
    are tried, and the score's note and signature say in how many. `on_progress` gets the number of sentences that were
    done, each time that some were. Raises as `bleu` does.
    """
    metric = BoundedTER(case_sensitive=not lowercase, on_progress=on_progress)
    score = _score("ter", metric, hypotheses, references)
    if not metric.cut:
        return score
    note = (
        f"ter: of {metric.cut:,} of {len(hypotheses):,} translations, which are long and hardly in the order of their "
        "references, not all moved phrases were looked for: their edits may be fewer"
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

    `on_progress` is told of TER's progress, which takes longest by far.
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
    """Return the one of these scores that has this name; KeyError where none has it; raises as `bleu` does besides."""
    return _BY_NAME[name](hypotheses, references, lowercase=lowercase)


_BY_NAME: Mapping[str, Callable[..., Score]] = {
    "bleu": bleu,
    "chrf": chrf,
    "ter": ter,
    "exact": exact,
    "word_edit_rate": word_edit_rate,
    "character_edit_rate": character_edit_rate,
}


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
