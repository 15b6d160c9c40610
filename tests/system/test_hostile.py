"""A checkpoint made to do harm does nothing: it runs no code, opens no other file, takes no memory and no time."""

import hashlib
import io
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tandem.checkpoint import load_checkpoint, read_tensors
from tandem.errors import CheckpointError
from tandem.files.seals import FORMAT_FILE, check_directory, sealed
from tandem.model_paths import read_current
from tandem.recipe import FilesCorpus
from tandem.translation import Translator, load
from tests.support.runs import copied, saved, untrained

FILES = ("model.safetensors", "recipe.toml", "source.tokenizer.json", "target.tokenizer.json")
RESUME = ("optimizer.safetensors", "progress.json")
MEBIBYTES = 512
"""What the process may take beyond what it has: far more than a tiny model does, far less than is claimed below."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it limits memory and makes files as Linux does")


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Memory beyond the limit is not given, and what hangs is stopped."""

    def stop(*_: object) -> None:
        raise AssertionError("it hangs")

    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (MEBIBYTES << 20), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(scope="module")
def model() -> Translator:
    return untrained()


@pytest.fixture
def spoilt(model: Translator, tmp_path: Path) -> Path:
    """A good checkpoint, to be spoilt."""
    return saved(model, tmp_path / "spoilt")


def sign(directory: Path, names: Sequence[str] = FILES, more: Sequence[str] = ()) -> None:
    """Make sizes and sums fit, as whoever made the files could; `more` is listed besides."""
    files: dict[str, object] = {name: {"size": 1, "sha256": ""} for name in more}
    for name in names:
        with (directory / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files[name] = {"size": (directory / name).stat().st_size, "sha256": digest}
    description = {"format": 1, "tandem": "0.1.0", "files": files}
    (directory / FORMAT_FILE).write_text(sealed(description), encoding="utf-8")


class Payload:
    """Leaves a mark when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.marker),)


def as_pickle(marker: Path) -> bytes:
    return pickle.dumps(Payload(marker))


def as_zip(marker: Path) -> bytes:
    """A pickle as torch's own format wraps it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", as_pickle(marker))
        archive.writestr("archive/version", "3\n")
    return packed.getvalue()


def as_json_string(marker: Path) -> bytes:
    return json.dumps({"py/reduce": [{"py/function": "os.mkdir"}, {"py/tuple": [str(marker)]}]}).encode()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("payload", [as_pickle, as_zip, as_json_string])
@pytest.mark.parametrize("name", [*FILES, FORMAT_FILE])
def test_no_payload_runs(
    name: str, payload: Callable[[Path], bytes], signed: bool, spoilt: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    (spoilt / name).write_bytes(payload(marker))
    if signed and name != FORMAT_FILE:
        sign(spoilt)
    with pytest.raises(CheckpointError, match=name):
        load_checkpoint(spoilt)
    assert not marker.exists()


@pytest.mark.parametrize("payload", [as_pickle, as_zip])
def test_no_payload_runs_where_a_run_goes_on(payload: Callable[[Path], bytes], tmp_path: Path) -> None:
    marker, content = tmp_path / "marker", payload(tmp_path / "marker")
    for name in (*RESUME, "current.json"):
        (tmp_path / name).write_bytes(content)
    sign(tmp_path, RESUME)
    check_directory(tmp_path, RESUME)
    with pytest.raises(CheckpointError, match=r"optimizer\.safetensors: damaged"):
        read_tensors(tmp_path / "optimizer.safetensors")
    with pytest.raises(CheckpointError, match=r"current\.json: damaged"):
        read_current(tmp_path)
    assert not marker.exists()


def test_the_payload_would_have_left_its_mark(tmp_path: Path) -> None:
    pickle.loads(as_pickle(tmp_path / "marker"))
    assert (tmp_path / "marker").exists()


def header(tensors: dict[str, Any], data: bytes = b"", length: int | None = None) -> bytes:
    text = json.dumps(tensors).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensor(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


TERABYTES = 2**43
WEIGHTS = {
    "claims terabytes": header({"encoder.embedding.weight": tensor([TERABYTES // 4], 0, TERABYTES)}),
    "claims a shape that overflows": header({"a": tensor([2**62, 2**62], 0, 4)}, bytes(4)),
    "a header of exabytes": header({}, length=2**63),
    "a header of gigabytes": header({}, length=2**31),
    "a header larger than its file": header({}, length=2**16),
    "no header": b"",
    "overlapping tensors": header({"a": tensor([2], 0, 8), "b": tensor([2], 4, 12)}, bytes(12)),
    "a tensor that ends before it begins": header({"a": tensor([1], 8, 4)}, bytes(8)),
    "a negative offset": header({"a": tensor([1], -4, 0)}, bytes(4)),
    "a gap": header({"a": tensor([1], 4, 8)}, bytes(8)),
    "more than it lists": header({"a": tensor([1], 0, 4)}, bytes(400)),
    "no tensors": header({}),
    "another type": header({"encoder.embedding.weight": tensor([10, 6], 0, 480, "F64")}, bytes(480)),
    "no type": header({"a": tensor([1], 0, 4, "pickle")}, bytes(4)),
    "nested": header({}, length=2**16)[:8] + b'{"a":' * 9000 + bytes(2**16),
}


@pytest.mark.parametrize("content", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_that_lie_are_refused(content: bytes, spoilt: Path) -> None:
    (spoilt / "model.safetensors").write_bytes(content)
    sign(spoilt)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: "):
        load_checkpoint(spoilt)


def test_a_header_of_megabytes_is_not_parsed(spoilt: Path) -> None:
    path = spoilt / "model.safetensors"
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    tensors = json.loads(content[8 : 8 + size])
    path.write_bytes(header({"__metadata__": {"a": "x" * 2**20}} | tensors, content[8 + size :]))
    sign(spoilt)
    with pytest.raises(
        CheckpointError, match=r"model\.safetensors: damaged: its header claims 1,05\d,\d+ bytes, and 1,0"
    ):
        load_checkpoint(spoilt)


def test_weights_of_another_precision_are_refused(spoilt: Path) -> None:
    path = spoilt / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"', 1))
    sign(spoilt)
    with pytest.raises(CheckpointError, match=r"is I32 of the shape .* where the recipe makes F32 of the shape"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("value", [10**9, 2**40])
@pytest.mark.parametrize("key", ["hidden", "embedding", "layers"])
def test_a_recipe_of_huge_sizes_is_refused(key: str, value: int, spoilt: Path) -> None:
    _edit(spoilt / "recipe.toml", key, value)
    sign(spoilt)
    with pytest.raises(CheckpointError, match=rf"recipe\.toml: .*\n  model\.{key}: .* less than or equal to .*{value}"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("key", ["beam", "max_length_factor", "max_length_extra"])
def test_a_recipe_of_a_search_without_end_is_refused(key: str, spoilt: Path) -> None:
    _edit(spoilt / "recipe.toml", key, 10**9)
    sign(spoilt)
    with pytest.raises(CheckpointError, match=rf"\n  search\.{key}: .* less than or equal to"):
        load_checkpoint(spoilt)


def test_a_recipe_of_the_largest_sizes_takes_no_memory(spoilt: Path) -> None:
    for key, value in (("hidden", 2**17), ("embedding", 2**17), ("layers", 100)):
        _edit(spoilt / "recipe.toml", key, value)
    sign(spoilt)
    with pytest.raises(CheckpointError, match="these files are not of one model"):
        load_checkpoint(spoilt)


def _edit(path: Path, key: str, value: int) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    edited = [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in lines]
    assert edited != lines
    path.write_text("\n".join(edited), encoding="utf-8")


@pytest.mark.parametrize("claim", [{"<claimed>": 10**9}, {"<claimed>": 2**32}, {"<claimed>": 10**30}])
def test_a_tokenizer_of_a_billion_tokens_is_refused(claim: dict[str, int], spoilt: Path) -> None:
    path = spoilt / "target.tokenizer.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["model"]["vocab"] |= claim
    path.write_text(json.dumps(state), encoding="utf-8")
    sign(spoilt)
    with pytest.raises(CheckpointError, match=r"target\.tokenizer\.json: .* the ids of its 11 tokens are not 0 to 10"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize(
    ("name", "size"), [("source.tokenizer.json", 2**28 + 1), ("recipe.toml", 2**15 + 1), (FORMAT_FILE, 2**40)]
)
def test_a_file_that_is_far_too_large_is_not_read(name: str, size: int, spoilt: Path) -> None:
    with (spoilt / name).open("r+b") as file:
        file.truncate(size)  # with a hole: it takes no disk
    if name != FORMAT_FILE:
        sign(spoilt)
    with pytest.raises(
        CheckpointError, match=rf"{name}: .*it has {size:,} bytes, and such a file may have [\d,]+ at most"
    ):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "..", "", "a/b", "C:\\a", "\x00", "\ud800"])
def test_other_names_in_the_list_are_refused(name: str, spoilt: Path) -> None:
    sign(spoilt, more=[name])
    with pytest.raises(CheckpointError, match=r"format\.json: damaged: it must list .*, names alone"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("name", [*FILES, FORMAT_FILE])
def test_links_are_refused(name: str, spoilt: Path, tmp_path: Path) -> None:
    (spoilt / name).rename(tmp_path / "elsewhere")
    (spoilt / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=rf"{name}: it is a link, .* Copy them with links followed"):
        load_checkpoint(spoilt)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [a_pipe, a_folder])
@pytest.mark.parametrize("name", [*FILES, FORMAT_FILE])
def test_what_is_no_file_is_refused_without_waiting(name: str, make: Callable[[Path], None], spoilt: Path) -> None:
    (spoilt / name).unlink()
    make(spoilt / name)
    with pytest.raises(CheckpointError, match=f"{name}: damaged: .*it is not an ordinary file"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("make", [a_pipe, a_folder])
def test_a_pointer_that_is_no_file_is_refused_without_waiting(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "current.json")
    with pytest.raises(CheckpointError, match=r"current\.json: damaged: .*it is not an ordinary file"):
        load_checkpoint(tmp_path)


class Opened:
    """Every string that an audited event of this interpreter was about, while it listens."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.listening = False
        sys.addaudithook(self._hear)  # for good: a hook cannot be taken back

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.listening and event.startswith(("open", "os.", "shutil.", "glob.", "pathlib.", "subprocess", "socket")):
            self.seen += [os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)]


def test_no_file_that_the_recipe_names_is_opened(
    model: Translator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("there.de", "there.en")
    for name in names:
        Path(name).write_text("eins\n", encoding="utf-8")
    data = model.recipe.data
    for part in ("train", "validation", "test"):
        data = data.model_copy(update={part: FilesCorpus(source=names[0], target=names[1])})
    made = untrained()
    made.recipe = model.recipe.model_copy(update={"data": data})
    saved(made, tmp_path / "checkpoint")
    opened = Opened()
    opened.listening = True
    Path(names[0]).read_bytes()
    assert any(names[0] in path for path in opened.seen)  # it would be heard
    opened.seen.clear()
    loaded = load(tmp_path / "checkpoint", device="cpu")
    assert loaded.translate(["eins zwei"])[0].tokens
    opened.listening = False
    assert loaded.recipe.data.train == FilesCorpus(source=names[0], target=names[1])
    assert any("recipe.toml" in path for path in opened.seen)
    assert [path for path in opened.seen if any(name in path for name in names)] == []


def test_a_copy_of_another_checkpoints_files_beside_its_own_changes_nothing(spoilt: Path, tmp_path: Path) -> None:
    before = load(spoilt, device="cpu").translate(["eins zwei drei"])
    other = saved(untrained("gru", "model.hidden=9"), tmp_path / "other")
    shutil.copy(other / "model.safetensors", spoilt / "model.pt")
    copied(other, spoilt / "more")
    assert load(spoilt, device="cpu").translate(["eins zwei drei"]) == before
