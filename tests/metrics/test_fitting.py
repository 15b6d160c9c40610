import random

import pytest

from tandem.corpora.captions import captions
from tandem.metrics import Score, fits_exact, in_order, leading_scores
from tandem.metrics.fitting import has_bleu
from tandem.metrics.scripts import Script, main_script

SENTENCES = [
    ["A man in an orange hat is staring at something.", "Two dogs play in the snow."],
    ["Ein Mann mit einem orangefarbenen Hut starrt etwas an.", "Zwei Hunde spielen im Schnee."],
    ["Một người đàn ông đội mũ đang nhìn chằm chằm.", "Hai con chó chơi trong tuyết."],
    ["一个戴着橙色帽子的男人正盯着什么东西看。", "两只狗在雪地里玩耍。"],
    ["オレンジの帽子をかぶった男性が何かを見つめている。", "二匹の犬が雪の中で遊んでいる。"],
    ["주황색 모자를 쓴 남자가 무언가를 바라보고 있다.", "개 두 마리가 눈 속에서 놀고 있다."],
    ["ชายสวมหมวกสีส้มกำลังจ้องมองบางสิ่งอยู่ไกลออกไป", "สุนัขสองตัวกำลังเล่นอยู่ในหิมะด้วยกันอย่างสนุกสนาน"],
    ["नारंगी टोपी पहने एक आदमी कुछ देख रहा है।", "दो कुत्ते बर्फ में खेल रहे हैं।"],
    ["رجل يرتدي قبعة برتقالية يحدق في شيء ما.", "كلبان يلعبان معا في الثلج."],
]
CODES = [
    ["1999-05-03", "2001-12-24"],
    ["3rd of May 1999", "24th of December 2001"],
    ["anna.smith@example.org", "li@example.com"],
    ["AH0 B AW1 T", "S IH0 K S T IY1 N"],
    ["ɒ ɟː ɒ", "a v p r ɔː t s"],
    ["good morning", "thank you"],
    ["คอมพิวเตอร์", "อินเทอร์เน็ต"],
    ["电脑", "互联网"],
    ["컴퓨터", "인터넷"],
    ["x = 3 + y * 2", "y = ( x + 1 ) * 4"],
    ["", ""],
]


@pytest.mark.parametrize("references", SENTENCES)
def test_sentences_of_any_script_lead_with_bleu(references: list[str]) -> None:
    assert not fits_exact(references)
    assert leading_scores(references)[0] == "bleu"


@pytest.mark.parametrize("references", CODES)
def test_codes_sounds_and_words_lead_with_exact_matches(references: list[str]) -> None:
    assert fits_exact(references)
    assert leading_scores(references)[:3] == ("exact", "token_edit_rate", "character_edit_rate")


def test_many_texts_of_few_words_are_commands() -> None:
    rng = random.Random(1)
    words = ["I_WALK", "I_RUN", "I_LOOK", "I_TURN_LEFT", "I_TURN_RIGHT", "I_JUMP"]
    assert fits_exact([" ".join(rng.choices(words, k=12)) for _ in range(30)])


def test_a_corpus_of_captions_is_sentences() -> None:
    assert not fits_exact([target for _, target in captions().test])


def test_bleu_needs_four_words() -> None:
    assert not has_bleu(["good morning", "a b c"], "13a")
    assert has_bleu(["good morning", "a b c d"], "13a")
    assert has_bleu(["good"], "char")


def test_the_leading_scores_come_first_and_the_others_keep_their_order() -> None:
    scores = [Score(name, 1.0, "") for name in ("bleu", "loss", "exact", "perplexity", "token_edit_rate")]
    names = [score.name for score in in_order(scores, leading_scores(["1999-05-03"]))]
    assert names == ["exact", "token_edit_rate", "bleu", "loss", "perplexity"]
    assert in_order(scores, ()) == scores


@pytest.mark.parametrize(
    ("script", "references"),
    [
        *zip(
            ["spaced"] * 3 + ["chinese", "japanese", "korean", "unspaced"] + ["spaced"] * 2,
            SENTENCES,
            strict=True,
        ),
        ("spaced", ["", "1999-05-03", "?!"]),
        ("chinese", ["我们在 New York 的 Central Park 见面。"]),
        ("spaced", ["The word 猫 means cat in Chinese."]),
        ("unspaced", ["ຂ້ອຍຢາກກິນເຂົ້າ", "ខ្ញុំចង់ញ៉ាំបាយ", "ငါထမင်းစားချင်တယ်", "ང་ཁ་ལག་ཟ་འདོད་འདུག"]),
        ("japanese", ["ｱｲｳｴｵ"]),
        ("chinese", ["𠀀𠀁𠀂"]),
    ],
)
def test_the_script_is_that_of_the_letters(script: Script, references: list[str]) -> None:
    assert main_script(references) == script
