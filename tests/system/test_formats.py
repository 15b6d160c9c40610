"""A model of every format that was released is read for ever, and translates as it did.

The next format: raise FORMAT, have the readers take the old and the new, and `python -m tests.formats.make` trains a
model into a folder of the new number beside the old ones. What is in an old folder never changes.

The same holds for exports, whose graphs have a version of their own: raise GRAPHS in graphs/sizes.py, keep what builds
the old graphs, and run `python -m tests.formats.make_exports`. An export is only read where this Tandem builds the very
bytes of its graphs, so a change of these that was not meant shows here.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tandem.files.seals import FORMAT
from tandem.graphs.sizes import GRAPHS
from tandem.recipe import Device
from tandem.translation import load
from tests.formats.make import pairs
from tests.formats.make_exports import BEAMS, EXPORTS, MODELS

FORMATS = sorted(path for path in (Path(__file__).parents[1] / "formats").iterdir() if path.name.isdigit())
STORED = sorted(EXPORTS.glob("*/*"))
every_format = pytest.mark.parametrize("directory", FORMATS, ids=lambda path: path.name)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


def expected(directory: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((directory / "expected.json").read_text(encoding="utf-8"))
    return rows


def test_no_format_is_left_out() -> None:
    assert [int(path.name) for path in FORMATS] == list(range(1, FORMAT + 1))


@every_format
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, needs_cuda])])
def test_it_translates_as_it_did(directory: Path, device: Device) -> None:
    rows = expected(directory)
    made = load(directory, device=device).translate([row["source"] for row in rows])
    assert [translation.text for translation in made] == [row["text"] for row in rows]
    assert [translation.score for translation in made] == pytest.approx([row["score"] for row in rows], abs=1e-4)


@every_format
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, needs_cuda])])
def test_it_loads_in_bfloat16(directory: Path, device: Device) -> None:
    rows = expected(directory)
    made = load(directory, device=device, precision="bfloat16").translate([row["source"] for row in rows])
    assert [translation.score for translation in made] == pytest.approx([row["score"] for row in rows], abs=0.1)


@every_format
def test_it_knows_its_numbers(directory: Path) -> None:
    known = dict(pairs())
    rows = [row for row in expected(directory) if row["source"] in known]
    assert len(rows) >= 20
    assert [row["text"] for row in rows] == [known[row["source"]] for row in rows]


def test_no_version_of_the_graphs_is_left_out() -> None:
    assert sorted(int(path.name) for path in EXPORTS.iterdir()) == list(range(1, GRAPHS + 1))
    kinds = {f"{name}-{kind.suffix}" for name, model in MODELS.items() for kind in model.kinds}
    assert {path.name for path in STORED if path.parent.name == str(GRAPHS)} == kinds


@pytest.mark.parametrize("directory", STORED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_stored_export_translates_as_it_did(directory: Path) -> None:
    rows, translator = expected(directory), load(directory)
    near = 1e-4 if translator.precision == "float32" else 0.02  # int8's last digits depend on the processor
    sources = [row["source"] for row in rows]
    for beam in BEAMS:
        made = translator.translate(sources, beam=beam)
        assert [each.text for each in made] == [row[f"beam {beam}"][0] for row in rows]
        wanted = [row[f"beam {beam}"][1] for row in rows]
        assert [each.log_probability for each in made] == pytest.approx(wanted, abs=near)
