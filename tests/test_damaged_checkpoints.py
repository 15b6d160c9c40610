"""Whatever is wrong with the files of a checkpoint is reported, and never loaded."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tandem.checkpoint import load_checkpoint
from tandem.errors import CheckpointError
from tandem.files.seals import FORMAT
from tests.support.checkpoints import FILES, rewrite, sign_again
from tests.support.runs import copied, saved, untrained


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(untrained(), tmp_path_factory.mktemp("checkpoints") / "good")


@pytest.fixture
def spoilt(good: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return copied(good, tmp_path / "spoilt")


def test_an_edited_recipe_is_told_where_search_is_set(spoilt: Path) -> None:
    path = spoilt / "recipe.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("beam = 2", "beam = 5"), encoding="utf-8")
    said = r"recipe\.toml: damaged: .* A saved model's recipe is never edited: .* on the command line, such as --beam 5"
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", [*FILES, "format.json"])
@settings(max_examples=12)
@given(data=st.data())
def test_one_changed_byte_is_noticed_in_any_file(name: str, data: st.DataObject, good: Path) -> None:
    path = good / name
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    try:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
        with pytest.raises(
            CheckpointError,
            match=rf"^\S+{name}: (damaged: (its content is not what was saved|it is no JSON)|the format is \d+)",
        ):
            load_checkpoint(good)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named_with_both_sizes(name: str, spoilt: Path) -> None:
    whole = (spoilt / name).read_bytes()
    (spoilt / name).write_bytes(whole[:-1])
    said = f"{name}: damaged: it has {len(whole) - 1} bytes instead of {len(whole)}. "
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, spoilt: Path) -> None:
    (spoilt / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}: missing: its directory is not complete"):
        load_checkpoint(spoilt)


def test_a_checkpoint_without_its_description_is_not_complete(spoilt: Path) -> None:
    (spoilt / "format.json").unlink()
    with pytest.raises(CheckpointError, match=r"format\.json: missing: its directory is not complete"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '"x"', "{}", '{"format": 1}', '{"format": 1, "files": []}'])
def test_a_description_that_is_none_is_damaged(content: str, spoilt: Path) -> None:
    (spoilt / "format.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"format\.json: damaged"):
        load_checkpoint(spoilt)


def test_a_newer_format_asks_for_a_newer_tandem(spoilt: Path) -> None:
    rewrite(spoilt / "format.json", format=FORMAT + 1)
    with pytest.raises(CheckpointError, match=rf"the format is {FORMAT + 1}, .* reads up to {FORMAT}: upgrade Tandem"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5])
def test_a_format_that_never_was_is_refused(version: object, spoilt: Path) -> None:
    rewrite(spoilt / "format.json", format=version)
    with pytest.raises(CheckpointError, match=r"format\.json: "):
        load_checkpoint(spoilt)


def test_swapped_files_are_noticed(spoilt: Path, tmp_path: Path) -> None:
    other = saved(untrained("lstm", "seed=2"), tmp_path / "other")
    shutil.copy(other / "model.safetensors", spoilt / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: damaged: its content is not what was saved"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", ["model.safetensors", "recipe.toml", "source.tokenizer.json"])
def test_files_of_two_models_do_not_fit_even_when_signed(name: str, spoilt: Path, tmp_path: Path) -> None:
    other = untrained("gru", "model.hidden=9", pairs=[("a b c", "d e")])
    shutil.copy(saved(other, tmp_path / "other") / name, spoilt / name)
    sign_again(spoilt)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: .* these files are not of one model"):
        load_checkpoint(spoilt)


def test_tokenizers_of_different_size_cannot_change_sides(tmp_path: Path) -> None:
    directory = saved(untrained(pairs=[("a b c", "d e")]), tmp_path / "uneven")
    source = (directory / "source.tokenizer.json").read_bytes()
    shutil.copy(directory / "target.tokenizer.json", directory / "source.tokenizer.json")
    (directory / "target.tokenizer.json").write_bytes(source)
    sign_again(directory)
    with pytest.raises(CheckpointError, match="these files are not of one model"):
        load_checkpoint(directory)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("recipe.toml", b"[data", r"recipe\.toml: this Tandem .* cannot read it.* it\. this is not valid TOML"),
        ("recipe.toml", b"\xff", r"recipe\.toml: this Tandem .* cannot read it\. Copy it again, or upgrade"),
        ("recipe.toml", b"[modle]", r"recipe\.toml: this Tandem .*modle: there is no such setting"),
        ("model.safetensors", b"nothing", r"model\.safetensors: damaged: "),
        ("target.tokenizer.json", b"{}", r"target\.tokenizer\.json: a tokenizer must be the JSON that Tandem saved"),
    ],
)
def test_signed_nonsense_is_named(name: str, content: bytes, said: str, spoilt: Path) -> None:
    (spoilt / name).write_bytes(content)
    sign_again(spoilt)
    with pytest.raises(CheckpointError, match=rf"(?s){said}"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["encoder.embedding.weight", "decoder.fc_out.bias"])
def test_weights_that_are_not_finite_are_refused(name: str, value: float, spoilt: Path) -> None:
    tensors = load_file(spoilt / "model.safetensors")
    tensors[name].flatten()[-1] = value
    save_file(tensors, spoilt / "model.safetensors")
    sign_again(spoilt)
    with pytest.raises(CheckpointError, match=rf"model\.safetensors: '{name}' has weights that are infinite or NaN"):
        load_checkpoint(spoilt)


def test_a_tensor_too_few_is_noticed(spoilt: Path) -> None:
    tensors = load_file(spoilt / "model.safetensors")
    del tensors["encoder.embedding.weight"]
    save_file(tensors, spoilt / "model.safetensors")
    sign_again(spoilt)
    with pytest.raises(
        CheckpointError, match=r"'encoder\.embedding\.weight' is not there where the recipe makes F32 of"
    ):
        load_checkpoint(spoilt)
