"""Loads a translator from paths: runs and checkpoints with PyTorch, exports without it."""

from collections.abc import Sequence
from pathlib import Path

from tandem.errors import ArgumentError
from tandem.exported import read_export
from tandem.files.paths import path_of
from tandem.hub.fetching import local_model
from tandem.model_paths import is_export
from tandem.names import Averaging, Device, Precision
from tandem.text.differences import check_vocabularies
from tandem.translation.constructors import translator_from_exports, translator_from_members
from tandem.translation.translator import Translator


def load(
    path: str | Path | Sequence[str | Path],
    *,
    device: Device = "auto",
    precision: Precision = "float32",
    averaging: Averaging = "arithmetic",
    threads: int = 1,
) -> Translator:
    """Load a run (its best checkpoint), a checkpoint or an export; several paths make an ensemble.

    `hf:OWNER/NAME` and `hf:OWNER/NAME@REVISION` are models on the Hugging Face Hub, which are downloaded.

    Members decode together: `averaging` says which mean of their probabilities is taken. An export runs on the CPU,
    with so many `threads`, in the precision that it was written in. Raise CheckpointError where a model is damaged, or
    where the members don't share their vocabularies; ArgumentError for exports beside others, or on another device or
    in another precision; HubError where a model cannot be fetched.
    """
    several = path if isinstance(path, Sequence) and not isinstance(path, str) else [path]
    paths = [local_model(path_of(each, "path")) for each in several]
    if not paths:
        raise ValueError("there is no model to load: name at least one run, checkpoint or export")
    exported = [each for each in paths if is_export(each)]
    if exported and len(exported) < len(paths):
        other = next(each for each in paths if each not in exported)
        raise ArgumentError(
            f"{exported[0]} is an export and {other} is not: the members of an ensemble must all be exports, or all "
            f"be runs and checkpoints. Export the others, too (tandem export {other})"
        )
    if exported:
        return _load_exports(paths, device, precision, averaging, threads)
    return _load_checkpoints(paths, device, precision, averaging)


def _load_exports(
    paths: list[Path], device: Device, precision: Precision, averaging: Averaging, threads: int
) -> Translator:
    for option, value, allowed in (("device", device, ("auto", "cpu")), ("precision", precision, ("auto", "float32"))):
        if value not in allowed:
            raise ArgumentError(
                f"{option} is {value!r}, but {paths[0]} is an export, which runs on the CPU in the precision that it "
                "was written in. Leave the option out, or name the run that it was made from"
            )
    exports = [read_export(each) for each in paths]
    check_vocabularies(paths, [(export.files.source_tokenizer, export.files.target_tokenizer) for export in exports])
    calibration = exports[0].files.calibration if len(exports) == 1 else None
    return translator_from_exports(exports, averaging=averaging, calibration=calibration, threads=threads)


def _load_checkpoints(paths: list[Path], device: Device, precision: Precision, averaging: Averaging) -> Translator:
    from tandem.checkpoint import load_checkpoint
    from tandem.devices import choose_device, choose_precision
    from tandem.engines.members import Member

    where = choose_device(device)
    checkpoints = [load_checkpoint(each) for each in paths]
    check_vocabularies(paths, [(each.source_tokenizer, each.target_tokenizer) for each in checkpoints])
    return translator_from_members(
        [Member(checkpoint.model, checkpoint.recipe) for checkpoint in checkpoints],
        checkpoints[0].source_tokenizer,
        checkpoints[0].target_tokenizer,
        device=where,
        dtype=choose_precision(precision, where),
        averaging=averaging,
        calibration=checkpoints[0].calibration if len(checkpoints) == 1 else None,
    )
