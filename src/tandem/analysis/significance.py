"""Whether two systems differ by more than chance: sacreBLEU's paired tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest, Result

from tandem.analysis.systems import System
from tandem.metrics.translation import reference_streams
from tandem.text import norm_signature

_Scores: TypeAlias = Mapping[str, Sequence[str | Result]]


@dataclass(frozen=True)
class Comparison:
    """A system beside the first one, by one metric."""

    system: str
    baseline: str
    metric: str
    """`BLEU` or `chrF2`."""
    difference: float
    """What the system has more than the baseline."""
    p_bootstrap: float
    """By paired bootstrap resampling (Koehn 2004)."""
    p_randomisation: float
    """By approximate randomisation (Riezler & Maxwell 2005)."""
    signatures: tuple[str, str]
    """Of the two tests, as sacreBLEU writes them."""


def paired_tests(systems: Sequence[System], samples: int) -> tuple[Comparison, ...]:
    """Each system against the first one. `samples`: resamples of the bootstrap; the other test makes 10,000 trials.

    Both draw with the seed that sacreBLEU takes from SACREBLEU_SEED, 12345 unless it is set. The bootstrap holds about
    72 bytes a sentence and resample.
    """
    if len(systems) < 2:
        return ()
    references = systems[0].references
    found = []
    for kind, number in (("bs", samples), ("ar", 0)):
        metrics = {
            "BLEU": BLEU(lowercase=references.lowercase, force=True, tokenize=references.tokenizer),
            "chrF": CHRF(lowercase=references.lowercase),
        }
        named: list[tuple[str, Sequence[str]]] = [(system.name, system.translations) for system in systems]
        # Its annotation forgets the None that its documentation allows.
        streams = cast(Sequence[Sequence[str]], reference_streams(references.texts))
        found.append(PairedTest(named, metrics, streams, test_type=kind, n_samples=number)())
    norm = norm_signature(raw=references.raw)
    (signatures, bootstrap), (other_signatures, randomisation) = found
    return tuple(
        Comparison(
            system.name,
            systems[0].name,
            metric,
            _result(bootstrap, metric, row).score - _result(bootstrap, metric, 0).score,
            _p_value(bootstrap, metric, row, system, systems[0]),
            _p_value(randomisation, metric, row, system, systems[0]),
            (f"{metric}|{signatures[metric]}|{norm}", f"{metric}|{other_signatures[metric]}|{norm}"),
        )
        for row, system in enumerate(systems[1:], start=1)
        for metric in signatures
    )


def _result(scores: _Scores, metric: str, row: int) -> Result:
    """Of a system; the table has names in one column and results in the others."""
    return cast(Result, scores[metric][row])


def _p_value(scores: _Scores, metric: str, row: int, system: System, baseline: System) -> float:
    """Of a system that is not the first one, and so has one."""
    if list(system.translations) == list(baseline.translations):
        # No resample differs by more than nothing: sacreBLEU would say that this cannot be chance.
        return 1.0
    return cast(float, _result(scores, metric, row).p_value)
