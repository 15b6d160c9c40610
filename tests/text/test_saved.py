import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import CheckpointError, NotWrittenError
from tandem.text import Tokenizer, TokenizerKind
from tests.support.limits import needs_limits, no_file_beyond

KINDS: tuple[TokenizerKind, ...] = get_args(TokenizerKind)
TEXTS = ["A man, a plan, a canal: Panama!", "Zwei Männer \x00 \u2028 im ❤️ <eos> Freien."]
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize("lowercase", [False, True])
@every_kind
def test_what_is_saved_loads_to_the_same(kind: TokenizerKind, lowercase: bool, tmp_path: Path) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS, lowercase=lowercase)
    tokenizer.save(tmp_path / "t.json")
    loaded = Tokenizer.load(tmp_path / "t.json")
    assert (loaded.kind, loaded.lowercase, len(loaded)) == (kind, lowercase, len(tokenizer))
    for text in [*TEXTS, "Unseen ▁words <pad>, 日本", ""]:
        ids = tokenizer.encode(text)
        assert loaded.encode(text) == ids
        assert loaded.decode(ids) == tokenizer.decode(ids)
        assert loaded.tokens(ids) == tokenizer.tokens(ids)
    assert loaded.to_json() == tokenizer.to_json()


@needs_limits
def test_saving_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    Tokenizer.train("word", TEXTS).save(path)
    before = path.read_bytes()
    with no_file_beyond(10), pytest.raises(NotWrittenError, match=r"t\.json: cannot be written"):
        Tokenizer.train("character", TEXTS).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["t.json"]


@every_kind
@settings(deadline=None)
@given(data=st.data())
def test_damaged_json_is_refused_or_works(kind: TokenizerKind, data: st.DataObject) -> None:
    text = Tokenizer.train(kind, ["few words of"]).to_json()
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, start + 40))
    junk = data.draw(st.sampled_from(["", "0", '"', "{", "}", "[", "null", "x", "\\", "\ud800"]))
    with contextlib.suppress(CheckpointError):  # any other error, a panic of the library too, is a failure
        tokenizer = Tokenizer.from_json(text[:start] + junk + text[end:], "here")
        tokenizer.decode(tokenizer.encode("few other words"))


@every_kind
@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.99])
def test_a_cut_off_file_is_refused_by_name(kind: TokenizerKind, part: float, tmp_path: Path) -> None:
    path = tmp_path / "source.tokenizer.json"
    text = Tokenizer.train(kind, TEXTS).to_json()
    path.write_text(text[: int(len(text) * part)], encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"source\.tokenizer\.json: .* Restore the file"):
        Tokenizer.load(path)


def test_a_missing_or_binary_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.json: the tokenizer cannot be read"):
        Tokenizer.load(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CheckpointError, match=r"binary\.json: the tokenizer cannot be read"):
        Tokenizer.load(tmp_path / "binary.json")


@pytest.mark.parametrize("text", ["null", "[]", "{}", '{"model": 1}', "[" * 100_000, '"\\ud800"', "[]" * 9, "9" * 9999])
def test_json_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="o: a tokenizer must be the JSON that Tandem saved, but"):
        Tokenizer.from_json(text, "o")


Change = Callable[[dict[str, Any]], object]


def rename(state: dict[str, Any], token: str) -> None:
    """Give a token's id to another one."""
    vocabulary = state["model"]["vocab"]
    vocabulary["renamed"] = vocabulary.pop(token)


ADDED = {
    "id": 3, "content": "<eos>", "special": True,
    "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
}  # fmt: skip
FOREIGN: list[tuple[TokenizerKind, Change, str]] = [
    ("word", lambda s: s.update(added_tokens=[ADDED]), "none of the kinds"),
    ("word", lambda s: s.update(normalizer=None), "none of the kinds"),
    ("word", lambda s: s.update(normalizer={"type": "NFC"}), "none of the kinds"),
    ("word", lambda s: s.update(pre_tokenizer=None), "none of the kinds"),
    ("word", lambda s: s.update(pre_tokenizer={"type": "Whitespace"}), "none of the kinds"),
    ("word", lambda s: s["model"].update(unk_token="[UNK]"), "none of the kinds"),
    ("word", lambda s: s["model"]["vocab"].pop("▁man"), r"ids of its \d+ tokens are not 0 to"),
    ("word", lambda s: s["model"]["vocab"].update({"<eos>": 2, "<sos>": 3}), "first tokens are not"),
    ("word", lambda s: s.pop("pre_tokenizer"), "none of the kinds"),
    ("word", lambda s: s.update(decoder={"type": "WordPiece"}), "none of the kinds"),
    ("word", lambda s: s["normalizer"]["normalizers"].reverse(), "none of the kinds"),
    ("word", lambda s: s["pre_tokenizer"]["pattern"].update(Regex="(a+)+$"), "none of the kinds"),
    ("word", lambda s: s["model"].update(vocab=["a"]), "vocabulary is not an object"),
    ("word", lambda s: s["model"].update(vocab={}), "first tokens are not"),
    ("word", lambda s: s["model"]["vocab"].update({"<unk>": 0.0}), "not whole numbers"),
    ("word", lambda s: s["model"]["vocab"].update({"<pad>": True}), "not whole numbers"),
    ("word", lambda s: s["model"]["vocab"].update({"▁man": 10**9}), r"ids of its \d+ tokens are not 0 to"),
    ("word", lambda s: s["model"]["vocab"].update({"▁man": 10**400}), r"ids of its \d+ tokens are not 0 to"),
    ("word", lambda s: s["model"]["vocab"].update({"\ud800": len(s["model"]["vocab"])}), "half of a surrogate pair"),
    ("word", lambda s: s["model"].update(merges=[]), "merges, which only the kind bpe has"),
    ("bpe", lambda s: rename(s, "an"), r"the merge \['a', 'n'\] does not make a token"),
    ("bpe", lambda s: rename(s, "a"), r"the merge \['a', 'n'\] does not make a token"),
    ("bpe", lambda s: s["model"].update(merges=["a n"]), "the merge 'a n' does not make a token"),
    ("bpe", lambda s: s["model"].update(merges=[["a", 1]]), r"the merge \['a', 1\] does not make a token"),
    ("bpe", lambda s: s["model"].update(merges={"a": "n"}), "its merges are not a list"),
    ("bpe", lambda s: s["model"].pop("merges"), "its merges are not a list"),
    ("bpe", lambda s: s["model"].update(continuing_subword_prefix="##"), "none of the kinds"),
    ("bpe", lambda s: s["model"].update(dropout=0.5), "none of the kinds"),
]


@every_kind
def test_what_other_releases_of_the_library_leave_out_or_add_is_no_matter(kind: TokenizerKind) -> None:
    tokenizer = Tokenizer.train(kind, TEXTS)
    state = json.loads(tokenizer.to_json())
    off = [key for key, value in state["model"].items() if value in (None, False)]
    for key in off:
        del state["model"][key]
    state["model"]["later"] = None
    assert Tokenizer.from_json(json.dumps(state), "o").to_json() == tokenizer.to_json()


@pytest.mark.parametrize(("kind", "change", "reason"), FOREIGN)
def test_a_foreign_or_changed_tokenizer_is_refused(kind: TokenizerKind, change: Change, reason: str) -> None:
    state = json.loads(Tokenizer.train(kind, TEXTS).to_json())
    change(state)
    with pytest.raises(CheckpointError, match=f"^o: .*{reason}.* Restore the file"):
        Tokenizer.from_json(json.dumps(state), "o")


@every_kind
def test_a_token_beyond_any_length_is_refused(kind: TokenizerKind) -> None:
    state = json.loads(Tokenizer.train(kind, ["a b"]).to_json())
    vocabulary = state["model"]["vocab"]
    longest = "X" * 2**15
    for token, said in ((longest, None), (longest + "X", "a token has 32,769 characters, and the limit is 32,768")):
        state["model"]["vocab"] = {**vocabulary, token: len(vocabulary)}
        text = json.dumps(state)
        if said is None:
            assert len(Tokenizer.from_json(text, "here")) == len(vocabulary) + 1
        else:
            with pytest.raises(CheckpointError, match=said):
                Tokenizer.from_json(text, "here")
