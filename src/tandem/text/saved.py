"""Reading a tokenizer's JSON, which may be damaged or another program's."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import tokenizers

from tandem.text.pipeline import CHARACTER, SPECIAL_TOKENS, UNK_TOKEN, TokenizerKind


def read(text: str) -> tuple[tokenizers.Tokenizer, TokenizerKind, bool]:
    """The library's tokenizer, its kind, and whether it lower-cases.

    Raises ValueError, saying what is wrong, if the text is not what `Tokenizer.to_json` writes.
    """
    try:
        _check_merges(json.loads(text))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    core = tokenizers.Tokenizer.from_buffer(text.encode())
    recognised = _recognise(json.loads(core.to_str()))
    if recognised is None:
        kinds = ", ".join(get_args(TokenizerKind))
        raise ValueError(f"it is of none of the kinds {kinds} that Tandem makes")
    ids = core.get_vocab()
    if sorted(ids.values()) != list(range(len(ids))):
        raise ValueError(f"the ids of its {len(ids)} tokens are not 0 to {len(ids) - 1}")
    if any(ids.get(token) != index for index, token in enumerate(SPECIAL_TOKENS)):
        raise ValueError(f"its first tokens are not {' '.join(SPECIAL_TOKENS)}")
    return core, *recognised


def _check_merges(state: object) -> None:
    """Find what would make the library panic, which is no Exception; all else it reports itself."""
    model = state.get("model") if isinstance(state, dict) else None
    if not isinstance(model, dict) or not model.get("merges"):
        return
    vocabulary, merges = model.get("vocab"), model["merges"]
    if not (isinstance(vocabulary, dict) and isinstance(merges, list)):
        raise ValueError("its merges or its vocabulary are no list and table")
    if model.get("continuing_subword_prefix") is not None:
        raise ValueError("it marks the parts of words by a prefix")
    for merge in merges:
        pair = isinstance(merge, list) and all(isinstance(part, str) for part in merge)
        if not pair or "".join(merge) not in vocabulary:
            raise ValueError(f"the merge {merge!r} makes no token of its vocabulary")


def _recognise(state: Mapping[str, Any]) -> tuple[TokenizerKind, bool] | None:
    """The kind, and whether it lower-cases, of the state of a tokenizer that `assemble` made."""
    model, cutter, normaliser = state["model"], state["pre_tokenizer"], state["normalizer"]
    extras = ("added_tokens", "truncation", "padding", "post_processor")
    if cutter is None or normaliser is None or any(state[extra] for extra in extras):
        return None
    if normaliser["type"] != "Sequence" or model.get("unk_token") != UNK_TOKEN:
        return None
    lowercase = any(step["type"] == "Lowercase" for step in normaliser["normalizers"])
    match model["type"], cutter["type"]:
        case "BPE", "Split":
            return "bpe", lowercase
        case "WordLevel", "WhitespaceSplit":
            return "whitespace", lowercase
        case "WordLevel", "Split":
            return ("character" if cutter["pattern"] == {"Regex": CHARACTER} else "word"), lowercase
    return None
