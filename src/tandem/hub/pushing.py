"""Writes a model to the Hub as one commit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tandem.errors import HubError
from tandem.files.seals import FORMAT_FILE
from tandem.hub.naming import CARD, MODEL_FILES, HubName
from tandem.hub.refusals import answered
from tandem.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_BESIDE = (".gitattributes", ".gitignore", CARD, "LICENSE")
"""The beginnings of the names of files that may be in a repository without a model."""


@dataclass(frozen=True)
class Pushed:
    """A model that was pushed to the Hub."""

    page: str
    """The address of its page."""
    commit: str
    """The commit; `hf:OWNER/NAME@COMMIT` names exactly this model."""


def push_files(
    directory: Path, files: Iterable[str], card: str, name: HubName, *, private: bool = False, message: str
) -> Pushed:
    """Write these files of a directory and the card to the Hub as one commit; create the repository if it is missing.

    Files of an earlier model of Tandem are replaced or removed, and everything else stays. Raise HubError without a
    token or the right to write, if the repository has other content, and for an existing public one with `private`.
    """
    with answered(name):
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token

        if get_token() is None:
            raise HubError(
                f"{name}: a push needs a token with write access. Make one at https://huggingface.co/settings/tokens, "
                "then log in with `hf auth login`, or set HF_TOKEN"
            )
        api = HfApi(library_name="tandem-seq2seq", library_version=__version__)
        parent, present = _prepared(api, name, private=private)
        _refuse_others(name, present)
        sent: Mapping[str, Path | bytes] = {**{file: directory / file for file in files}, CARD: card.encode()}
        commit = api.create_commit(
            name.model,
            [
                *(CommitOperationAdd(file, content) for file, content in sent.items()),
                *(CommitOperationDelete(file) for file in sorted(MODEL_FILES & present - sent.keys())),
            ],
            commit_message=message,
            revision=name.revision,
            parent_commit=parent,
        )
    return Pushed(f"{api.endpoint}/{name.model}", commit.oid)


def _prepared(api: "HfApi", name: HubName, *, private: bool) -> tuple[str | None, frozenset[str]]:
    """Create the repository and the branch if they are missing; return the branch's commit and its files."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        info = api.model_info(name.model)
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        api.create_repo(name.model, private=private or None)  # None: as in the owner's settings
        info = api.model_info(name.model)
    if private and not info.private:
        raise HubError(
            f"{name}: it exists already and is public, and --private is for new repositories. Make it private in its "
            f"settings ({api.endpoint}/{name.model}/settings), or push to another name"
        )
    if name.revision is not None:
        try:
            info = api.model_info(name.model, revision=name.revision)
        except RevisionNotFoundError:
            api.create_branch(name.model, branch=name.revision)
            info = api.model_info(name.model, revision=name.revision)
    return info.sha, frozenset(sibling.rfilename for sibling in info.siblings or ())


def _refuse_others(name: HubName, present: frozenset[str]) -> None:
    """Raise HubError if a repository has content, but no model of Tandem."""
    others = sorted(file for file in present if not file.startswith(_BESIDE))
    if others and FORMAT_FILE not in present:
        listed = ", ".join(others[:3]) + (f" and {len(others) - 3:,} more" if len(others) > 3 else "")
        raise HubError(
            f"{name}: it has other content ({listed}), and a push needs a new repository or one with a model of "
            "Tandem. Choose another name"
        )
