"""`tandem.push`: a model to the Hugging Face Hub, with a card that is written from its run."""

import re
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

from tandem.errors import HubError
from tandem.exported import read_export
from tandem.files.paths import path_of
from tandem.files.seals import FORMAT_FILE, check_directory
from tandem.hub.card import Card
from tandem.hub.naming import MODEL_FILES, checked_name
from tandem.hub.pushing import Pushed, push_files
from tandem.metrics.score import Score
from tandem.model_files import read_model_files
from tandem.model_paths import WEIGHTS, is_export, read_models
from tandem.runs.provenance import read_provenance
from tandem.runs.scores import read_scores
from tandem.version import __version__

_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


@dataclass(frozen=True)
class Publication:
    """What a push writes to the Hub."""

    directory: Path
    """The checkpoint or the export."""
    files: tuple[str, ...]
    """Those of its files that are pushed."""
    card: Card


def push(
    model: str | Path,
    name: str,
    *,
    private: bool = False,
    license: str | None = None,
    revision: str | None = None,
    message: str | None = None,
) -> Pushed:
    """Write a model to the Hugging Face Hub as OWNER/NAME, so that `tandem.load("hf:OWNER/NAME")` loads it.

    The model is a run (of which the best checkpoint counts), a checkpoint or an export. Its own files are pushed, with
    a card that says what it was made of and what it is worth, and nothing else of the run. The repository is made where
    it is missing, `private` if so wanted; `revision` is a branch, which is made likewise. `license` stands in the card.

    Raise CheckpointError where the model is damaged, and HubError where the Hub refuses or cannot be reached.
    """
    publication = prepare_push(model, name, license=license, revision=revision)
    return push_files(
        publication.directory,
        publication.files,
        publication.card.text(),
        publication.card.name,
        private=private,
        message=message or f"A model of Tandem {__version__}",
    )


def prepare_push(
    model: str | Path, name: str, *, license: str | None = None, revision: str | None = None
) -> Publication:
    """Check a model and write its card, without a network. Raise as `push` does."""
    path = path_of(model, "model")
    hub_name = checked_name(name, revision)
    if license is not None and not _LICENSE.fullmatch(license):
        raise HubError(
            f"{license}: this is no name of a licence on the Hub. Such names are in lower case, like apache-2.0, mit "
            "or cc-by-4.0; take other for one of your own"
        )

    def read(directories: list[Path]) -> Publication:
        (directory,) = directories
        export = read_export(directory) if is_export(directory) else None
        files = read_model_files(directory, [WEIGHTS]) if export is None else export.files
        listed = check_directory(directory, ())
        sessions = read_provenance(directory)
        scored_on, scores = _scores(path, directory.name)
        card = Card(
            hub_name,
            files.recipe,
            files.sizes,
            calibrated=files.calibration is not None,
            export=None if export is None else export.precision,
            parameters=_parameters(directory / WEIGHTS) if export is None else None,
            corpora={
                part: [(file["name"], file["sha256"]) for file in corpus]
                for session in sessions[:1]
                for part, corpus in session.corpora.items()
            },
            scores=scores,
            scored_on=scored_on,
            software=f"Tandem {sessions[-1].tandem}, torch {sessions[-1].torch}" if sessions else "",
            license=license,
        )
        return Publication(directory, tuple(sorted({FORMAT_FILE, *listed} & MODEL_FILES)), card)

    return read_models([path], read)


def _parameters(weights: Path) -> int:
    """Return the number of weights in a file that was checked; shared ones count once."""
    with safe_open(weights, "np") as opened:
        shapes = [opened.get_slice(name).get_shape() for name in opened.keys()]  # noqa: SIM118 - it is no mapping
    total = 0
    for shape in shapes:
        count = 1
        for size in shape:
            count *= size
        total += count
    return total


def _scores(run: Path, checkpoint: str) -> tuple[str, list[Score]]:
    """Return on which part of the data a run's checkpoint was scored, and the scores; none for a lone checkpoint.

    A run that has not ended has those of its validation, which were measured greedily.
    """
    saved = read_scores(run, checkpoint)
    if saved is not None:
        return saved.corpus, saved.finite()
    if not (run / "metrics.jsonl").exists():
        return "", []
    from tandem.recording import read_metrics  # it takes torch, which whoever pushes an export may not have

    for row in read_metrics(run / "metrics.jsonl"):
        if row["event"] == "validated" and f"epoch-{row['epoch']:03d}" == checkpoint:
            signature = f"search:greedy|validation of epoch {row['epoch']} during the training"
            scores = {**row["scores"], "loss": row["validation_loss"]}
            return "validation", [Score(name, value, signature) for name, value in scores.items() if value is not None]
    return "", []
