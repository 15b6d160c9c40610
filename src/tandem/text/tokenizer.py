"""Text to ids and back: one class over the `tokenizers` library, one JSON file each."""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Self, get_args

import tokenizers

from tandem.errors import CheckpointError, RecipeError
from tandem.files.atomic import replace_file
from tandem.files.paths import read_text
from tandem.text.counts import WordCounts, count_words
from tandem.text.pipeline import (
    MARK,
    SPACED,
    SPECIAL_TOKENS,
    TAG_SEPARATORS,
    UNK_ID,
    UNK_TOKEN,
    TokenizerKind,
    assemble,
    byte_pairs,
    without_surrogates,
    word_level,
)
from tandem.text.saved import read
from tandem.text.vocabulary import NO_LIMIT, frequent_pairs, frequent_pieces

DEFAULT_BPE_SIZE = 8000
_TAGS_APART = str.maketrans(dict.fromkeys(TAG_SEPARATORS, " "))
_MOST_BYTES = 2**28  # The most bytes of a saved tokenizer: far more than the largest vocabularies take.


class Tokenizer:
    """Turns text into ids and ids into text. Made by `train`, `load` or `from_json`.

    The kinds differ in their tokens:

    - `word`: a run of characters other than space, punctuation and symbols; each punctuation mark and symbol by itself.
    - `whitespace`: the text between white space, for corpora that are already tokenised.
    - `character`: one character (code point), including spaces.
    - `bpe`: parts of words, learnt by merging frequent pairs (Sennrich et al. 2016, arXiv 1508.07909).
    - `tags`: the text between white space or any of `;`, `|`, `,` and `+`, such as `V` and `PST` in "V;PST".

    Before that, a text is normalised: runs of white space become one space, and the text is converted to Unicode NFC
    and, optionally, to lower case. A `▁` at the start of a token stands for the space before it, so `decode` returns
    exactly the text that `normalise` returns. In all kinds except `whitespace` and `tags`, a `▁` in the text itself
    becomes `_`. A text never yields a special token: `<eos>` in a text is ordinary text, or at worst unknown.
    """

    has_features = False
    """Whether a text may have features after a tab, with tokens of their own (`FeaturesTokenizer`)."""
    unknown_ids: tuple[int, ...] = (UNK_ID,)
    """The ids of unknown tokens."""

    def __init__(self, core: tokenizers.Tokenizer, kind: TokenizerKind, lowercase: bool) -> None:
        """Wrap a library tokenizer whose ids are 0, 1, 2, ... and begin with `SPECIAL_TOKENS`."""
        self._core = core
        self.kind = kind
        self.lowercase = lowercase
        self._ids = core.get_vocab()
        self._tokens = sorted(self._ids, key=self._ids.__getitem__)
        self._longest = max(map(len, self._tokens), default=0)
        # The text of each id in a decoded text. An unknown piece of the kind "word" is usually a whole word.
        self._texts = ["" if token in SPECIAL_TOKENS else token for token in self._tokens]
        self._texts[UNK_ID] = MARK + UNK_TOKEN if kind == "word" else UNK_TOKEN
        if kind not in SPACED:
            self._texts = [token.replace(MARK, " ") for token in self._texts]

    @classmethod
    def train(
        cls,
        kind: TokenizerKind,
        texts: Iterable[str] | WordCounts,
        *,
        lowercase: bool = False,
        min_count: int = 1,
        max_size: int | None = None,
    ) -> Self:
        """Learn a vocabulary from texts or from the counts of their words; it is the same in every process.

        Tokens seen fewer than `min_count` times are unknown (in the kind `bpe`, such characters are unknown, and such
        pairs are not merged). `max_size` includes the special tokens; None means no limit, or 8000 for `bpe`. Of
        equally frequent tokens, the first in code point order is kept. Raise RecipeError for an invalid setting.
        """
        _check_settings(kind, min_count, max_size)
        counts = texts if isinstance(texts, WordCounts) else count_words(texts)
        if kind == "bpe":
            size = max_size or DEFAULT_BPE_SIZE
            tokens, merges = frequent_pairs(counts, lowercase=lowercase, min_count=min_count, max_size=size)
            model = byte_pairs(tokens, merges)
        else:
            size = max_size or NO_LIMIT
            model = word_level(frequent_pieces(kind, counts, lowercase=lowercase, min_count=min_count, max_size=size))
        return cls(assemble(kind, lowercase, model), kind, lowercase)

    def __len__(self) -> int:
        """The number of tokens, including the special ones."""
        return len(self._tokens)

    def __repr__(self) -> str:
        """The kind and the size."""
        return f"<Tokenizer {self.kind}, {len(self)} tokens{', lower-cased' if self.lowercase else ''}>"

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without `<sos>` and `<eos>`; an empty list for an empty text."""
        return self._core.encode(without_surrogates(text)).ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, as `encode` does, computed on all cores."""
        encodings = self._core.encode_batch_fast([without_surrogates(text) for text in texts])
        return [encoding.ids for encoding in encodings]

    def pieces(self, text: str) -> list[tuple[int, str]]:
        """Return the id and the text of each token; the text of an unknown token is what a vocabulary would have."""
        normalised = self._core.normalizer.normalize_str(without_surrogates(text))
        found = []
        for piece, _ in self._core.pre_tokenizer.pre_tokenize_str(normalised):
            for token in self._core.model.tokenize(piece):
                start, end = token.offsets  # in bytes
                known = token.id != UNK_ID
                found.append((token.id, token.value if known else piece.encode()[start:end].decode()))
        return found

    def unknown_pieces(self, text: str, *, most: int | None = None) -> list[str]:
        """Return the pieces of a text that `encode` turns into `<unk>`, among its first `most` tokens.

        In the kind `bpe`, neighbouring unknown characters are one piece.
        """
        text = without_surrogates(text)
        ids, spans = self._encode_with_spans(text)
        return [text[start:end] for index, (start, end) in list(zip(ids, spans, strict=True))[:most] if index == UNK_ID]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the beginning and the end of each token of `encode(text)` in the text, without the space before it."""
        return self._encode_with_spans(without_surrogates(text))[1]

    def _encode_with_spans(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        text = text.translate(_TAGS_APART) if self.kind == "tags" else text
        encoding = self._core.encode(text)
        following = [*(start for start, _ in encoding.offsets[1:]), len(text)][: len(encoding.offsets)]
        spans = zip(encoding.offsets, following, strict=True)
        return encoding.ids, [self._span(text, start, end, limit) for (start, end), limit in spans]

    def _span(self, text: str, start: int, end: int, limit: int) -> tuple[int, int]:
        """Return the whole span of a token, given the library's span of it; the next token begins at `limit`."""
        # For the library, a letter that NFC composed of a base and accents ends after the base.
        while end < limit and unicodedata.combining(text[end]):
            end += 1
        if self.kind in SPACED:
            # The normaliser replaces the name of a special token, whose span for the library is its last character.
            while start > 0 and not text[start - 1].isspace():
                start -= 1
        elif text[start:end].strip():  # a word's piece begins with its space
            start = end - len(text[start:end].lstrip())
        return start, end

    def decode(self, ids: Sequence[int], more: Sequence[str] = (), *, unknown: Iterable[str] = ()) -> str:
        """Return the text of the ids. `<pad>`, `<sos>` and `<eos>` are left out; an unknown token becomes `<unk>`.

        Ids after the vocabulary stand for the tokens in `more`. The texts in `unknown` replace the first unknown
        tokens, one each; in the kind `word`, such a text must begin with a space if there is to be one. Raise
        IndexError for any other id.
        """
        given = iter(unknown)
        if self.kind not in SPACED:
            more = [token.replace(MARK, " ") for token in more]
        texts = [self._token(index, self._texts, more) for index in ids]
        pieces = [next(given, own) if index == UNK_ID else own for index, own in zip(ids, texts, strict=True)]
        if self.kind in SPACED:
            return " ".join(piece for piece in pieces if piece)
        return "".join(pieces).strip(" ")

    def tokens(self, ids: Sequence[int], more: Sequence[str] = ()) -> list[str]:
        """Return the token of each id, including special tokens; ids after the vocabulary stand for those in `more`."""
        return [self._token(index, self._tokens, more) for index in ids]

    def beginning(self, ids: Sequence[int], characters: int, more: Sequence[str] = ()) -> Sequence[int]:
        """Return the longest beginning of the ids whose tokens have at most `characters` characters together."""
        if len(ids) * max(self._longest, max(map(len, more), default=0)) <= characters:
            return ids
        ends = accumulate(len(token) for token in self.tokens(ids, more))
        return ids[: sum(1 for _ in takewhile(lambda end: end <= characters, ends))]

    def normalise(self, text: str) -> str:
        """Return the text as this tokenizer sees it: `decode(encode(text))` if nothing is unknown."""
        seen: str = self._core.normalizer.normalize_str(without_surrogates(text))
        return seen if self.kind in SPACED else seen.replace(MARK, " ").strip(" ")

    def token_to_id(self, token: str) -> int | None:
        """Return the id of a token, or None if it is not in the vocabulary."""
        return self._ids.get(token)

    def id_to_token(self, index: int) -> str:
        """Return the token of an id. Raise IndexError for an id outside the vocabulary."""
        return self._token(index, self._tokens, ())

    def merges(self) -> list[tuple[str, str]]:
        """Return the pairs of tokens that are merged, in the order of merging; empty for kinds other than `bpe`."""
        return [(left, right) for left, right in json.loads(self._core.to_str())["model"].get("merges", [])]

    def _token(self, index: int, own: Sequence[str], more: Sequence[str]) -> str:
        if not 0 <= index < len(own) + len(more):
            raise IndexError(f"id {index} is outside the vocabulary, which has the ids 0 to {len(own) - 1}")
        return own[index] if index < len(own) else more[index - len(own)]

    def to_json(self) -> str:
        """Return the whole tokenizer as JSON, in the format that the `tokenizers` library itself reads."""
        return self._core.to_str(pretty=True)

    @classmethod
    def from_json(cls, text: str, origin: str) -> Self:
        """Return the tokenizer that `to_json` wrote.

        Raise CheckpointError, naming `origin`, if the text is damaged or written by another program.
        """
        try:
            core, kind, lowercase = read(text)
        except ValueError as error:
            raise CheckpointError(
                f"{origin}: a tokenizer must be the JSON that Tandem saved, but: {error}. "
                "Restore the file from a copy, or make it again."
            ) from error
        return cls(core, kind, lowercase)

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file and replace an older one, in one step. Raise NotWrittenError if that fails."""
        replace_file(Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a tokenizer from a file. Raise CheckpointError if it is missing, damaged or another program's."""
        try:
            text = read_text(Path(path), _MOST_BYTES)
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{path}: the tokenizer cannot be read: {error}. Restore the file from a copy, or make it again."
            ) from error
        return cls.from_json(text, str(path))


def _check_settings(kind: TokenizerKind, min_count: int, max_size: int | None) -> None:
    if kind not in get_args(TokenizerKind):
        kinds = ", ".join(get_args(TokenizerKind))
        raise RecipeError(f"A tokenizer's kind is one of {kinds}, not {kind!r}. Choose one of them.")
    if min_count < 1:
        raise RecipeError(f"A tokenizer's min_count must be at least 1, not {min_count}: 1 keeps every token.")
    if max_size is not None and max_size <= len(SPECIAL_TOKENS):
        raise RecipeError(
            f"A tokenizer's max_size must be at least {len(SPECIAL_TOKENS) + 1}, not {max_size}: "
            f"it includes the {len(SPECIAL_TOKENS)} special tokens. Raise it, or leave it out."
        )
