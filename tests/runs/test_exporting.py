"""`tandem.export`: an export translates as its model does, and one that does not is not kept."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import tandem
from tandem.checkpoint import load_checkpoint
from tandem.errors import ArgumentError, CheckpointError, TandemError
from tandem.exported import write_export
from tandem.graphs.graph import FloatArray
from tandem.model_files import ModelFiles
from tandem.names import ExportPrecision
from tandem.runs import exporting
from tests.support.runs import untrained

TEXTS = ["eins zwei drei", "", "vier eins", "sechs fünf fünf eins", "acht"]
GNMT = ("model.attention=gnmt", "model.attention_score=additive", "model.bidirectional=true", "model.layers=2")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("model") / "mine"
    untrained("lstm", *GNMT).save(where)
    return where


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    return tandem.export(checkpoint).directory


def test_an_export_stands_beside_its_model_and_translates_as_it_does(checkpoint: Path, exported: Path) -> None:
    assert exported == checkpoint.with_name("mine-onnx")
    model, export = tandem.load(checkpoint), tandem.load(exported)
    for options in ({}, {"beam": 3, "n_best": 3}, {"alignment": True}, {"sample": 2, "seed": 3}):
        wanted, made = (each.translate(TEXTS, **options) for each in (model, export))
        assert [each.text for each in made] == [each.text for each in wanted]
        assert [each.score for each in made] == pytest.approx([each.score for each in wanted], abs=1e-4)
    wanted_scores, scores = (each.score(["eins zwei", "drei"], ["one two", "two"]) for each in (model, export))
    assert [each.log_probability for each in scores] == pytest.approx(
        [each.log_probability for each in wanted_scores], abs=1e-4
    )


def test_nothing_is_written_over(checkpoint: Path, exported: Path) -> None:
    with pytest.raises(CheckpointError, match="mine-onnx already exists"):
        tandem.export(checkpoint)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_what_is_compared_is_told(checkpoint: Path, tmp_path: Path, precision: ExportPrecision) -> None:
    made = tandem.export(checkpoint, out=tmp_path / "made", precision=precision)
    assert made.outputs == 2 * 32
    assert made.equal == made.outputs or precision == "int8"
    assert made.difference < (1e-4 if precision == "float32" else 0.5)
    assert made.size == sum(file.stat().st_size for file in made.directory.iterdir())


def test_an_export_whose_outputs_differ_is_not_kept(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = load_checkpoint(checkpoint)
    monkeypatch.setattr(exporting, "load_checkpoint", lambda _: wrong)

    def written(
        where: Path, files: ModelFiles, weights: Mapping[str, FloatArray], precision: ExportPrecision, *, unpacks: bool
    ) -> None:
        wrong = {name: weight * np.float32(1.1) for name, weight in weights.items()}
        write_export(where, files, wrong, precision, unpacks=unpacks)

    monkeypatch.setattr(exporting, "write_export", written)
    with pytest.raises(TandemError, match="outputs are not those of the model"):
        tandem.export(checkpoint, out=tmp_path / "made")
    assert not list(tmp_path.iterdir())


def test_members_are_all_exports_or_none(checkpoint: Path, exported: Path) -> None:
    with pytest.raises(ArgumentError, match=r"mine-onnx is an export and .*mine is not:"):
        tandem.load([exported, checkpoint])
    with pytest.raises(ArgumentError, match="device is 'cuda'"):
        tandem.load(exported, device="cuda")
    assert tandem.load([exported, exported]).translate(TEXTS) == tandem.load(exported).translate(TEXTS)
