"""A stand-in for the Hugging Face Hub: as much of its HTTP interface as huggingface_hub asks of it, in memory."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_aTokenThatMayWrite"
READER = "hf_aTokenThatMayOnlyRead"
_NAME = r"(?P<name>[^/]+/[^/]+)"
_LARGE = (".safetensors", ".onnx")


@dataclass
class Repository:
    """Commits of a model, and which of them each branch is at."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], branch: str = "main", message: str = "") -> str:
        """Put a commit with these files on a branch."""
        self.messages.append(message)
        content = f"{len(self.messages)}{message}{sorted(files)}".encode()
        sha = hashlib.sha1(content).hexdigest()
        self.commits[sha] = files
        self.branches[branch] = sha
        return sha

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the main branch, which a test may change."""
        return self.commits[self.branches["main"]]

    def find(self, revision: str) -> str | None:
        return self.branches.get(revision, revision if revision in self.commits else None)


class StandInHub:
    """Repositories by their names, and what was asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.uploads: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""

    def make(self, name: str, **files: bytes) -> Repository:
        made = self.repositories[name] = Repository()
        made.commit({".gitattributes": b"", **files})
        return made

    def fetched(self) -> list[str]:
        """The files that were sent, in order."""
        return [path.rpartition("/")[2] for path in self.asked if path.startswith("GET ") and "/resolve/" in path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: StandInHub

    def do_HEAD(self) -> None:
        self._answer()

    do_GET = do_POST = do_PUT = do_HEAD

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        routes: dict[str, Callable[..., None]] = {
            r"/api/validate-yaml": self._validate,
            r"/api/repos/create": self._create,
            rf"/api/models/{_NAME}": self._information,
            rf"/api/models/{_NAME}/revision/(?P<revision>.+)": self._information,
            rf"/api/models/{_NAME}/branch/(?P<revision>.+)": self._branch,
            rf"/api/models/{_NAME}/preupload/(?P<revision>.+)": self._preupload,
            rf"/api/models/{_NAME}/commit/(?P<revision>.+)": self._commit,
            rf"/{_NAME}\.git/info/lfs/objects/batch": self._batch,
            r"/uploads/(?P<name>\w+)": self._upload,
            rf"/{_NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)": self._resolve,
        }
        for pattern, answer in routes.items():
            if match := re.fullmatch(pattern, path):
                answer(body, **match.groupdict())
                return
        self._send(404, {"error": "there is no such page"})

    @property
    def _token(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _send(self, status: int, content: Any, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, status: int, code: str = "", message: str = "") -> None:
        self._send(status, {"error": message}, X_Error_Code=code, X_Error_Message=message)

    def _found(self, name: str) -> Repository | None:
        """Return a repository, or answer as the Hub does where there is none for who asks."""
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and self._token not in (TOKEN, READER)):
            self._refuse(401 if not self._token else 404, "RepoNotFound", "Repository not found")
            return None
        return repository

    def _may_write(self) -> bool:
        if self._token == TOKEN:
            return True
        self._refuse(403 if self._token == READER else 401, "", "Invalid credentials in Authorization header")
        return False

    def _validate(self, body: bytes) -> None:
        self._send(200, {"errors": [], "warnings": []})

    def _create(self, body: bytes) -> None:
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        if self._may_write():
            self.hub.make(name).private = wanted.get("visibility") == "private"
            self._send(200, {"url": f"{self.hub.url}/{name}"})

    def _information(self, body: bytes, name: str, revision: str = "main") -> None:
        if (repository := self._found(name)) is None:
            return
        sha = repository.find(revision)
        if sha is None:
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
            return
        siblings = [{"rfilename": file} for file in repository.commits[sha]]
        self._send(200, {"id": name, "sha": sha, "private": repository.private, "siblings": siblings})

    def _branch(self, body: bytes, name: str, revision: str) -> None:
        if self._may_write() and (repository := self._found(name)) is not None:
            repository.branches[revision] = repository.branches["main"]
            self._send(200, {})

    def _preupload(self, body: bytes, name: str, revision: str) -> None:
        if not self._may_write() or self._found(name) is None:
            return
        files = [file["path"] for file in json.loads(body)["files"]]
        modes = {file: "lfs" if file.endswith(_LARGE) else "regular" for file in files}
        answers = [{"path": file, "uploadMode": mode, "shouldIgnore": False} for file, mode in modes.items()]
        self._send(200, {"files": answers})

    def _batch(self, body: bytes, name: str) -> None:
        objects = json.loads(body)["objects"]
        actions = [
            {**each, "actions": {"upload": {"href": f"{self.hub.url}/uploads/{each['oid']}"}}} for each in objects
        ]
        self._send(200, {"objects": actions, "transfer": "basic"})

    def _upload(self, body: bytes, name: str) -> None:
        assert hashlib.sha256(body).hexdigest() == name
        self.hub.uploads[name] = body
        self._send(200, b"")

    def _commit(self, body: bytes, name: str, revision: str) -> None:
        if not self._may_write() or (repository := self._found(name)) is None:
            return
        lines = [json.loads(line) for line in body.splitlines()]
        head = repository.branches[revision]
        if lines[0]["value"].get("parentCommit", head) != head:
            self._refuse(412, "", "A commit has happened since")
            return
        files = dict(repository.commits[head])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploads[value["oid"]]
            else:
                del files[value["path"]]
        sha = repository.commit(files, revision, lines[0]["value"]["summary"])
        self._send(200, {"commitUrl": f"{self.hub.url}/{name}/commit/{sha}", "commitOid": sha})

    def _resolve(self, body: bytes, name: str, revision: str, file: str) -> None:
        if (repository := self._found(name)) is None:
            return
        if repository.gated:
            self._refuse(403, "GatedRepo", "Access to this model is restricted")
            return
        sha = repository.find(revision)
        if sha is None:
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
            return
        content = repository.commits[sha].get(file)
        if content is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X_Repo_Commit": sha}
        self._send(200, content, **headers)


@contextmanager
def serving(hub: StandInHub) -> Iterator[None]:
    """Answer at `hub.url` while the block runs."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def stand_in_hub(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[StandInHub]:
    """Have huggingface_hub ask a stand-in with nothing in it, by a token that may write, and keep files in `cache`."""
    import huggingface_hub.constants as constants
    from huggingface_hub import close_session

    hub = StandInHub()
    with serving(hub):
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(cache / "harnesses"), raising=False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        try:
            yield hub
        finally:
            close_session()
