"""onnxruntime-web is fetched once, and only the known package is used."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from benchmarks.browser import Served, served
from tandem.errors import DownloadError
from tandem.runs import web_runtime
from tandem.runs.web_runtime import MODULE, WASM, package_path, runtime_files


def package() -> bytes:
    """A small one, whose members have the names of the real one's."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in ("package/dist/ort.wasm.bundle.min.mjs", "package/dist/ort-wasm-simd-threaded.wasm", "package/x"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    return content.getvalue()


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(web_runtime, "default_folder", lambda: tmp_path / "data")
    content = package()
    monkeypatch.setattr(web_runtime, "_SIZE", len(content))
    monkeypatch.setattr(web_runtime, "SHA512", base64.b64encode(hashlib.sha512(content).digest()).decode())
    return content


def serve(server: Served, folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "package.tgz").write_bytes(content)
    monkeypatch.setattr(web_runtime, "_URL", f"{server.url}package.tgz")


def test_it_is_fetched_once(known: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path) as server:
        serve(server, tmp_path, known, monkeypatch)
        seen: list[int] = []
        first = runtime_files(on_progress=lambda _, done, total: seen.append(done), pause=0)
        assert first == runtime_files(pause=0)
        assert first[MODULE] == b"package/dist/ort.wasm.bundle.min.mjs"
        assert first[WASM] == b"package/dist/ort-wasm-simd-threaded.wasm"
        assert (server.asked, seen[-1]) == (["/package.tgz"], len(known))
    assert [path.name for path in package_path().parent.iterdir()] == [package_path().name]


def test_another_file_is_not_kept(known: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path) as server:
        serve(server, tmp_path, known[:-1] + b"?", monkeypatch)
        with pytest.raises(
            DownloadError, match=r"package\.tgz is not the known file, whose SHA-512 is .*Nothing of it"
        ):
            runtime_files(pause=0)
    assert list(package_path().parent.iterdir()) == []


def test_without_a_network_it_says_what_to_do(known: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_runtime, "_URL", "http://127.0.0.1:9/package.tgz")
    with pytest.raises(DownloadError, match=r"failed 4 times .*get this file by other means, put it at \S+\.tgz"):
        runtime_files(pause=0)
    package_path().write_bytes(known)
    assert runtime_files(pause=0).keys() == {MODULE, WASM}
    package_path().write_bytes(known[:-1])  # damaged later, or cut short
    with pytest.raises(DownloadError, match="other means"):
        runtime_files(pause=0)
