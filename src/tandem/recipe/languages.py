"""The languages of a model: as they were named, or as the files that it was trained on are called."""

from pathlib import PurePath
from typing import NamedTuple

from tandem.corpora.named import NamedCorpus
from tandem.corpora.parallel_files import FilesCorpus
from tandem.corpora.public import PUBLIC
from tandem.files.compression import PACKED_SUFFIXES
from tandem.recipe.settings import Recipe


class Languages(NamedTuple):
    """What a model reads and what it writes, as codes such as "de"."""

    source: str
    target: str


NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "la": "Latin", "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay",
    "nb": "Norwegian Bokmål", "nl": "Dutch", "nn": "Norwegian Nynorsk", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
"""The names of languages by their ISO 639-1 codes; others are called by their codes."""


def languages_of(recipe: Recipe) -> Languages | None:
    """Return the languages that the name of a recipe's training corpus tells, or those of its files; None else."""
    corpus = recipe.data.train
    if isinstance(corpus, FilesCorpus):
        return _by_endings(corpus.source, corpus.target)
    if isinstance(corpus, NamedCorpus) and corpus.name == "captions":
        return Languages("de", "en")
    if isinstance(corpus, NamedCorpus) and corpus.name in PUBLIC:
        return _by_endings(*PUBLIC[corpus.name].splits[corpus.split])
    return None


def _by_endings(source: str, target: str) -> Languages | None:
    codes = [_code(source), _code(target)]
    return Languages(*codes) if all(code in NAMES for code in codes) else None


def _code(file: str) -> str:
    path = PurePath(file)
    inner = path.with_suffix("") if path.suffix.lower() in PACKED_SUFFIXES else path
    return inner.suffix.removeprefix(".").lower()
