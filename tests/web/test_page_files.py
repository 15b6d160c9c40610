"""What `tandem export --web` writes: the files of a page, whole or not at all."""

import json
import re
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

import tandem
from tandem.cli import app
from tandem.errors import CheckpointError
from tandem.exported import read_export
from tandem.graphs.kept_weights import UNPACKED
from tandem.model_paths import STEP
from tandem.runs import web_page, web_runtime
from tests.support.runs import untrained


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model, of which pages are made without the package."""
    runtime = {web_runtime.MODULE: b"module", web_runtime.WASM: b"wasm"}
    monkeypatch.setattr(web_page, "runtime_files", lambda **_: runtime)
    untrained("lstm", "model.attention=gnmt", "text.source.lowercase=true").save(tmp_path / "mine")
    return tmp_path / "mine"


def test_the_page_names_what_it_is_made_of(checkpoint: Path, tmp_path: Path) -> None:
    made = tandem.export_page(checkpoint, tmp_path / "page", precision="int8")
    described = json.loads((made.directory / "page.json").read_text(encoding="utf-8"))
    assert described["source"] == {"kind": "word", "lowercase": True}
    assert described["onnxruntime"]["version"] == web_runtime.VERSION
    assert described["onnxruntime"]["sha512"] == web_runtime.SHA512
    assert all((made.directory / name).stat().st_size == size for name, size in described["files"].items())
    others = {made.directory / "page.json", *(made.directory / "model").glob("*.toml")}
    others |= {made.directory / "model" / name for name in ("format.json", "export.json", "calibration.json")}
    files = {path for path in made.directory.rglob("*") if path.is_file()} - others
    assert sum(path.stat().st_size for path in files) == made.size == described["size"]
    assert 0 < made.compressed < made.size
    export = read_export(made.model.directory)
    assert (export.precision, export.sizes.kept) == ("int8", UNPACKED)
    operations = {node.op_type for node in onnx.load(made.model.directory / STEP).graph.node}
    assert "MatMulNBits" not in operations
    assert {path.suffix for path in made.directory.iterdir()} == {"", ".html", ".css", ".js", ".svg", ".json"}
    assert not (made.directory / "package.json").exists()


def test_nothing_is_written_over_and_nothing_is_left_of_a_failure(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckpointError, match="mine already exists, and is not overwritten"):
        tandem.export_page(checkpoint, checkpoint)
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(web_page, "_compressed", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        tandem.export_page(checkpoint, tmp_path / "page")
    assert set(tmp_path.iterdir()) == before


def test_the_command(checkpoint: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["export", str(checkpoint), "--web", str(tmp_path / "page")])
    assert ran.exit_code == 0, ran.output
    assert re.search(r"page: \d\.\d MB, \d\.\d MB where a server compresses it\. 64 of 64 outputs", ran.stdout)
    assert f"python -m http.server --directory {tmp_path / 'page'}" in ran.stdout
    both = CliRunner().invoke(app, ["export", str(checkpoint), "--web", "page", "--out", "export"])
    assert str(both.exception) == "--out and --web: a command writes an export or a page; leave out one of the two"


def test_weights_in_float32_are_as_in_any_export(checkpoint: Path, tmp_path: Path) -> None:
    page = tandem.export_page(checkpoint, tmp_path / "page")
    plain = tandem.export(checkpoint, out=tmp_path / "plain")
    assert {path.name: path.read_bytes() for path in page.model.directory.iterdir()} == {
        path.name: path.read_bytes() for path in plain.directory.iterdir()
    }
