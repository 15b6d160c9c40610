"""A run's report.html, from what its directory holds."""

from pathlib import Path

from tandem.checkpoint import checkpoint_of
from tandem.metrics import perplexity
from tandem.recipe import dump_recipe
from tandem.recording import read_metrics
from tandem.report import ReportContents, write_report
from tandem.run.evaluate import Evaluation
from tandem.translator import Translator


def report_run(run: Path, translator: Translator, evaluation: Evaluation | None, evaluated_on: str) -> Path:
    """Write a run's report; its path.

    Its best model was evaluated on the corpus called `evaluated_on`, or not at all if the run was interrupted.
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
        ("model", f"{kind}, {recipe.model.layers} layers of {recipe.model.hidden}, {weights:,} weights"),
        (
            "vocabulary",
            f"{len(translator.source_tokenizer):,} source, {len(translator.target_tokenizer):,} target tokens",
        ),
        ("training time", _minutes(sum(row["epoch_seconds"] for row in rows))),
    ]
    if evaluation is None:
        summary.append(("not scored", "the run was interrupted"))
    else:
        sizes = f"{evaluation.pairs:,} pairs, {evaluation.sources:,} different sources"
        summary.append(("scored on", f"{evaluated_on}: {sizes}"))
    if rows:
        best = min(row["validation_loss"] for row in rows)
        summary.insert(3, ("lowest validation loss", f"{best:.3f} nats a token, perplexity {perplexity(best):.2f}"))
    path = run / "report.html"
    samples = [(s.source, s.reference, s.translation) for s in evaluation.samples] if evaluation else []
    scores = evaluation.scores if evaluation else []
    write_report(path, ReportContents(run.resolve().name, summary, metrics, scores, samples, dump_recipe(recipe)))
    return path


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
