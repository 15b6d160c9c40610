"""The scores of a bulk job that translated and scored pairs: the figures that `evaluate` gives on all of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tandem.bulk.bulk_job import BulkJob
from tandem.bulk.folder import BulkFolder
from tandem.bulk.merging import Manifest
from tandem.bulk.shard_worker import load_models
from tandem.errors import OutputError, RecipeError
from tandem.files.compression import unpacked
from tandem.names import TokenizerChoice
from tandem.runs.evaluation import Evaluation, evaluate_made
from tandem.terminal import OnProgress
from tandem.translation.messages import Translation
from tandem.translation.settings import SearchSettings


class BulkEvaluation(NamedTuple):
    """The scores of a job, and the number of lines that were left out."""

    evaluation: Evaluation
    dropped: int


def evaluate_bulk(
    path: Path,
    *,
    lowercase: bool | None = None,
    raw: bool = False,
    tokenize: TokenizerChoice | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> BulkEvaluation:
    """Measure the translations of a finished job in a folder; lines that could not be translated are left out.

    `lowercase` is as the recipe says where it is None. Scores that need another pass of a PyTorch model over the
    corpus, `token_accuracy` and `free_running_loss`, are left out. All translations are held in memory. Raise
    OutputError where the job is not complete, and RecipeError where its task is not `evaluate`.
    """
    folder = BulkFolder(path)
    job, manifest = BulkJob.read(folder), Manifest.read(folder)
    if job.options.task != "evaluate":
        raise RecipeError(f"{path}: this job has the task {job.options.task}. Only a job of --task evaluate has scores")
    if manifest is None:
        raise OutputError(f"{path}: the job is not complete. Give its command again to finish it")
    translator = load_models(job, threads=1)
    pairs, made, tokens, nats = [], [], 0, 0.0
    for record in _records(folder, manifest):
        pairs.append((record["source"], record["target"]))
        made.append(
            Translation(
                record["translation"],
                0.0,
                tuple(record["tokens"]),
                tuple(record["token_scores"]),
                stopped=record["stopped"],
                confidence=record["confidence"],
            )
        )
        tokens += record["target_tokens"]
        nats -= record["target_log_probability"]
    lower = translator.recipe.search.lowercase_scores if lowercase is None else lowercase
    evaluation = evaluate_made(
        translator,
        pairs,
        made,
        tokens,
        nats,
        SearchSettings.restored(job.options.settings),
        lowercase=lower,
        raw=raw,
        tokenize=tokenize,
        on_progress=on_progress,
    )
    return BulkEvaluation(evaluation, manifest.faults)


def _records(folder: BulkFolder, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Yield what the outputs say of each pair that could be translated."""
    for output in manifest.outputs:
        with (folder.output / output.file).open("rb") as file:
            for line in unpacked(file):
                record = json.loads(line)
                if not record.pop("fault"):
                    yield record
