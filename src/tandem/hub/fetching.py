"""Models of the Hub in the cache of huggingface_hub: only files that a model has, and only those that it lists."""

from pathlib import Path

from tandem.errors import HubError
from tandem.files.seals import FORMAT_FILE, read_sealed
from tandem.hub.naming import MODEL_FILES, HubName, hub_name, looks_like_hub_name
from tandem.hub.refusals import answered
from tandem.version import __version__


def local_model(path: Path) -> Path:
    """Return where the model is that `path` names: in the Hub's cache for `hf:OWNER/NAME`, else `path` itself.

    A model that is not in the cache is fetched; one that is, is looked up on the Hub, and fetched where it has changed.
    Without a network the cache is taken as it is. Raise HubError where there is no such model, or where it is neither
    in the cache nor to be had. What was fetched is checked by whoever loads it, like any model.
    """
    name = hub_name(path)
    if name is not None:
        return _fetched(name)
    if looks_like_hub_name(path):
        raise HubError(f"{path.as_posix()}: a model on the Hub is named hf:OWNER/NAME or hf:OWNER/NAME@REVISION")
    return path


def _fetched(name: HubName) -> Path:
    with answered(name):
        from huggingface_hub import hf_hub_download

        def fetch(file: str, revision: str | None) -> Path:
            return Path(
                hf_hub_download(
                    name.model, file, revision=revision, library_name="tandem-seq2seq", library_version=__version__
                )
            )

        # The directory is called after the commit. All other files are asked of that one, and those in the cache of
        # nobody.
        folder = fetch(FORMAT_FILE, name.revision).parent
        listed = read_sealed(folder / FORMAT_FILE).get("files")
        for file in sorted(MODEL_FILES.intersection(listed if isinstance(listed, dict) else ())):
            fetch(file, folder.name)
    return folder
