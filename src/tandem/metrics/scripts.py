"""The script of texts, as far as it decides how their words are counted."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeAlias

Script: TypeAlias = Literal["spaced", "chinese", "japanese", "korean", "unspaced"]
"""`spaced` scripts have spaces between words; `unspaced` ones do not, and are neither Chinese nor Japanese."""

_RANGES: tuple[tuple[int, int, str], ...] = (
    (0x0E00, 0x0EFF, "unspaced"),  # Thai, Lao
    (0x0F00, 0x109F, "unspaced"),  # Tibetan, Burmese
    (0x1100, 0x11FF, "hangul"),
    (0x1780, 0x17FF, "unspaced"),  # Khmer
    (0x1950, 0x19FF, "unspaced"),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF, "unspaced"),  # Tai Tham
    (0x1B00, 0x1B7F, "unspaced"),  # Balinese
    (0x3040, 0x30FF, "kana"),
    (0x3100, 0x312F, "han"),  # Bopomofo
    (0x3130, 0x318F, "hangul"),
    (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xA960, 0xA97F, "hangul"),
    (0xA980, 0xA9FF, "unspaced"),  # Javanese, Burmese extended
    (0xAA60, 0xAADF, "unspaced"),  # Burmese extended, Tai Viet
    (0xAC00, 0xD7FF, "hangul"),
    (0xF900, 0xFAFF, "han"),
    (0xFF66, 0xFF9F, "kana"),
    (0x20000, 0x3FFFF, "han"),
)
_STARTS = [first for first, _, _ in _RANGES]
_ENOUGH = 0.25
"""A script decides how words are counted if it has at least this share of the letters."""
_KANA = 0.05
"""Texts with a smaller share of kana are Chinese, which may quote some."""


def main_script(texts: Iterable[str]) -> Script:
    """Return the script of the texts; a script without spaces needs at least a quarter of the letters."""
    letters: Counter[str] = Counter()
    for text in texts:
        letters.update(text)
    kinds: Counter[str] = Counter()
    for letter, count in letters.items():
        kinds[_kind(letter)] += count
    total = kinds["spaced"] + kinds["han"] + kinds["kana"] + kinds["hangul"] + kinds["unspaced"]
    if not total:
        return "spaced"
    if (kinds["han"] + kinds["kana"]) / total >= _ENOUGH:
        return "japanese" if kinds["kana"] >= _KANA * (kinds["han"] + kinds["kana"]) else "chinese"
    if kinds["hangul"] / total >= _ENOUGH:
        return "korean"
    return "unspaced" if kinds["unspaced"] / total >= _ENOUGH else "spaced"


def _kind(character: str) -> str:
    """Return the kind of a character; "" for digits, punctuation and spaces, which every script has."""
    code = ord(character)
    index = bisect_right(_STARTS, code) - 1
    if index >= 0 and code <= _RANGES[index][1]:
        return _RANGES[index][2]
    return "spaced" if character.isalpha() else ""
