"""Answers of HTTP/1.1 in the bytes that came over a connection."""

from typing import NamedTuple


class Reply(NamedTuple):
    """An answer as it came."""

    status: int
    media: str
    body: bytes


def replies_in(data: bytes | bytearray, *, closed: bool = False) -> list[Reply]:
    """Return the answers that are whole; where the connection is closed, one without a length is, too."""
    rest, found = bytes(data), []
    while b"\r\n\r\n" in rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if status < 200:
            continue
        if headers.get("transfer-encoding") == "chunked":
            body, rest = _unchunked(rest)
        elif "content-length" in headers and status != 304:
            length = int(headers["content-length"])
            # The answer to HEAD has a length and no body; nothing else may come before the connection's end.
            body, rest = (rest[:length], rest[length:]) if len(rest) >= length else (None, rest)
        else:
            body, rest = (rest, b"") if closed or status == 304 else (None, rest)
        if body is None and not (closed and not rest):
            break
        found.append(Reply(status, headers.get("content-type", "").partition(";")[0], body or b""))
    return found


def _unchunked(data: bytes) -> tuple[bytes | None, bytes]:
    """Return a body of chunks, None where it has no end, and what follows it."""
    body, rest = b"", data
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        if len(rest) < count + 2:
            break
        body, rest = body + rest[:count], rest[count + 2 :]
        if not count:
            return body, rest
    return None, data
