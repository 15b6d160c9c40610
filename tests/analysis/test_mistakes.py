from tandem.analysis.mistakes import Confusion, WordCount, confusions, worst_sentences
from tandem.analysis.systems import References, System
from tests.analysis.corpora import references, system


def counted(translations: list[str], texts: list[tuple[str, ...]], *, lowercase: bool = False) -> System:
    return System("it", translations, References([str(n) for n in range(len(texts))], texts, lowercase))


def test_words_put_out_for_others_missed_and_added_are_counted() -> None:
    found = confusions(
        counted(
            ["a woman runs .", "a woman runs .", "the dog", "a big red dog", "a dog barks"],
            [("a man runs .",), ("a man walks .",), ("the big dog",), ("a big dog",), ("a dog",)],
        )
    )
    assert found.substitutions == (Confusion("man", "woman", 2, 2), Confusion("walks", "runs", 1, 1))
    assert found.missed == (WordCount("big", 1, 2),)
    assert found.added == (WordCount("barks", 1, 1), WordCount("red", 1, 1))


def test_the_nearest_reference_counts() -> None:
    found = confusions(counted(["a red bike"], [("two blue cars", "a red bicycle")]))
    assert found.substitutions == (Confusion("bicycle", "bike", 1, 1),)


def test_nothing_is_wrong_with_what_is_right() -> None:
    corpus = references(40)
    found = confusions(system("right", corpus, 0))
    assert (found.substitutions, found.missed, found.added) == ((), (), ())


def test_case_is_as_it_is_in_the_scores() -> None:
    assert confusions(counted(["A Man"], [("a man",)], lowercase=True)).substitutions == ()
    assert len(confusions(counted(["A Man"], [("a man",)])).substitutions) == 2


def test_the_commonest_come_first_and_no_more_than_asked_for() -> None:
    corpus = references(200)
    found = confusions(system("bad", corpus, 0.5), most=5)
    for counts in (found.substitutions, found.missed, found.added):
        numbers = [entry.count for entry in counts]
        assert len(numbers) <= 5
        assert numbers == sorted(numbers, reverse=True)
        assert all(entry.count <= entry.of for entry in counts)
    assert len(found.substitutions) == 5


def test_the_worst_sentences_come_first_the_longest_of_equals() -> None:
    sources = ["short", "a longer source", "fine"]
    corpus = References(sources, [("abc def",), ("abc def",), ("abc def", "fine")])
    found = worst_sentences(System("it", ["xyz", "xyz", "abc de"], corpus), most=2)
    assert [sentence.source for sentence in found.sentences] == ["a longer source", "short"]
    assert [sentence.score for sentence in found.sentences] == [0, 0]
    all_of_them = worst_sentences(System("it", ["xyz", "xyz", "abc de"], corpus)).sentences
    assert all_of_them[-1].references == ("abc def", "fine")
    assert 0 < all_of_them[-1].score < 100
