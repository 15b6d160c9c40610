"""The names of models on the Hub, and of the files that Tandem keeps there."""

import re
from pathlib import Path
from typing import NamedTuple

from tandem.errors import HubError
from tandem.files.paths import is_there
from tandem.files.seals import FORMAT_FILE

PREFIX = "hf:"
CARD = "README.md"
"""The file that the Hub shows as the page of a repository."""
MODEL_FILES = frozenset(
    {
        *("model.safetensors", "encoder.onnx", "step.onnx", "export.json"),
        *("recipe.toml", "source.tokenizer.json", "target.tokenizer.json", "features.tokenizer.json"),
        *("calibration.json", "provenance.json"),
        FORMAT_FILE,
    }
)
"""The files of a checkpoint or an export. No others are downloaded and, except for the card, no others are pushed."""

_LONGEST = 96
_PART = r"[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?"
_MODEL = re.compile(rf"{_PART}/{_PART}", re.ASCII)
_REVISION = re.compile(r"\w[\w./-]*", re.ASCII)


class HubName(NamedTuple):
    """A model on the Hub."""

    model: str
    """OWNER/NAME."""
    revision: str | None = None
    """A branch, a tag or a commit; None for the main branch."""

    def __str__(self) -> str:
        """Return the name as every command accepts it."""
        return f"{PREFIX}{self.model}" + ("" if self.revision is None else f"@{self.revision}")


def hub_name(path: Path) -> HubName | None:
    """Return the model that `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION` names; None for any other text.

    A path that exists is always a path, even if it looks like such a name.
    """
    text = path.as_posix()
    if not text.startswith(PREFIX) or is_there(path):
        return None
    model, at, revision = text.removeprefix(PREFIX).partition("@")
    if not _is_model(model) or (at and not _is_revision(revision)):
        return None
    return HubName(model, revision if at else None)


def looks_like_hub_name(path: Path) -> bool:
    """Return whether a path seems to name a model on the Hub, perhaps in a wrong form."""
    return path.as_posix().startswith(PREFIX) and not is_there(path)


def checked_name(text: str, revision: str | None = None) -> HubName:
    """Return the model that OWNER/NAME names, with or without `hf:` before it. Raise HubError for any other text."""
    model = text.removeprefix(PREFIX)
    if not _is_model(model):
        raise HubError(
            f"{text}: a model on the Hub is named OWNER/NAME, where a person or an organisation is the owner: letters, "
            f"digits, '-', '_' and '.', at most {_LONGEST} characters, no '--' and no '..'"
        )
    if revision is not None and not _is_revision(revision):
        raise HubError(f"{revision}: this is not the name of a branch. Use letters, digits, '-', '_', '.' and '/'")
    return HubName(model, revision)


def _is_model(text: str) -> bool:
    fits = len(text) <= _LONGEST and _MODEL.fullmatch(text) is not None
    return fits and "--" not in text and ".." not in text and not text.endswith(".git")


def _is_revision(text: str) -> bool:
    return _REVISION.fullmatch(text) is not None and ".." not in text
