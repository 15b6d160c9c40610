"""Downloads models from the Hub into the cache of huggingface_hub: only files of a model that its format file lists."""

from pathlib import Path

from tandem.errors import HubError
from tandem.files.seals import FORMAT_FILE, read_sealed
from tandem.hub.naming import MODEL_FILES, HubName, hub_name, looks_like_hub_name
from tandem.hub.refusals import answered
from tandem.version import __version__


def local_model(path: Path) -> Path:
    """Return the path of the model that `path` names: in the Hub's cache for `hf:OWNER/NAME`, else `path` itself.

    A model is downloaded if it is not in the cache, or if it has changed on the Hub. Without a network, the cache is
    used as it is. Raise HubError if there is no such model, or if it is neither in the cache nor available. Downloaded
    files are checked when the model is loaded, like those of any model.
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

        # The directory is named after the commit. All other files are of that commit; those that the cache has already
        # need no request.
        folder = fetch(FORMAT_FILE, name.revision).parent
        listed = read_sealed(folder / FORMAT_FILE).get("files")
        for file in sorted(MODEL_FILES.intersection(listed if isinstance(listed, dict) else ())):
            fetch(file, folder.name)
    return folder
