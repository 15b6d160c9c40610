"""Reads the JSON of a tokenizer, which may be damaged, hostile or written by another program."""

import json
import reprlib
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import tokenizers

from tandem.text.pipeline import (
    LONGEST_TOKEN,
    SPECIAL_TOKENS,
    TokenizerKind,
    assemble,
    byte_pairs,
    without_surrogates,
    word_level,
)


def read(text: str) -> tuple[tokenizers.Tokenizer, TokenizerKind, bool]:
    """Return the library's tokenizer, its kind, and whether it lower-cases.

    The library could panic at the text, so it never sees it: the tokenizer is built from its vocabulary and its merges.
    Raise ValueError, with the fault, if the text is not what `Tokenizer.to_json` writes.
    """
    try:
        state = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    model = state.get("model") if isinstance(state, dict) else None
    if not isinstance(model, dict):
        raise ValueError("it describes no model")
    vocabulary, merges = model.pop("vocab", None), model.pop("merges", None)
    kind, lowercase = _recognise(state)
    tokens = _checked_tokens(vocabulary)
    if kind != "bpe":
        if merges is not None:
            raise ValueError("it has merges, which only the kind bpe has")
        return assemble(kind, lowercase, word_level(tokens)), kind, lowercase
    if not isinstance(merges, list):
        raise ValueError("its merges are not a list")
    pairs = [_checked_merge(merge, vocabulary) for merge in merges]
    return assemble(kind, lowercase, byte_pairs(tokens, pairs)), kind, lowercase


def _recognise(state: Mapping[str, Any]) -> tuple[TokenizerKind, bool]:
    for kind in get_args(TokenizerKind):
        for lowercase in (False, True):
            if _switched_on(state) == _written(kind, lowercase):
                return kind, lowercase
    raise ValueError(f"it is of none of the kinds {', '.join(get_args(TokenizerKind))} that Tandem makes")


@cache
def _written(kind: TokenizerKind, lowercase: bool) -> dict[str, Any]:
    core = assemble(kind, lowercase, byte_pairs([], []) if kind == "bpe" else word_level([]))
    state: dict[str, Any] = json.loads(core.to_str())
    state["model"] = {key: value for key, value in state["model"].items() if key not in ("vocab", "merges")}
    return _switched_on(state)


def _switched_on(state: Mapping[str, Any]) -> dict[str, Any]:
    """Remove null, false and 0 from a state: releases of the library differ in which of these they write."""
    parts = {**state, "model": {key: value for key, value in state["model"].items() if value not in (None, False)}}
    return {key: value for key, value in parts.items() if value not in (None, False)}


def _checked_tokens(vocabulary: object) -> list[str]:
    """Return the tokens in the order of their ids. Raise ValueError for invalid ids or tokens."""
    if not isinstance(vocabulary, dict):
        raise ValueError("its vocabulary is not an object")
    if not all(type(index) is int for index in vocabulary.values()):
        raise ValueError("the ids of its tokens are not whole numbers")
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    if [vocabulary[token] for token in tokens] != list(range(len(tokens))):
        raise ValueError(f"the ids of its {len(tokens)} tokens are not 0 to {len(tokens) - 1}")
    if tuple(tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
        raise ValueError(f"its first tokens are not {' '.join(SPECIAL_TOKENS)}")
    if (longest := max(map(len, tokens))) > LONGEST_TOKEN:
        raise ValueError(f"a token has {longest:,} characters, and the limit is {LONGEST_TOKEN:,}")
    if any(token != without_surrogates(token) for token in tokens):
        raise ValueError("a token has half of a surrogate pair, which is not valid text")
    return tokens


def _checked_merge(merge: object, vocabulary: Mapping[str, int]) -> tuple[str, str]:
    match merge:
        case [str(left), str(right)] if {left, right, left + right} <= vocabulary.keys():
            return left, right
    raise ValueError(f"the merge {reprlib.repr(merge)} does not make a token of its vocabulary")
