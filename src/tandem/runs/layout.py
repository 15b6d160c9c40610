"""The files that a training writes into the directory of its run: they may be removed, and must not be links."""

from tandem.files.removal import Layout, names

EPOCH, STATE = names(r"epoch-\d{3,}"), names(r"step-\d{8,}(-validated)?")
"""The names of a checkpoint and of a state for resuming."""

CHECKPOINT_LAYOUT: Layout = {
    names(r"(model|optimizer|random)\.safetensors"): None,
    names(r"recipe\.toml|(source|target)\.tokenizer\.json"): None,
    names(r"(calibration|provenance|progress|format)\.json"): None,
}

_REPLACED = r"recipe\.toml|(provenance|current)\.json|metrics\.jsonl|report\.html|choice\.txt|run\.lock\.json"


def _begun(name: str) -> str:
    """Return a pattern for this name, and for the directory of this name while it is being written."""
    return rf"{name}|\.({name})\.partial"


SAVED: dict[str, Layout] = {
    "checkpoints": {names(_begun(EPOCH.pattern)): CHECKPOINT_LAYOUT},
    "resume": {names(_begun(STATE.pattern)): CHECKPOINT_LAYOUT},
}
"""The folders for checkpoints and for the states for resuming."""

RUN_LAYOUT: Layout = {
    **{names(folder): layout for folder, layout in SAVED.items()},
    names(rf"({_REPLACED})(\.partial)?|run\.lock"): None,
    names("tensorboard"): {names(r"events\.out\.tfevents\..+"): None},
}
