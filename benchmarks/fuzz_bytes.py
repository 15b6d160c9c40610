"""Requests that no client should send, as bytes: broken HTTP, broken JSON, wrong lengths, odd paths, slow bodies."""

import json
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

Operation: TypeAlias = tuple[str, str]
"""A method and a path of the description."""


class Ask(NamedTuple):
    """What is sent over one connection."""

    kind: str
    pieces: tuple[bytes, ...]
    """Sent with a pause between them."""
    operation: Operation | None = None
    """What is asked for, where the bytes leave no doubt."""
    answers: int | None = None
    """How many answers must come; None where the bytes may be no whole request."""


_DEEP = 20_000
_PATHS = (
    "/",
    "//",
    "/page",
    "/page/",
    "/page/main.js",
    "/page/../../etc/passwd",
    "/page/..%2f..%2f..%2fetc%2fpasswd",
    "/page/%00",
    "/page/%ff%fe",
    "/page/views/../main.js",
    "/page//main.js",
    "/page/" + "a" * 5000,
    "/page/main.js?%",
    "/page/main.js#x",
    "/page/CON",
    "/page/\\..\\x",
    "*",
    "http://elsewhere.example/v1/models",
    "/v1/models/",
    "/V1/MODELS",
    "/v1/runs/%2e%2e/metrics",
    "/v1/runs/%00/metrics?after=-1",
    "/v1/runs//stop",
    "/v1/runs/a%2Fb/samples?after=1&after=2",
    "/v1/runs/x/metrics?after=" + "9" * 5000,
    "/v1/runs/x/metrics?" + "a=1&" * 2000,
    "/openapi.json?%zz=%",
    "/metrics?name[]=x",
    "/%",
    "/%u0041",
    "/\x7f",
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "QUERY", "X" * 300)
_VALUES = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-1e999",
    b"9" * 5000,
    b"1" + b"0" * 400,
    b"-0.0",
    b"2.0",
    b"true",
    b"null",
    b"{}",
    b"[]",
    b'"\\ud800"',
    b'["a", "\\udfff\\ud800"]',
    b'"\\u0000\\u0001\\u001b[31m\\u202e"',
    b'"' + "\U0001f600é".encode() * 40 + b'"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"' + b"a " * 150 + b'"',
    b"[" * _DEEP + b"]" * _DEEP,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'["", "", ""]',
    b'[["a"], 1]',
    b"1_0",
    b"0x10",
    b"'a'",
)
_BODIES = (
    b"",
    b" ",
    b"\x00",
    b"null",
    b"[]",
    b"[" * 100_000,
    b"\xef\xbb\xbf{}",
    '{"text": "x"}'.encode("utf-16"),
    b'{"text": "a", "text": 1}',
    b'{"text": "a"} {"text": "b"}',
    b'{"text": "a",}',
    b'{"' + b"k" * 10_000 + b'": 1}',
    b'{"\\ud800": 1}',
    b"a" * 50_000,
    b"q=a&source=de&target=en&q=%ff",
    b"&".join([b"q=a"] * 3000),
)
_TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "APPLICATION/JSON",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    ";",
    "application/json, text/html",
    "\xff",
)
_HEADERS = (
    ("Authorization", "Bearer \xff\xfe"),
    ("Authorization", "Bearer"),
    ("Authorization", "bearer  " + "x" * 3000),
    ("Authorization", "Basic Og=="),
    ("Expect", "100-continue"),
    ("Expect", "200-ok"),
    ("Upgrade", "websocket"),
    ("Upgrade", "h2c"),
    ("Connection", "Upgrade, HTTP2-Settings"),
    ("Connection", "close, keep-alive"),
    ("Range", "bytes=5-1"),
    ("If-None-Match", '*, W/"", "'),
    ("Content-Encoding", "gzip"),
    ("Accept-Encoding", "*;q=0"),
    ("Origin", "null"),
    ("Host", "\xff"),
    ("Host", ""),
    ("X-Forwarded-For", "\x1b[31m"),
    ("Cookie", "a" * 8000),
    ("X" * 1000, "y"),
    ("X-Big", "z" * 100_000),
    ("bad name", "x"),
    ("Null", "a\x00b"),
    ("Fold", "a\r\n b"),
    ("Content-Length", "-1"),
    ("Content-Length", "1, 2"),
    ("Content-Length", "+5"),
    ("Content-Length", "9" * 30),
    ("Transfer-Encoding", "gzip, chunked"),
    ("Transfer-Encoding", "chunked, chunked"),
    ("Transfer-Encoding", "\x0bchunked"),
)
_STARTS = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n",
    b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  /  HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET / HTTP/1.1\rHost: a\r\r",
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /page/" + b"\xc3\xa9\xff" + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b":\r\n\r\n",
)


class RawAsks:
    """Draws requests; the same seed gives the same ones."""

    def __init__(self, bodies: Sequence[tuple[Operation, bytes]], token: str, seed: int) -> None:
        """Take a good body of each operation that has one."""
        self._bodies = bodies
        self._token = token
        self._chance = random.Random(seed)
        self._kinds: dict[str, tuple[int, Callable[[], Ask]]] = {
            "value": (6, self._value),
            "body": (3, self._body),
            "bytes": (4, self._changed),
            "head": (4, self._head),
            "length": (2, self._length),
            "chunks": (3, self._chunks),
            "path": (4, self._path),
            "pipeline": (2, self._pipeline),
            "slow": (1, self._slow),
            "start": (1, self._start),
            "noise": (1, self._noise),
        }

    def draw(self) -> Ask:
        """Return the next request."""
        weights = [weight for weight, _ in self._kinds.values()]
        (kind,) = self._chance.choices(list(self._kinds), weights)
        return self._kinds[kind][1]()._replace(kind=kind)

    def _request(
        self,
        operation: Operation,
        body: bytes,
        *,
        media: str = "application/json",
        length: str | None = "",
        more: str = "",
    ) -> bytes:
        """Return a request as bytes; `length` is the true one where it is empty, and none is sent where it is None."""
        lines = [f"{operation[0]} {operation[1]} HTTP/1.1", "Host: localhost", f"Content-Type: {media}"]
        if self._chance.random() < 0.9:
            lines.append(f"Authorization: Bearer {self._token}")
        if length is not None:
            lines.append(f"Content-Length: {length or len(body)}")
        return ("\r\n".join(lines) + f"\r\n{more}\r\n").encode("latin-1") + body

    def _good(self) -> tuple[Operation, bytes]:
        return self._chance.choice(self._bodies)

    def _value(self) -> Ask:
        """One value of a good body is another one, or a key is."""
        operation, body = self._good()
        fields = {key: json.dumps(value).encode() for key, value in json.loads(body).items()}
        place = self._chance.choice([*fields, "beam", "count", "layer", "text", "n_best", "length_penalty", "place"])
        fields[place] = self._chance.choice(_VALUES)
        body = b"{" + b", ".join(json.dumps(key).encode() + b": " + value for key, value in fields.items()) + b"}"
        return Ask("", (self._request(operation, body),), operation, 1)

    def _body(self) -> Ask:
        operation, _ = self._good()
        media = self._chance.choice(_TYPES)
        return Ask("", (self._request(operation, self._chance.choice(_BODIES), media=media),), operation)

    def _changed(self) -> Ask:
        """Some bytes of a whole request are other ones, gone or doubled."""
        content = bytearray(self._request(*self._good()))
        for _ in range(self._chance.randint(1, 4)):
            at = self._chance.randrange(len(content))
            until = at + self._chance.choice((1, 1, 2, 8))
            match self._chance.randrange(3):
                case 0:
                    content[at:until] = self._chance.randbytes(until - at)
                case 1:
                    del content[at:until]
                case _:
                    content[at:at] = content[at:until]
            content = content or bytearray(b"x")
        return Ask("", (bytes(content),))

    def _head(self) -> Ask:
        operation, body = self._good()
        drawn = self._chance.choices(_HEADERS, k=self._chance.choice((1, 1, 2, 3)))
        more = "".join(f"{name}: {value}\r\n" for name, value in drawn) * self._chance.choice((1, 1, 1, 2, 500))
        return Ask("", (self._request(operation, body, more=more),))

    def _length(self) -> Ask:
        operation, body = self._good()
        wrong = self._chance.choice(
            ("0", str(len(body) - 1), str(len(body) + 1), str(10 * len(body)), "999999999", "1e3", "0x10", " ", "٣")
        ).encode("ascii", "replace")
        return Ask("", (self._request(operation, body, length=wrong.decode()),))

    def _chunks(self) -> Ask:
        operation, body = self._good()
        cut = self._chance.randrange(len(body))
        good = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (
            cut or 1,
            body[: cut or 1],
            len(body) - (cut or 1),
            body[cut or 1 :],
        )
        bad = self._chance.choice(
            (
                good,
                good.replace(b"\r\n", b"\n"),
                good[:-2],
                good[: len(good) // 2],
                b"-1\r\n" + good,
                b"fffffffffffffffff\r\n" + body,
                b"0" * 50_000 + b"1\r\n{",
                b"1;" + b"x" * 5000 + b"\r\n{\r\n0\r\n\r\n",
                good[:-2] + b"Trailer: x\r\nContent-Length: 3\r\n\r\n",
                b"zz\r\n",
                b"1\r\n{\r\n" * 3000 + b"0\r\n\r\n",
            )
        )
        both = self._chance.choice((None, None, None, "5"))
        more = "Transfer-Encoding: chunked\r\n"
        return Ask("", (self._request(operation, bad, length=both, more=more),))

    def _path(self) -> Ask:
        method, path = self._chance.choice(_METHODS), self._chance.choice(_PATHS)
        if self._chance.random() < 0.3:
            path += self._chance.randbytes(3).decode("latin-1").replace("\r", "").replace("\n", "")
        return Ask("", (self._request((method, path), b"", length=None),))

    def _pipeline(self) -> Ask:
        """Several good requests, or a good one before a bad one, all at once."""
        count = self._chance.randint(2, 4)
        requests = [self._request(*self._good()) for _ in range(count)]
        if self._chance.random() < 0.3:
            return Ask("", (b"".join([*requests, self._chance.choice(_STARTS)]),))
        return Ask("", (b"".join(requests),), None, count)

    def _slow(self) -> Ask:
        operation, body = self._good()
        content = self._request(operation, body)
        cuts = sorted(self._chance.sample(range(1, len(content)), 3))
        pieces = tuple(content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True))
        if self._chance.random() < 0.3:
            return Ask("", pieces[:-1])
        return Ask("", pieces, operation, 1)

    def _start(self) -> Ask:
        return Ask("", (self._chance.choice(_STARTS),))

    def _noise(self) -> Ask:
        return Ask("", (self._chance.randbytes(self._chance.choice((1, 20, 300, 70_000))),))
