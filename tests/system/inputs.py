"""Inputs for the fuzzer: good files spoilt, byte by byte or with their grammar in view."""

import json
import math
import tomllib
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 5, 10**9, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, math.inf, math.nan,
    "", " ", "\x00", "\ud800", "▁", "<eos>", "x" * 3000, "../x", "/dev/zero", "~", "word", "bpe", "lstm", "\x1b[2J",
    [], [[]], {}, {"": {}}, ["a", "b"], [0.9, 0.98],
)  # fmt: skip
WORDS: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\t", b" ", b'"', b"'", b'"""', b"\\",
    b"\\u0000", b"\\ud800", b"\\U0010ffff", b"{", b"}", b"[", b"]", b"[[", b"]]", b"=", b".", b":", b",", b"#", b"-",
    b"[" * 2000, b'{"a":' * 2000, b"a." * 400, b"9" * 5000, b"0x" + b"f" * 6000, b"0", b"1", b"1e999", b"nan", b"inf",
    b"null", b"true", b"1979-05-27T07:32:00Z", b"1_0", b"\x80\x04.", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xff" * 8,
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, documents: Sequence[bytes], words: Sequence[bytes] = WORDS) -> bytes:
    """One of the documents with a few of its bytes cut, flipped, moved, doubled, or replaced by odd ones."""
    content = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        end = min(len(content), place + draw(st.integers(0, 40)))
        before, within, after = content[:place], content[place:end], content[end:]
        match draw(st.sampled_from(("flip", "flip", "cut", "drop", "put", "replace", "splice", "repeat", "random"))):
            case "flip":
                flipped = bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in within[:1])
                content = before + flipped + within[1:] + after
            case "cut":
                content = before
            case "drop":
                content = before + after
            case "put":
                content = before + draw(st.sampled_from(words)) + within + after
            case "replace":
                content = before + draw(st.sampled_from(words)) + after
            case "splice":
                other = draw(st.sampled_from(documents))
                content = before + other[draw(st.integers(0, len(other))) :]
            case "repeat":
                content = before + within * draw(st.integers(2, 50)) + after
            case _:
                content = before + draw(st.binary(max_size=16)) + after
    return content


@st.composite
def changed(draw: st.DrawFn, trees: Sequence[Any]) -> Any:
    """One of the trees of tables and lists with a few places taken out, added, moved, or given odd values."""
    tree = deepcopy(draw(st.sampled_from(trees)))
    for _ in range(draw(st.integers(1, 3))):
        places: list[tuple[Any, Any]] = []
        _gather(tree, places)
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        value = deepcopy(draw(st.sampled_from(ODD) | st.text(max_size=8) | st.integers() | st.floats()))
        match draw(st.sampled_from(("set", "set", "remove", "add", "move", "nest"))):
            case "set":
                parent[key] = value
            case "remove":
                del parent[key]
            case "add" if isinstance(parent, dict):
                parent[draw(st.sampled_from(("", "a", "kind", "model", "\ud800", "format", "type")))] = value
            case "move":
                parent[key] = deepcopy(draw(st.sampled_from(places))[0])
            case _:
                for _ in range(draw(st.sampled_from((1, 2, 40, 100)))):
                    parent[key] = [parent[key]]
    return tree


def _gather(tree: Any, places: list[tuple[Any, Any]]) -> None:
    """Every value's parent and key."""
    waiting = [tree]
    while waiting:
        parent = waiting.pop()
        for key in parent if isinstance(parent, dict) else range(len(parent)):
            places.append((parent, key))
            if isinstance(parent[key], dict | list):
                waiting.append(parent[key])


def as_json(tree: Any) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


def as_toml(tree: Any) -> bytes:
    """A table as TOML: its own keys a line each, all below them inline."""
    if not isinstance(tree, dict):
        return _inline(tree)
    return b"".join(_string(key) + b" = " + _inline(value) + b"\n" for key, value in tree.items())


def _inline(value: Any) -> bytes:
    match value:
        case dict():
            return b"{" + b", ".join(_string(key) + b" = " + _inline(item) for key, item in value.items()) + b"}"
        case list():
            return b"[" + b", ".join(map(_inline, value)) + b"]"
        case str():
            return _string(value)
        case float() if not math.isfinite(value):
            return str(value).encode()
    return json.dumps(value).encode()


def _string(text: str) -> bytes:
    return json.dumps(text, ensure_ascii="\ud800" not in text).encode("utf-8", "surrogatepass")


def toml_trees(documents: Sequence[bytes]) -> list[Any]:
    return [tomllib.loads(document.decode()) for document in documents]
