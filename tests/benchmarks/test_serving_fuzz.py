"""What the fuzzer of the server draws, and how it reads what comes back."""

import pytest

from benchmarks.fuzz_bytes import RawAsks
from benchmarks.fuzz_described import required
from benchmarks.http_answers import Reply, replies_in
from benchmarks.serving_fuzz import good_bodies

PLAIN = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


def test_a_seed_gives_the_same_requests_and_all_kinds() -> None:
    makers = [RawAsks(good_bodies(["one", "two"]), "a token", 3) for _ in range(2)]
    first, second = ([maker.draw() for _ in range(500)] for maker in makers)
    assert first == second
    kinds = {ask.kind for ask in first}
    assert {"value", "head", "chunks", "pipeline", "slow", "noise"} <= kinds
    assert all(piece for ask in first for piece in ask.pieces)
    assert {ask.answers for ask in first if ask.kind == "value"} == {1}


def test_answers_are_told_apart() -> None:
    plain, chunked = Reply(404, "application/json", b"{}"), Reply(200, "", b"abc")
    assert replies_in(PLAIN + CHUNKED + PLAIN) == [plain, chunked, plain]
    assert replies_in(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN) == [plain]
    assert replies_in(PLAIN[:-1]) == replies_in(CHUNKED[:-1]) == []
    assert replies_in(PLAIN + CHUNKED[:-1], closed=True) == [plain]


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    content = b"HTTP/1.0 200 OK\r\n\r\nabc"
    assert replies_in(content) == []
    assert replies_in(content, closed=True) == [Reply(200, "", b"abc")]


def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    assert replies_in(PLAIN[:-2], closed=True) == [Reply(404, "application/json", b"")]


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(SystemExit, match="no_such_library is missing"):
        required("no_such_library")
