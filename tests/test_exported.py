"""Damaged and malicious exports: each is a CheckpointError, although all sums are right, and nothing is loaded."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import tandem
from tandem.errors import CheckpointError, TandemError
from tandem.exported import graphs_of, open_session, read_export
from tandem.files.seals import FORMAT_FILE, sealed, write_directory
from tandem.graphs.sizes import GRAPHS
from tandem.graphs.wire import Hole
from tandem.model_paths import ENCODER, EXPORT, STEP
from tests.support.runs import untrained

SETTINGS = ("model.attention=gnmt", "model.layers=2", "model.bidirectional=true")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("model") / "mine"
    untrained("lstm", *SETTINGS).save(where)
    return tandem.export(where).directory


def forged(export: Path, where: Path, changed: dict[str, bytes | str]) -> Path:
    """A copy of an export with other files, whose sums are right."""
    files = {file.name: file.read_bytes() for file in export.iterdir() if file.name != FORMAT_FILE}
    contents = {**files, **{name: c if isinstance(c, bytes) else c.encode() for name, c in changed.items()}}
    write_directory(where, {name: (lambda p, c=content: p.write_bytes(c)) for name, content in contents.items()})  # type: ignore[misc]
    return where


def refused(export: Path, where: Path, changed: dict[str, bytes | str], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_export(forged(export, where, changed))


def test_an_unchanged_copy_is_read_and_is_valid_onnx(export: Path, tmp_path: Path) -> None:
    read_export(forged(export, tmp_path / "copy", {})).model()
    for name in (ENCODER, STEP):
        onnx.checker.check_model(onnx.load(export / name), full_check=True)


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", [ENCODER, STEP])
def test_a_byte_that_is_no_weight(export: Path, tmp_path: Path, name: str, seed: int) -> None:
    chance, content = random.Random(seed), bytearray((export / name).read_bytes())
    places: list[int] = []
    at = 0
    for chunk in graphs_of(read_export(export).sizes)[name].chunks():
        size = chunk.size if isinstance(chunk, Hole) else len(chunk)
        places += [] if isinstance(chunk, Hole) else range(at, at + size)
        at += size
    content[chance.choice(places)] ^= 1 << chance.randrange(8)
    refused(export, tmp_path / "forged", {name: bytes(content)}, f"{name}: it is not the graph that its recipe makes")


def _external(model: onnx.ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../../../../etc/passwd"), ("offset", "0"), ("length", "64")):
        entry = weight.external_data.add()
        entry.key, entry.value = key, value


def _huge(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] = 2**40


def _huge_constant(model: onnx.ModelProto) -> None:
    made = helper.make_node("ConstantOfShape", ["huge"], ["nothing"])
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**40]), "huge"))
    model.graph.node.insert(0, made)


def _loop(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], [], body=body))


def _custom(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Run", [], ["run"], domain="somebody.else"))
    model.opset_import.append(helper.make_opsetid("somebody.else", 1))


def _opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 9


def _function(model: onnx.ModelProto) -> None:
    model.functions.append(helper.make_function("mine", "f", [], [], [], []))


def _input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1]))


def _output_shape(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 7


def _transposed(model: onnx.ModelProto) -> None:
    weight = next(each for each in model.graph.initializer if len(each.dims) == 2)
    weight.dims[:] = weight.dims[::-1]


def _type(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_type = onnx.TensorProto.DOUBLE


def _metadata(model: onnx.ModelProto) -> None:
    helper.set_model_props(model, {"more": "than nothing"})


def _renamed(model: onnx.ModelProto) -> None:
    model.graph.node[-1].op_type = "Sin"


def _without_node(model: onnx.ModelProto) -> None:
    del model.graph.node[0]


def _sparse(model: onnx.ModelProto) -> None:
    values, ids = numpy_helper.from_array(np.ones(1, "f4"), "sparse"), numpy_helper.from_array(np.array([0]), "ids")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, ids, [2**40]))


CHANGES: list[Callable[[onnx.ModelProto], None]] = [
    _external, _huge, _huge_constant, _loop, _custom, _opset, _function, _input, _output_shape, _transposed, _type,
    _metadata, _renamed, _without_node, _sparse,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", [ENCODER, STEP])
def test_a_graph_that_does_something_else(
    export: Path, tmp_path: Path, name: str, change: Callable[[onnx.ModelProto], None]
) -> None:
    model = onnx.load(export / name)
    change(model)
    content: bytes = model.SerializeToString()
    refused(
        export,
        tmp_path / "forged",
        {name: content},
        f"{name}: (it is not the graph|damaged: there are more bytes after its end)",
    )


def test_files_that_end_too_early_or_go_on(export: Path, tmp_path: Path) -> None:
    content = (export / STEP).read_bytes()
    refused(export, tmp_path / "longer", {STEP: content + b"\0"}, "there are more bytes after its end")
    refused(export, tmp_path / "shorter", {STEP: content[: len(content) // 2]}, "ends too early|not the graph")
    refused(export, tmp_path / "empty", {STEP: b""}, "not the graph")


def test_weights_that_are_not_finite(export: Path, tmp_path: Path) -> None:
    content, at = (export / STEP).read_bytes(), 0
    for chunk in graphs_of(read_export(export).sizes)[STEP].chunks():
        if isinstance(chunk, Hole):
            break
        at += len(chunk)
    changed = content[:at] + np.array([np.nan], "<f4").tobytes() + content[at + 4 :]
    refused(export, tmp_path / "forged", {STEP: changed}, "infinite or NaN")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"graphs": GRAPHS + 1, "precision": "float32"}, f"reads up to {GRAPHS}: upgrade Tandem"),
        ({"graphs": 0, "precision": "float32"}, "damaged"),
        ({"graphs": True, "precision": "float32"}, "damaged"),
        ({"graphs": 1, "precision": "float64"}, "damaged"),
        ({"graphs": 1, "precision": "int8"}, "not the graph"),
        ({"graphs": 1}, "damaged"),
        ({}, "damaged"),
    ],
)
def test_other_descriptions(export: Path, tmp_path: Path, content: dict[str, object], message: str) -> None:
    refused(export, tmp_path / "forged", {"export.json": sealed(content)}, message)


@pytest.mark.parametrize("change", ["hidden = 9", "hidden = 100000", "layers = 1", 'cell = "gru"', "copy = true"])
def test_the_recipe_of_another_model(export: Path, tmp_path: Path, change: str) -> None:
    key = change.split(" = ")[0]
    lines = (export / "recipe.toml").read_text("utf-8").split("\n")
    section = lines.index("[model]")
    place = next(n for n in range(section, len(lines)) if lines[n].startswith(f"{key} ="))
    lines[place] = change
    refused(export, tmp_path / "forged", {"recipe.toml": "\n".join(lines)}, "not the graph that its recipe makes")


def test_sums_links_and_missing_files(export: Path, tmp_path: Path) -> None:
    for name in (ENCODER, STEP, "export.json", "recipe.toml", "source.tokenizer.json", FORMAT_FILE):
        where = forged(export, tmp_path / f"without-{name}", {})
        (where / name).unlink()
        with pytest.raises(CheckpointError, match="missing"):
            read_export(where)
        (where / name).symlink_to(export / name)
        with pytest.raises(CheckpointError, match="link"):
            read_export(where)
    where = forged(export, tmp_path / "changed", {})
    (where / STEP).write_bytes((where / STEP).read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="SHA-256"):
        read_export(where)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("nonsense", "this is not valid TOML"),
        ("", "data: is missing"),
        ("[newer]\nsetting = 1\n", "newer: there is no such setting"),
    ],
)
def test_a_recipe_that_this_version_cannot_read(export: Path, tmp_path: Path, content: str, detail: str) -> None:
    with pytest.raises(CheckpointError, match=detail) as caught:
        read_export(forged(export, tmp_path / "forged", {"recipe.toml": content}))
    start = f"{tmp_path / 'forged' / 'recipe.toml'}: this Tandem ({tandem.__version__}) cannot read it. Copy it again, "
    assert str(caught.value).startswith(f"{start}or upgrade Tandem where a newer one wrote it. ")
    assert str(caught.value).count("recipe.toml") == 1


def test_no_message_about_an_export_calls_it_a_checkpoint(export: Path, tmp_path: Path) -> None:
    for name in [file.name for file in export.iterdir()]:
        where = forged(export, tmp_path / name, {})
        for spoil in (lambda path: path.write_bytes(path.read_bytes() + b" "), Path.unlink):
            spoil(where / name)
            with pytest.raises(CheckpointError) as caught:
                tandem.load(where)
            assert "checkpoint" not in str(caught.value)
            assert "safetensors" not in str(caught.value)


def test_what_is_left_of_an_export_is_named(export: Path, tmp_path: Path) -> None:
    for name in (EXPORT, ENCODER, STEP):
        alone = tmp_path / name.partition(".")[0]
        alone.mkdir()
        shutil.copy(export / name, alone)
        with pytest.raises(CheckpointError, match=r"format\.json: missing: its directory is not complete"):
            tandem.load(alone)
        with pytest.raises(CheckpointError, match=rf"{name}: this is one file of a model\. Name .*: {export}"):
            tandem.load(export / name)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "Only 4b quantization is supported",
            r"step\.onnx: onnxruntime .* cannot load it: upgrade onnxruntime\. .* 4b",
        ),
        ("std::bad_alloc", r"step\.onnx: loading it: there is not enough memory"),
    ],
)
def test_what_onnxruntime_cannot_load(monkeypatch: pytest.MonkeyPatch, said: str, message: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Exception(said)

    monkeypatch.setattr("onnxruntime.InferenceSession", refuse)
    with pytest.raises(TandemError, match=message):
        open_session("mine/step.onnx")
