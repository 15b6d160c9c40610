"""A corpus is fetched whole and right, whatever the server does, or not at all."""

import gzip
import hashlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tandem.corpora.download import fetch
from tandem.corpora.public import PublicCorpus, PublicFile
from tandem.errors import DownloadError

CONTENT = {
    "a.de": "".join(f"Zeile {n * n}\n" for n in range(30_000)).encode(),
    "a.en": "".join(f"line {n * n}\n" for n in range(5_000)).encode(),
}
PACKED = {f"/{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENT.items()}


def corpus(base_url: str) -> PublicCorpus:
    files = tuple(
        PublicFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENT.items()
    )
    return PublicCorpus("tiny", "Tiny", "none", base_url, files, {"train": ("a.de", "a.en")})


@dataclass
class Server:
    """What the server sends, how it misbehaves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: dict(PACKED))
    ranges: bool = True
    breaks_after: int | None = None
    """Bytes after which a connection is broken off."""
    breaks: int = 10_000
    """How many connections are broken off."""
    resets: bool = False
    """Whether it breaks off with a reset rather than an end."""
    shift: int = 0
    """How far the part that is sent lies from the part that was asked for."""
    says_length: bool = True
    status: list[int] = field(default_factory=list)
    """Statuses of the first answers."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            asked_range = self.headers.get("Range")
            state.asked.append((self.path, asked_range))
            if state.status and (status := state.status.pop(0)) != 200:
                self.send_error(status)
                return
            if self.path not in state.files:
                self.send_error(404)
                return
            content, start = state.files[self.path], 0
            if asked_range and state.ranges:
                start = int(asked_range.removeprefix("bytes=").removesuffix("-")) + state.shift
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            if state.says_length:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content)
            if state.breaks_after is not None and state.breaks > 0 and end - start > state.breaks_after:
                state.breaks -= 1
                end = start + state.breaks_after
            with suppress(ConnectionError):  # who asked may have gone
                self.wfile.write(content[start:end])
            if state.resets and end < len(content):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


def whole(folder: Path) -> bool:
    """Whether the folder has exactly the corpus and nothing else."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


def test_it_is_fetched_from_its_own_address_or_from_a_mirror(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    folder = tmp_path / "own" / "deep"
    paths = fetch(corpus(server.url), folder, on_progress=lambda *report: seen.append(report), pause=0)
    assert paths == [tmp_path / "own" / "deep" / name for name in CONTENT]
    assert whole(tmp_path / "own" / "deep")
    for name in CONTENT:
        size = len(PACKED[f"/{name}.gz"])
        reports = [report for report in seen if report[0] == name]
        assert reports[-1] == (name, size, size)
        assert [done for _, done, _ in reports] == sorted(done for _, done, _ in reports)
    fetch(corpus("http://127.0.0.1:9/"), tmp_path / "mirror", mirror=server.url + "/", pause=0)
    assert whole(tmp_path / "mirror")


def test_good_files_are_kept_without_asking_and_damaged_ones_replaced(server: Server, tmp_path: Path) -> None:
    fetch(corpus(server.url), tmp_path, pause=0)
    (tmp_path / "a.en").write_bytes(CONTENT["a.en"].replace(b"line 4", b"lime 4"))
    kept = (tmp_path / "a.de").stat()
    server.asked.clear()
    fetch(corpus(server.url), tmp_path, pause=0)
    assert whole(tmp_path)
    assert [path for path, _ in server.asked] == ["/a.en.gz"]
    assert (tmp_path / "a.de").stat().st_ino == kept.st_ino


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_broken_connection_is_taken_up_again(server: Server, ranges: bool, tmp_path: Path) -> None:
    server.ranges, server.breaks_after, server.breaks = ranges, 20_000, 2
    fetch(corpus(server.url), tmp_path, pause=0)
    assert whole(tmp_path)
    asked = [asked_range for path, asked_range in server.asked if path == "/a.de.gz"]
    assert asked == [None, "bytes=20000-", "bytes=40000-" if ranges else "bytes=20000-"]


def test_a_connection_that_is_reset_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    server.resets, server.breaks_after, server.breaks = True, 50_000, 2
    fetch(corpus(server.url), tmp_path, pause=0)
    assert whole(tmp_path)
    assert server.breaks == 0


def test_another_part_than_asked_for_is_not_taken(server: Server, tmp_path: Path) -> None:
    server.shift, server.breaks_after, server.breaks = 7, 20_000, 1
    fetch(corpus(server.url), tmp_path, pause=0)
    assert whole(tmp_path)
    assert [asked_range for _, asked_range in server.asked[:3]] == [None, "bytes=20000-", None]


def test_many_breaks_are_survived_while_bytes_arrive(server: Server, tmp_path: Path) -> None:
    server.breaks_after = len(PACKED["/a.de.gz"]) // 12
    fetch(corpus(server.url), tmp_path, pause=0)
    assert whole(tmp_path)
    assert len(server.asked) >= 12


def test_after_some_tries_without_progress_it_gives_up_and_a_later_call_goes_on(server: Server, tmp_path: Path) -> None:
    server.ranges, server.breaks_after = False, 20_000
    with pytest.raises(DownloadError, match=r"a\.de\.gz: the connection failed 4 times \(it ended after 20,000 of"):
        fetch(corpus(server.url), tmp_path, pause=0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.de.gz.part"]
    assert (tmp_path / "a.de.gz.part").read_bytes() == PACKED["/a.de.gz"][:20_000]
    server.ranges, server.breaks_after = True, None
    server.asked.clear()
    fetch(corpus(server.url), tmp_path, pause=0)
    assert server.asked[0] == ("/a.de.gz", "bytes=20000-")
    assert whole(tmp_path)


def test_what_an_earlier_call_left_is_given_up_when_it_does_not_fit(server: Server, tmp_path: Path) -> None:
    for left in (b"\x1f\x8bsomething else", b"x" * 100, PACKED["/a.de.gz"] + b"x", PACKED["/a.de.gz"]):
        (tmp_path / "a.de").unlink(missing_ok=True)
        (tmp_path / "a.de.gz.part").write_bytes(left)
        fetch(corpus(server.url), tmp_path, pause=0)
        assert whole(tmp_path)


def test_a_server_that_is_busy_for_a_moment_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.status = [503, 429, 500]
    fetch(corpus(server.url), tmp_path, pause=0)
    assert whole(tmp_path)


def test_a_server_that_says_no_length_does(server: Server, tmp_path: Path) -> None:
    server.says_length = False
    totals: list[int | None] = []
    fetch(corpus(server.url), tmp_path, on_progress=lambda name, done, total: totals.append(total), pause=0)
    assert whole(tmp_path)
    assert set(totals) == {None}


def test_a_missing_file_stops_at_once(server: Server, tmp_path: Path) -> None:
    del server.files["/a.de.gz"]
    with pytest.raises(DownloadError, match=r"a\.de\.gz: the server answers 404 .* by other means"):
        fetch(corpus(server.url), tmp_path, pause=0)
    assert len(server.asked) == 1
    assert not list(tmp_path.iterdir())


def test_no_server_at_all_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError, match=r"the connection failed 4 times \(.*refused\)"):
        fetch(corpus("http://127.0.0.1:9"), tmp_path, pause=0)


WRONG = CONTENT["a.de"].replace(b"Zeile 4", b"Ziele 4")


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (
            gzip.compress(WRONG),
            rf"its SHA-256 is {hashlib.sha256(WRONG).hexdigest()} \({len(WRONG):,} bytes\)",
        ),
        (PACKED["/a.de.gz"][:-20], r"it cannot be unpacked"),
        (b"<html>please log in</html>", r"its SHA-256 is"),
        (b"", r"its SHA-256 is \w+ \(0 bytes\)"),
        (gzip.compress(bytes(50_000_000), 1), rf"it has more than {len(CONTENT['a.de']):,} bytes"),
        (bytes(3_000_000), r"it has more than"),
    ],
    ids=["other text", "cut short", "a page", "nothing", "a bomb", "too much"],
)
def test_wrong_bytes_never_get_the_files_name(server: Server, sent: bytes, problem: str, tmp_path: Path) -> None:
    server.files["/a.de.gz"] = sent
    expected = hashlib.sha256(CONTENT["a.de"]).hexdigest()
    message = rf"a\.de from http://\S+/a\.de\.gz is not the known file: {problem}.*expected SHA-256 {expected}.*Try"
    with pytest.raises(DownloadError, match=message):
        fetch(corpus(server.url), tmp_path, pause=0)
    assert not list(tmp_path.iterdir())


def test_more_than_a_file_can_have_is_not_read(server: Server, tmp_path: Path) -> None:
    server.files["/a.de.gz"] = bytes(20_000_000)
    most = 0

    def watch(name: str, done: int, total: int | None) -> None:
        nonlocal most
        most = max(most, done)

    with pytest.raises(DownloadError):
        fetch(corpus(server.url), tmp_path, on_progress=watch, pause=0)
    assert most < len(CONTENT["a.de"]) + 200_000


@pytest.mark.parametrize("packed", [True, False])
def test_a_local_folder_is_a_mirror(packed: bool, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for name, content in CONTENT.items():
        (mirror / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    before = {path: path.read_bytes() for path in mirror.iterdir()}
    fetch(corpus("http://127.0.0.1:9"), tmp_path / "here", mirror=str(mirror))
    assert whole(tmp_path / "here")
    assert {path: path.read_bytes() for path in mirror.iterdir()} == before


def test_a_local_folder_without_the_files_or_with_others_stops(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"neither a\.de nor a\.de\.gz\. A mirror is a folder .* base URL"):
        fetch(corpus(""), tmp_path / "here", mirror=str(tmp_path / "no"))
    (tmp_path / "a.de").write_bytes(WRONG)
    with pytest.raises(DownloadError, match=r"a\.de from \S+a\.de is not the known file"):
        fetch(corpus(""), tmp_path / "here", mirror=str(tmp_path))
    assert not list((tmp_path / "here").iterdir())
    assert (tmp_path / "a.de").read_bytes() == WRONG


def test_a_folder_that_cannot_be_made_stops(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match=r"file/below: cannot be written or read \(.*choose another folder"):
        fetch(corpus(""), tmp_path / "file" / "below", mirror=os.devnull)


@pytest.mark.parametrize(
    "mirror", ["http://[::1", "http://a b:x/", "http://\u2100.example/", "http://127.0.0.1:99999999/"]
)
def test_what_is_no_address_is_said_at_once(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"this is no address .*Check the mirror"):
        fetch(corpus("http://127.0.0.1:9"), tmp_path / "here", mirror=mirror, pause=0)


def test_what_a_killed_call_left_goes_and_foreign_files_stay(tmp_path: Path) -> None:
    mirror, folder = tmp_path / "mirror", tmp_path / "here"
    for place in (mirror, folder):
        place.mkdir()
        for name, text in CONTENT.items():
            (place / name).write_bytes(text)
    for name in ("a.de.4711.tmp", "a.de.gz.part", "a.de.tmp", "notes.txt", "b.de.1.tmp"):
        (folder / name).write_bytes(b"half")
    known = corpus("http://127.0.0.1:1/nowhere")
    fetch(known, folder, mirror=str(mirror))
    assert {path.name for path in folder.iterdir()} - {file.name for file in known.files} == {
        "a.de.tmp",
        "notes.txt",
        "b.de.1.tmp",
    }
