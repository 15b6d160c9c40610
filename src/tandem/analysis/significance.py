"""Whether two systems differ by more than chance: sacreBLEU's paired tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest, Result

from tandem.analysis.systems import System
from tandem.metrics.translation import reference_streams
from tandem.text import norm_signature


@dataclass(frozen=True)
class Comparison:
    """A system compared with the first one, by one metric."""

    system: str
    baseline: str
    metric: str  # `BLEU` or `chrF2`
    difference: float
    p_bootstrap: float  # The p value by paired bootstrap resampling (Koehn 2004)
    p_randomisation: float  # The p value by approximate randomisation (Riezler & Maxwell 2005)
    signatures: tuple[str, str]  # The signatures of the two tests, in sacreBLEU's notation


def paired_tests(systems: Sequence[System], samples: int) -> tuple[Comparison, ...]:
    """Compare each system with the first one.

    The bootstrap draws `samples` resamples; the other test makes 10,000 trials. Both draw with the seed in
    SACREBLEU_SEED, or else 12345. The bootstrap needs about 72 bytes for each sentence and resample.
    """
    if len(systems) < 2:
        return ()
    references = systems[0].references
    results = []
    for kind, number in (("bs", samples), ("ar", 0)):
        metrics = {
            "BLEU": BLEU(lowercase=references.lowercase, force=True, tokenize=references.tokenizer),
            "chrF": CHRF(lowercase=references.lowercase),
        }
        named: list[tuple[str, Sequence[str]]] = [(system.name, system.translations) for system in systems]
        # sacreBLEU's annotation lacks the None that its documentation allows.
        streams = cast(Sequence[Sequence[str]], reference_streams(references.texts))
        results.append(PairedTest(named, metrics, streams, test_type=kind, n_samples=number)())
    norm = norm_signature(raw=references.raw)
    (signatures, bootstrap), (other_signatures, randomisation) = results
    comparisons = []
    for row, system in enumerate(systems[1:], start=1):
        # Where nothing differs, sacreBLEU would report that this cannot be chance.
        same = list(system.translations) == list(systems[0].translations)
        for metric in signatures:
            # Of the columns, only that of the names has no results.
            first, drawn, permuted = (
                cast(Result, scores[metric][n])
                for scores, n in ((bootstrap, 0), (bootstrap, row), (randomisation, row))
            )
            comparisons.append(
                Comparison(
                    system.name,
                    systems[0].name,
                    metric,
                    drawn.score - first.score,
                    1.0 if same else cast(float, drawn.p_value),
                    1.0 if same else cast(float, permuted.p_value),
                    (f"{metric}|{signatures[metric]}|{norm}", f"{metric}|{other_signatures[metric]}|{norm}"),
                )
            )
    return tuple(comparisons)
