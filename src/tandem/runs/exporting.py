"""`tandem.export`: a model as ONNX graphs, which translate without PyTorch, compared with the model itself."""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tandem.checkpoint import Checkpoint, load_checkpoint
from tandem.engines import Engine, Ids
from tandem.errors import CheckpointError, NotWrittenError, TandemError
from tandem.exported import read_export, write_export
from tandem.files.paths import path_of
from tandem.hub.naming import hub_name
from tandem.names import ExportPrecision
from tandem.search import BeamSearch, GreedySearch, Hypothesis, Inputs, run_search
from tandem.text import EOS_ID, SOS_ID
from tandem.translation.constructors import translator_from_exports, translator_from_members

_MADE = 32  # made sources that both translate
_LONGEST = 24
_LIMIT = 40  # tokens of their outputs
_CLOSE: dict[ExportPrecision, float] = {"float32": 1e-4, "int8": 0.5}
"""How near the log-probabilities of an output are, in nats a token."""
_EXPORTS = {"float32": "-onnx", "int8": "-onnx-int8"}


@dataclass(frozen=True)
class Exported:
    """An export that was written, and how it compares with its model."""

    directory: Path
    size: int
    """In bytes, of all files."""
    outputs: int
    """Outputs of both that were compared: greedy and by beam search."""
    equal: int
    """Those that were the same."""
    difference: float
    """The largest difference between the log-probabilities of the same output, in nats a token."""


def export(model: str | Path, *, out: str | Path | None = None, precision: ExportPrecision = "float32") -> Exported:
    """Write a model as ONNX graphs into the new directory `out`, which `tandem.load` and every command take.

    The model is a run (of which the best checkpoint counts) or a checkpoint; `out` is else beside it, with `-onnx`
    behind its name. Both then translate the samples of the run's last validation, and made sources. Raise TandemError
    where outputs of a float32 export differ, or log-probabilities by more than 1e-4 nats a token (0.5 in int8), and
    CheckpointError where `out` exists.
    """
    path = path_of(model, "model")
    beside = Path(path.name.partition("@")[0]) if hub_name(path) else path  # of a model on the Hub: in this folder
    where = beside.with_name(f"{beside.name}{_EXPORTS[precision]}") if out is None else path_of(out, "out")
    if os.path.lexists(where):
        raise CheckpointError(f"{where} already exists, and is not overwritten. Choose another name, or remove it")
    return compared_export(path, where, precision)


def compared_export(path: Path, where: Path, precision: ExportPrecision, *, unpacks: bool = False) -> Exported:
    """Write a model into the new directory `where`, and compare, as `export` does; `unpacks` as `write_export` does."""
    checkpoint = load_checkpoint(path)
    weights = {name: weight.float().numpy() for name, weight in checkpoint.model.state_dict().items()}
    try:
        write_export(where, checkpoint.files, weights, precision, unpacks=unpacks)
    except NotWrittenError as error:
        raise CheckpointError(str(error)) from error
    try:
        return _compared(checkpoint, where, precision, _samples(path))
    except BaseException:
        shutil.rmtree(where, ignore_errors=True)
        raise


def _compared(checkpoint: Checkpoint, where: Path, precision: ExportPrecision, texts: Iterable[str]) -> Exported:
    import torch

    from tandem.engines.members import Member

    tokenizers = checkpoint.source_tokenizer, checkpoint.target_tokenizer
    member = Member(checkpoint.model, checkpoint.recipe)
    own = translator_from_members([member], *tokenizers, device=torch.device("cpu"))
    other = translator_from_exports([read_export(where)])
    sources = [*(source.ids for source in own.codec.encode_sources(list(texts))), *_made_sources(checkpoint)]
    wanted, made = (_outputs(translator.engine, sources) for translator in (own, other))
    equal = sum(one.ids == another.ids for one, another in zip(wanted, made, strict=True))
    difference = _difference(other.engine, sources * 2, wanted)
    if difference > _CLOSE[precision] or (precision == "float32" and equal < len(wanted)):
        raise TandemError(
            f"{where}: {len(wanted) - equal} of {len(wanted)} outputs are not those of the model, and "
            f"log-probabilities differ by up to {difference:.1g} nats a token, so this export is not kept. Please "
            "report it, with the versions of torch and onnxruntime"
        )
    size = sum(file.stat().st_size for file in where.iterdir())
    return Exported(where, size, len(wanted), equal, difference)


def _outputs(engine: Engine[Any], sources: list[Ids]) -> list[Hypothesis]:
    """Return the best output of each source, greedy and with beam 5."""
    inputs = Inputs(sources, [_LIMIT] * len(sources))
    searches = GreedySearch(), BeamSearch(5)
    return [best for search in searches for (best, *_) in run_search(search, engine, inputs)]


def _difference(engine: Engine[Any], sources: list[Ids], outputs: list[Hypothesis]) -> float:
    """Return by how much the mean log-probability of a token of an output differs at most from that of `outputs`."""
    targets = [[*output.ids, EOS_ID] for output in outputs]
    scores = engine.score(engine.start(sources), np.arange(len(sources)), targets)
    return max(
        abs(float(own.sum()) - output.log_probability) / len(own) for own, output in zip(scores, outputs, strict=True)
    )


def _made_sources(checkpoint: Checkpoint) -> list[Ids]:
    """Return sources of 1 to `_LONGEST` tokens that are drawn from the vocabulary, with features where there are."""
    source, _, *features = checkpoint.files.sizes
    generator = np.random.default_rng(1)
    first = EOS_ID + 1
    made: list[Ids] = []
    for _ in range(_MADE):
        ids = generator.integers(first, max(source, first + 1), generator.integers(1, _LONGEST + 1))
        more = generator.integers(source + first, source + size, 3) if (size := sum(features)) > first else ()
        made.append([SOS_ID, *ids.tolist(), *map(int, more), EOS_ID])
    return made


def _samples(path: Path) -> list[str]:
    """Return the sources that the last validation of a run showed; none for a checkpoint."""
    try:
        lines = (path / "metrics.jsonl").read_text("utf-8").splitlines()
    except OSError:
        return []
    validated = [event for line in lines if (event := json.loads(line)).get("event") == "validated"]
    return [sample["source"] for sample in validated[-1].get("samples", [])] if validated else []
