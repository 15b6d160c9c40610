"""The pipelines of the `tokenizers` library with which each kind of tokenizer cuts a text into pieces."""

import re
from collections.abc import Sequence

import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers

from tandem.names import TokenizerKind as TokenizerKind

UNK_ID, PAD_ID, SOS_ID, EOS_ID = 0, 1, 2, 3
SPECIAL_TOKENS = ("<unk>", "<pad>", "<sos>", "<eos>")
UNK_TOKEN = SPECIAL_TOKENS[UNK_ID]

MARK = "▁"  # the space before a piece, as in SentencePiece (Kudo & Richardson 2018, arXiv 1808.06226)

LONGEST_TOKEN = 2**15
"""The most characters of a token. A longer piece of a text is unknown. Sources are cut at the same length."""

_SURROGATE = re.compile("[\ud800-\udfff]")
# The mark is itself a symbol in Unicode, so the alternative that cannot match it alone comes first.
_PIECE = rf"{MARK}?[^{MARK}\p{{P}}\p{{S}}]+|{MARK}?[\p{{P}}\p{{S}}]"
CHARACTER = "."
_LITERAL_SPECIAL = rf"(?<!\S)(?:{'|'.join(SPECIAL_TOKENS)})(?!\S)"

SPACED: frozenset[TokenizerKind] = frozenset(("whitespace", "tags"))
"""The kinds whose tokens never begin with the space before them: a text has one between any two tokens."""
TAG_SEPARATORS = ";|,+"  # as UniMorph, Universal Dependencies and finite-state morphologies write them


def without_surrogates(text: str) -> str:
    """Replace each lone surrogate by U+FFFD, because the library accepts only valid Unicode."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def word_level(tokens: Sequence[str]) -> models.Model:
    """Return a model that looks up whole pieces; token number `i` gets the id `i`."""
    return models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token=UNK_TOKEN)


def byte_pairs(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> models.Model:
    """Return a byte-pair model (Sennrich et al. 2016, arXiv 1508.07909); neighbouring unknowns become one."""
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return models.BPE(vocabulary, list(merges), unk_token=UNK_TOKEN, fuse_unk=True)


def assemble(kind: TokenizerKind, lowercase: bool, model: models.Model) -> tokenizers.Tokenizer:
    """Return the library's tokenizer of this kind around a model.

    It has no added tokens: the library would find those in raw text, and a text must never yield a special token.
    """
    core = tokenizers.Tokenizer(model)
    core.normalizer = normalizers.Sequence(_normalisers(kind, lowercase))
    if kind in SPACED:
        core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    else:
        pattern = CHARACTER if kind == "character" else _PIECE
        core.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    return core


def _normalisers(kind: TokenizerKind, lowercase: bool) -> list[normalizers.Normalizer]:
    steps: list[normalizers.Normalizer] = [normalizers.Lowercase()] if lowercase else []
    steps.append(normalizers.NFC())
    if kind == "tags":
        steps.append(normalizers.Replace(Regex(f"[{TAG_SEPARATORS}]"), " "))
    steps.append(normalizers.Strip())
    if kind in SPACED:
        # Only in these kinds can a piece of a text look like a special token: elsewhere, "<" is a piece of its own.
        return [
            *steps,
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Replace(Regex(_LITERAL_SPECIAL), UNK_TOKEN),
        ]
    steps += [normalizers.Replace(MARK, "_"), normalizers.Replace(Regex(r"\s+"), MARK)]
    if kind != "character":
        steps.append(normalizers.Prepend(MARK))  # so that a word is the same token at the beginning as elsewhere
    return steps
