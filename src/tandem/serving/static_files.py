"""The files of the page, at `/` and below `/page/`. All are read once, so no path of a request reaches the disk."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tandem.serving.access_log import RECORD, Record
from tandem.serving.refusals import Json, own_form

FOLDER, INDEX = "/page", "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
"""The media type of each file ending; other files, such as licences, are plain text."""
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageFile(NamedTuple):
    """A file of the page, ready to be sent."""

    content: bytes
    media: str
    tag: str
    """The entity tag: a browser that has the same content does not get it again."""


@cache
def page_files() -> Mapping[str, PageFile]:
    """Return the page's files, by path."""
    return dict(_read(files("tandem.serving") / "page", ""))


def _read(folder: Traversable, prefix: str) -> Iterator[tuple[str, PageFile]]:
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            yield from _read(entry, f"{name}/")
        else:
            content = entry.read_bytes()
            media = _TYPES.get(PurePosixPath(name).suffix, "text/plain; charset=utf-8")
            yield name, PageFile(content, media, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


class Page:
    """The page as an ASGI application. It contains no data, so it needs no token."""

    def __init__(self, content: Mapping[str, PageFile]) -> None:
        """Serve these files, by path."""
        self._files = content

    def routes(self) -> list[Route]:
        """Return the routes of the page."""
        return [Route(path, self, methods=["GET"]) for path in ("/", f"{FOLDER}/{{path:path}}")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, or 404 if there is none."""
        record: Record = scope[RECORD]
        record.route = FOLDER
        file = self._files.get(scope["path_params"].get("path", INDEX))
        await _response(file, Headers(scope=scope).get("if-none-match", ""))(scope, receive, send)


def _response(file: PageFile | None, known: str) -> Response:
    if file is None:
        return Json(own_form(404, "the page has no such file"), 404)
    headers = {**_HEADERS, "ETag": file.tag}
    if file.tag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media)
