"""Decoding with ensembles: what n members cost, beside n times what one of them costs."""

from pathlib import Path

from benchmarks.corpora import MeasuredCorpus
from benchmarks.decoding import batched, make_translators
from benchmarks.plan import Plan
from benchmarks.rounds import Figures, Turn, alternate, compare, evenly, rounded
from benchmarks.tables import Table, number, percent
from tandem import Translator
from tandem.names import Averaging
from tandem.translation.constructors import translator_from_members

_SIZES = (2, 5)
_BEAMS = (1, 12)
_AVERAGINGS: tuple[Averaging, ...] = ("arithmetic", "geometric")


def measure_ensembles(plan: Plan, corpus: MeasuredCorpus, run: Path | None) -> Figures:
    """Rates of one model, and of ensembles of copies of it, which put out the very same and so take as many steps.

    With a run its weights are measured. Without one they are random, and every output has the same length.
    """
    texts = evenly([source for source, _ in corpus.test], plan.ensemble_sentences)
    figures: Figures = {
        "unit": "sentences/s",
        "weights": "trained" if run else f"random, {plan.output_length} tokens an output",
        "sentences": len(texts),
        "sides": {},
    }
    for precision, one in make_translators(plan, corpus, run).items():
        for beam in _BEAMS:
            settings = one.search_settings(beam=beam)
            turns: dict[str, Turn] = {"one model": batched(one, texts, settings)}
            for size in _SIZES:
                for averaging in _AVERAGINGS:
                    turns[f"{size} members, {averaging}"] = batched(_copies(one, size, averaging), texts, settings)
            rates = compare(alternate(turns, plan.alternations), "one model")
            for size in _SIZES:
                for averaging in _AVERAGINGS:
                    row = rates[f"{size} members, {averaging}"]
                    row["cost"] = rounded(1 / row["ratio_of_rounds"] / size)
            figures["sides"][f"{precision}, {'greedy' if beam == 1 else f'beam {beam}'}"] = rates
    return figures


def _copies(one: Translator, size: int, averaging: Averaging) -> Translator:
    return translator_from_members(
        one.members * size,
        one.source_tokenizer,
        one.target_tokenizer,
        device=one.device,
        dtype=one.dtype,
        averaging=averaging,
    )


def ensemble_tables(figures: Figures) -> list[Table]:
    """The rates, and the share of so many single decodings that an ensemble's takes."""
    rows = [
        [f"{side}, {name}", number(row["median"]), percent(row["cost"]) if "cost" in row else ""]
        for side, rates in figures["sides"].items()
        for name, row in rates.items()
    ]
    title = f"Decoding of {figures['sentences']:,} sentences with ensembles, weights {figures['weights']}"
    return [Table(title, ("side", "sentences/s", "cost, of as many single models"), rows)]
