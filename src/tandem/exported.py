"""An export: a directory with a model as two ONNX graphs, written and read without torch.

Nothing in the graphs is believed. What the file of a graph says is known from the recipe and the sizes of the
vocabularies: all of its bytes but the values of the weights. A file that differs anywhere else is not read.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

import numpy as np

from tandem.engines.onnx_model import OnnxModel, OnnxShape, Session
from tandem.errors import CheckpointError, TandemError
from tandem.files.seals import read_sealed, sealed, unreadable, write_directory
from tandem.graphs.encoder_graph import make_encoder_graph
from tandem.graphs.graph import FloatArray, Graph
from tandem.graphs.sizes import GRAPHS, GraphSizes
from tandem.graphs.step_graph import make_step_graph
from tandem.graphs.wire import Chunk, Hole
from tandem.memory import is_shortage, shortage
from tandem.model_files import ModelFiles, read_model_files
from tandem.model_paths import ENCODER, EXPORT, STEP
from tandem.names import ExportPrecision

if TYPE_CHECKING:
    from tandem.files.seals import Content

_PIECE = 2**20  # numbers that are checked at a time
_LARGEST = 2**31 - 1
"""The most bytes of an ONNX file."""


class Export(NamedTuple):
    """An exported model and all that translating with it needs."""

    directory: Path
    sizes: GraphSizes
    files: ModelFiles
    precision: ExportPrecision

    def model(self, *, turned: bool = False, threads: int = 1) -> OnnxModel:
        """Load the graphs. With `turned` the model reads sources from the other end than they are given."""
        encoder, step = (open_session(str(self.directory / name), threads) for name in (ENCODER, STEP))
        return OnnxModel(encoder, step, shape_of(self.sizes, turned=turned))


def shape_of(sizes: GraphSizes, *, turned: bool) -> OnnxShape:
    """Return what has to be known to feed the graphs of a model."""
    return OnnxShape(
        vocabulary=sizes.target,
        source_vocabulary=sizes.source,
        features=sizes.features > 0,
        attends=sizes.attention is not None,
        copies=sizes.copies,
        adds=sizes.score == "additive",
        turned=turned,
    )


def graphs_of(sizes: GraphSizes) -> dict[str, Graph]:
    """Return the graphs of a model, by the names of their files."""
    return {ENCODER: make_encoder_graph(sizes), STEP: make_step_graph(sizes)}


def write_export(
    directory: Path,
    files: ModelFiles,
    weights: Mapping[str, FloatArray],
    precision: ExportPrecision,
    *,
    unpacks: bool = False,
) -> None:
    """Write a model with these weights, under their names in a checkpoint, flushed to disk.

    Weights in int8 that a graph `unpacks` become float32 when it is loaded.
    Raise NotWrittenError where it cannot be written, and TandemError for a model that is too large.
    """
    graphs = graphs_of(GraphSizes.of(files.recipe, precision, *files.sizes, unpacks=unpacks))
    written: dict[str, Content] = {name: _writer(name, graph, weights) for name, graph in graphs.items()}
    description = {"graphs": GRAPHS, "precision": precision, **({"unpacks": True} if unpacks else {})}
    write_directory(directory, {**written, EXPORT: sealed(description), **files.texts()})


def _writer(name: str, graph: Graph, weights: Mapping[str, FloatArray]) -> "Content":
    chunks = graph.chunks()
    size = sum(chunk.size if isinstance(chunk, Hole) else len(chunk) for chunk in chunks)
    if size > _LARGEST:
        raise TandemError(
            f"{name}: it would have {size:,} bytes, and an ONNX file has {_LARGEST:,} at most. "
            "Export it with --precision int8, or train a smaller model"
        )

    def write(path: Path) -> None:
        with path.open("wb") as file:
            for chunk in chunks:
                file.write(graph.values(chunk.name, weights) if isinstance(chunk, Hole) else chunk)

    return write


def read_export(directory: Path) -> Export:
    """Read and check an export; `Export.model` loads it. Raise CheckpointError naming what is missing or damaged."""
    files = read_model_files(directory, [ENCODER, STEP, EXPORT])
    path = directory / EXPORT
    content = read_sealed(path)
    version, precision = content.get("graphs"), cast(ExportPrecision, content.get("precision"))
    if type(version) is not int or version < 1 or precision not in get_args(ExportPrecision):
        raise CheckpointError(f"{path}: damaged: it names no version of the graphs, or no precision. Export it again")
    if version > GRAPHS:
        raise CheckpointError(
            f"{path}: its graphs are of version {version}, and this Tandem reads up to {GRAPHS}: upgrade Tandem"
        )
    unpacks = content.get("unpacks") is True
    sizes = GraphSizes.of(files.recipe, precision, *files.sizes, unpacks=unpacks, version=version)
    for name, graph in graphs_of(sizes).items():
        _check_graph(directory / name, graph.chunks())
    return Export(directory, sizes, files, precision)


def _check_graph(path: Path, chunks: list[Chunk]) -> None:
    """Raise CheckpointError unless a file has these bytes, and finite weights."""
    try:
        with path.open("rb") as file:
            for expected in _joined(chunks):
                if isinstance(expected, bytes):
                    if file.read(len(expected)) != expected:
                        raise CheckpointError(
                            f"{path}: it is not the graph that its recipe makes: these files are not of one model, or "
                            "not of a Tandem that this one knows. Export it again"
                        )
                else:
                    _check_weight(path, expected, file)
            if file.read(1):
                raise CheckpointError(f"{path}: damaged: there are more bytes after its end. Export it again")
    except OSError as error:
        raise unreadable(path, error) from error


def _check_weight(path: Path, hole: Hole, file: Any) -> None:
    for start in range(0, hole.size, 4 * _PIECE):
        data = file.read(min(hole.size - start, 4 * _PIECE))
        if len(data) < min(hole.size - start, 4 * _PIECE):
            raise CheckpointError(f"{path}: damaged: it ends too early. Copy it again")
        if hole.is_float and not np.isfinite(np.frombuffer(data, "<f4")).all():
            raise CheckpointError(
                f"{path}: {hole.name!r} has weights that are infinite or NaN, so nothing that the model computes has a "
                "meaning. Export it again"
            )


def _joined(chunks: list[Chunk]) -> Iterator[Chunk]:
    """Yield bytes that stand side by side as one."""
    pending: list[bytes] = []
    for chunk in chunks:
        if isinstance(chunk, bytes):
            pending.append(chunk)
        else:
            yield b"".join(pending)
            pending = []
            yield chunk
    yield b"".join(pending)


def open_session(graph: str | bytes, threads: int = 1) -> Session:
    """Load a graph that was checked, from its file or its bytes. Raise TandemError where onnxruntime cannot."""
    # Its official builds report to Microsoft what they run: on Windows, and from 1.29 on everywhere, unless this
    # variable is set before it is imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise TandemError("an export runs with onnxruntime, which is not installed: pip install onnxruntime") from error
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        return cast(Session, onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"]))
    except Exception as error:
        where = graph if isinstance(graph, str) else "a graph"
        if is_shortage(error):
            raise shortage(
                f"{where}: loading it", "Close other programs, or export it with --precision int8", error
            ) from error
        raise TandemError(
            f"{where}: onnxruntime {onnxruntime.__version__} cannot load it: upgrade onnxruntime. It says: {error}"
        ) from error
