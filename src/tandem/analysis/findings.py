"""The whole comparison of systems on a corpus."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tandem.analysis.alignments import Attention
from tandem.analysis.breakdown import Breakdown, by_frequency, by_length, frequency_ranks
from tandem.analysis.mistakes import Confusions, WorstSentences, confusions, worst_sentences
from tandem.analysis.plane import Plane
from tandem.analysis.significance import Comparison, paired_tests
from tandem.analysis.systems import System, SystemScore, score_systems
from tandem.metrics.bootstrap import Resampling


@dataclass(frozen=True)
class Findings:
    """How systems do on a corpus. BLEU and chrF are in percent."""

    sources: int  # The number of distinct sources
    references: int
    lowercase: bool
    resampling: str  # The signature of the resamples that the intervals come from
    scores: tuple[SystemScore, ...]
    comparisons: tuple[Comparison, ...]
    by_length: Breakdown
    by_frequency: Breakdown
    confusions: tuple[Confusions, ...]
    worst: tuple[WorstSentences, ...]


@dataclass(frozen=True)
class Analysis:
    """The result of `tandem analyse`."""

    corpus: str
    findings: Findings
    contexts: Plane | None  # The contexts of the first model; None without a model
    attention: tuple[Attention, ...] = ()  # Where the models that have attention look


def compare_systems(
    systems: Sequence[System], resampling: Resampling, training: Iterable[str] | None = None
) -> Findings:
    """Look at systems that translated the same corpus, the first of them the one that others are compared with.

    Words are ranked by their frequency in the `training` sources, or else in the corpus's own.
    """
    references = systems[0].references
    texts = references.sources if training is None else training
    ranks = frequency_ranks(texts, references.source_tokenizer, lowercase=references.lowercase)
    ranked_in = "the analysed sources" if training is None else "the training data"
    return Findings(
        sources=len(references.sources),
        references=sum(len(texts) for texts in references.texts),
        lowercase=references.lowercase,
        resampling=resampling.signature,
        scores=score_systems(systems, resampling),
        comparisons=paired_tests(systems, resampling.samples),
        by_length=by_length(systems, resampling),
        by_frequency=by_frequency(systems, ranks, ranked_in, resampling),
        confusions=tuple(confusions(system) for system in systems),
        worst=tuple(worst_sentences(system) for system in systems),
    )
