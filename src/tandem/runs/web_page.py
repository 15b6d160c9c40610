"""`tandem.export_page`: a model as a folder with a web page that translates in the browser, without a server's help."""

import gzip
import json
import os
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from tandem.errors import CheckpointError, NotWrittenError
from tandem.exported import Export, read_export
from tandem.files.atomic import flush, new_directory, writing
from tandem.files.paths import path_of
from tandem.files.removal import Layout, names
from tandem.names import ExportPrecision
from tandem.runs.exporting import Exported, compared_export
from tandem.runs.web_runtime import MODULE, SHA512, VERSION, WASM, runtime_files
from tandem.terminal import Notify, OnProgress
from tandem.text import Tokenizer
from tandem.text.features import FeaturesTokenizer
from tandem.version import __version__

_MODEL = "model"
_PAGE = "page.json"
_SHOWN = (".html", ".css", ".js", ".svg")
"""The endings of the names of the page's own files."""
_FILES: Layout = {names(r"[\w.-]+\.(html|css|js|svg|json|toml|onnx|wasm)"): None}
_LAYOUT: Layout = {**_FILES, names(r"model|\.model\.partial|onnxruntime"): _FILES}


@dataclass(frozen=True)
class ExportedPage:
    """A page that was written, and how its model compares with the one that it was made of."""

    directory: Path
    size: int
    """The bytes that a browser loads."""
    compressed: int
    """The same, as a server sends them that compresses with gzip."""
    model: Exported


def export_page(
    model: str | Path,
    out: str | Path,
    *,
    precision: ExportPrecision = "float32",
    on_progress: OnProgress = lambda *_: None,
    notify: Notify = lambda _: None,
) -> ExportedPage:
    """Write a page that translates with a model into the new directory `out`, to be served by any web server.

    The model is compared as `export` does it. onnxruntime-web is fetched from npm where no earlier call did;
    `on_progress` counts its bytes. Raise DownloadError where it cannot be had, and what `export` raises.
    """
    directory = path_of(out, "out")
    if os.path.lexists(directory):
        raise CheckpointError(f"{directory} already exists, and is not overwritten. Choose another name, or remove it")
    runtime = runtime_files(on_progress=on_progress, notify=notify)
    own = {file.name: file.read_bytes() for file in files("tandem").joinpath("web").iterdir() if _is_shown(file.name)}
    try:
        with new_directory(directory, _LAYOUT) as partial:
            # onnxruntime-web has no fast products in 8 bits.
            exported = compared_export(
                path_of(model, "model"), partial / _MODEL, precision, unpacks=precision == "int8"
            )
            content = {**own, **runtime, **_loaded_files(partial)}
            size, compressed = sum(map(len, content.values())), sum(map(_compressed, content.values()))
            page = _description(read_export(partial / _MODEL), content, size, compressed)
            with writing(directory):
                for name, data in {**own, **runtime, _PAGE: json.dumps(page, indent=2).encode() + b"\n"}.items():
                    path = partial / name
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(data)
                    flush(path)
    except NotWrittenError as error:
        raise CheckpointError(str(error)) from error
    return ExportedPage(directory, size, compressed, replace(exported, directory=directory / _MODEL))


def _is_shown(name: str) -> bool:
    return name.endswith(_SHOWN)


def _loaded_files(directory: Path) -> dict[str, bytes]:
    """Return the files of the model that the page loads."""
    found = (
        path for path in sorted((directory / _MODEL).iterdir()) if path.name.endswith((".onnx", ".tokenizer.json"))
    )
    return {f"{_MODEL}/{path.name}": path.read_bytes() for path in found}


def _compressed(content: bytes) -> int:
    return len(gzip.compress(content))


def _description(export: Export, content: dict[str, bytes], size: int, compressed: int) -> dict[str, Any]:
    """Return what the page has to know, as `web/loading.js` reads it."""
    recipe = export.files.recipe
    source, features = export.files.source_tokenizer, None
    if isinstance(source, FeaturesTokenizer):
        features, source = _tokenizer(source.features), source.source
    return {
        "tandem": __version__,
        "size": size,
        "compressed": compressed,
        "precision": export.precision,
        "files": {name: len(data) for name, data in content.items() if name.startswith(f"{_MODEL}/") or name == WASM},
        "source": _tokenizer(source),
        "target": _tokenizer(export.files.target_tokenizer),
        "features": features,
        "reverse_source": recipe.text.reverse_source,
        "attends": export.sizes.attention is not None,
        "copies": export.sizes.copies,
        "search": recipe.search.model_dump(
            include={"beam", "length_penalty", "coverage", "max_length_factor", "max_length_extra"}
        ),
        "onnxruntime": {
            "package": "onnxruntime-web",
            "version": VERSION,
            "sha512": SHA512,
            "module": MODULE,
            "wasm": WASM,
        },
    }


def _tokenizer(tokenizer: Tokenizer) -> dict[str, Any]:
    return {"kind": tokenizer.kind, "lowercase": tokenizer.lowercase}
