"""The report.html of a run, from the content of its directory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tandem.analysis import References, System, compare_systems
from tandem.files.atomic import replace_file
from tandem.files.paths import read_text, resolved
from tandem.metrics import perplexity
from tandem.metrics.bootstrap import Resampling
from tandem.model_paths import checkpoint_of
from tandem.recipe import dump_recipe
from tandem.recording import read_metrics
from tandem.report import ReportContents, write_report
from tandem.runs.analyses import look_at, place_in_plane, sample_evenly
from tandem.runs.baselines import Baseline
from tandem.runs.evaluation import LEAST_CALIBRATED, Evaluation
from tandem.runs.provenance import read_provenance
from tandem.runs.scores import write_scores
from tandem.terminal import counted
from tandem.translation.translator import Translator

_REASONS = "choice.txt"
_MOST_REASONS = 2**20  # the largest size of the file in bytes


@dataclass(frozen=True)
class Evaluated:
    """The evaluation of a run's best model."""

    evaluation: Evaluation
    corpus: str  # the name of the corpus that it was evaluated on
    pairs: Sequence[tuple[str, str]]
    baselines: Sequence[Baseline] = ()


def write_reasons(run: Path, reasons: Sequence[str]) -> None:
    """Keep why the recipe of the run was chosen, one line a reason. Without reasons, remove those of an earlier run."""
    if not reasons:
        (run / _REASONS).unlink(missing_ok=True)
        return
    replace_file(run / _REASONS, "".join(f"{reason}\n" for reason in reasons))


def _read_reasons(run: Path) -> list[str]:
    path = run / _REASONS
    return read_text(path, _MOST_REASONS).splitlines() if path.is_file() else []


def report_run(run: Path, translator: Translator, evaluated: Evaluated | None) -> Path:
    """Write the report of a run and its scores.json, and return the report's path.

    `evaluated` is None where the run was interrupted: there are no scores then.
    """
    metrics = read_metrics(run / "metrics.jsonl")
    recipe = translator.recipe
    rows = [row for row in metrics if row["event"] == "validated"]
    weights = sum(parameter.numel() for parameter in translator.model.parameters())
    kind = recipe.model.cell.upper()
    summary = [
        (
            "kept",
            f"{checkpoint_of(run).name} of {recipe.training.epochs}, the best by validation {recipe.training.keep}",
        ),
        ("model", f"{kind}, {counted(recipe.model.layers, 'layer')} of {recipe.model.hidden}, {weights:,} weights"),
        (
            "vocabulary",
            f"{len(translator.source_tokenizer):,} source, {len(translator.target_tokenizer):,} target tokens",
        ),
        ("training time", _minutes(sum(row["epoch_seconds"] for row in rows))),
    ]
    if evaluated is None:
        summary.append(("not scored", "the run was interrupted"))
    else:
        evaluation = evaluated.evaluation
        sizes = f"{counted(evaluation.pairs, 'pair')}, {counted(evaluation.sources, 'different source')}"
        summary.append(("scored on", f"{evaluated.corpus}: {sizes}"))
    if rows:
        best = min(row["validation_loss"] for row in rows)
        summary.insert(3, ("lowest validation loss", f"{best:.3f} nats a token, perplexity {perplexity(best):.2f}"))
    if evaluated is not None:
        write_scores(run, checkpoint_of(run).name, evaluated.corpus, evaluated.evaluation)
    path = run / "report.html"
    contents = ReportContents(
        resolved(run).name,
        summary,
        metrics,
        recipe=dump_recipe(recipe),
        reasons=_read_reasons(run),
        sessions=[session.described() for session in read_provenance(run)],
    )
    write_report(path, contents if evaluated is None else _with_scores(contents, translator, evaluated))
    return path


def _with_scores(contents: ReportContents, translator: Translator, evaluated: Evaluated) -> ReportContents:
    """Add the scores, and where the model is good and where it is not."""
    evaluation = evaluated.evaluation
    references = References.of(
        evaluated.pairs,
        lowercase=translator.recipe.search.lowercase_scores,
        sources_lowercase=translator.source_tokenizer.lowercase,
        features=translator.source_tokenizer.has_features,
        tokenize=translator.recipe.search.score_tokenize,
    )
    findings = compare_systems([System.of(contents.title, evaluation.translations, references)], Resampling())
    phrases, translations = sample_evenly(references.sources, evaluation.translations)
    return replace(
        contents,
        scores=evaluation.scores,
        baselines=[baseline.message() for baseline in evaluated.baselines],
        reliability=evaluation.reliability() if evaluation.sources >= LEAST_CALIBRATED else (),
        samples=[(sample.source, sample.reference, sample.translation) for sample in evaluation.samples],
        findings=findings,
        attention=look_at(translator, contents.title, references.sources, translator.search_settings()),
        contexts=place_in_plane(translator, contents.title, phrases, translations, None),
    )


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
