"""Vectors of word2vec's, fastText's and GloVe's files: which tokens they are of, and what is no vector."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest

from tandem.errors import CorpusError, RecipeError
from tandem.text import Tokenizer, TokenizerKind
from tandem.text.vectors import check_vectors, read_vectors

WORDS = Tokenizer.train("word", ["the Dog, it runs", "the-dog"])


def written(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def found(path: Path, tokenizer: Tokenizer, size: int = 2) -> dict[str, list[float]]:
    ids, values = read_vectors(path, tokenizer, size)
    assert values.dtype == np.float32
    assert sorted(ids.tolist()) == ids.tolist()
    return {tokenizer.id_to_token(index): row.tolist() for index, row in zip(ids.tolist(), values, strict=True)}


@pytest.mark.parametrize("header", [(), ("4 2",)])
@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
def test_the_forms_of_files_are_read_alike(header: tuple[str, ...], end: str, tmp_path: Path) -> None:
    lines = (*header, "the 1 -2.5", "unheard 9 9", ", 1e-3 4", "dog 5 6")
    path = written(tmp_path / "words.vec", *lines, end=end)
    expected = {"▁the": [1, -2.5], ",": [np.float32(1e-3), 4], "dog": [5, 6]}
    assert found(path, WORDS) == expected
    (tmp_path / "words.vec.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert found(tmp_path / "words.vec.gz", WORDS) == expected


def test_a_word_is_the_same_after_a_space_and_after_a_mark(tmp_path: Path) -> None:
    path = written(tmp_path / "v", "it 1 1", "dog 2 2", "Dog 3 3")
    assert found(path, WORDS) == {"▁it": [1, 1], "dog": [2, 2], "▁Dog": [3, 3]}


def test_where_the_tokenizer_lower_cases_the_exact_word_goes_before_others(tmp_path: Path) -> None:
    lower = Tokenizer.train("word", ["Paris the ÄRA"], lowercase=True)
    path = written(tmp_path / "v", "PARIS 1 1", "Paris 2 2", "THE 3 3", "the 4 4", "the 5 5", "a\u0308ra 6 6")
    assert found(path, lower) == {"▁paris": [1, 1], "▁the": [4, 4], "▁ära": [6, 6]}


def test_pieces_with_the_mark_go_before_whole_words(tmp_path: Path) -> None:
    pieces = Tokenizer.train("bpe", ["to to to"], max_size=9)
    assert {"▁to", "o"} <= set(pieces.tokens(range(len(pieces))))
    path = written(tmp_path / "v", "to 1 1", "▁to 2 2", "o 3 3")
    kept = found(path, pieces)
    assert (kept["▁to"], kept["o"]) == ([2, 2], [3, 3])


@pytest.mark.parametrize(("kind", "token"), [("whitespace", "▁x"), ("character", "▁")])
def test_a_mark_that_is_no_space_before_a_word_stays(kind: TokenizerKind, token: str, tmp_path: Path) -> None:
    tokens = Tokenizer.train(kind, ["▁x y"])
    path = written(tmp_path / "v", f"{token} 1 2", "<unk> 3 4", "y 5 6")
    assert found(path, tokens) == {token: [1, 2], "y": [5, 6]}


def test_tokens_of_published_files_may_hold_spaces(tmp_path: Path) -> None:
    path = written(tmp_path / "v", "the 1 2", ". . . 3 4", "at name@domain.com 5 6", "\u00a0 7 8", " 9 9", "dog 5 6")
    assert found(path, WORDS) == {"▁the": [1, 2], "dog": [5, 6]}


def test_only_what_is_wanted_is_kept_whatever_the_order(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(300)]
    tokens = Tokenizer.train("word", words[::3])
    random.Random(1).shuffle(words)
    path = written(tmp_path / "v", *(f"{word} {word[1:]} 0.5 -1" for word in words))
    assert found(path, tokens, 3) == {f"▁w{number}": [number, 0.5, -1] for number in range(0, 300, 3)}


@pytest.mark.parametrize("first", ["9 3", "the 1 2 3", "7 1 2 3", "the 1 2 3 "])
def test_another_size_names_both(first: str, tmp_path: Path) -> None:
    path = written(tmp_path / "v", first, "dog 1 2 3")
    message = (
        r"v: its vectors have 3 numbers, but model\.embedding is 2: set model\.embedding to 3, or give vectors of 2"
    )
    with pytest.raises(RecipeError, match=message):
        check_vectors(path, 2)
    with pytest.raises(RecipeError, match=message):
        read_vectors(path, WORDS, 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "the 1",
            r"v line 2: the token has 1 number, but a vector has 2\. Download the file again, or correct the line",
        ),
        ("", "v line 2: the token has 0 numbers"),
        ("the\t1\t2", "v line 2: the token has 0 numbers"),
        ("the 1 two", "v line 2: 'two' is not a finite number, as a vector needs"),
        ("the  1", "v line 2: '' is not a finite number"),
        ("the nan 1", "v line 2: 'nan' is not a finite number"),
        ("the 1 -inf", "v line 2: '-inf' is not a finite number"),
        ("the 1 1e39", "v line 2: '1e39' is not a finite number"),
        ("no vector at all", "v line 2: 'at' is not a finite number"),
    ],
)
def test_what_is_no_vector_is_named_by_its_line(line: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "v", "dog 1 2", line, "it 3 4")
    with pytest.raises(CorpusError, match=message):
        read_vectors(path, WORDS, 2)


def test_what_is_no_file_of_vectors_is_named(tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"dog 1 2\nth\xff 1 2\n")
    with pytest.raises(CorpusError, match=r"v line 2: byte 3 of the line \(0xff\) is not UTF-8"):
        read_vectors(path, WORDS, 2)
    with pytest.raises(CorpusError, match=r"v line 1: this is not a vector, which is a token and its numbers"):
        check_vectors(written(path, "a plain text"), 2)
    with pytest.raises(CorpusError, match="there is no such file"):
        check_vectors(tmp_path / "nowhere", 2)
    path.write_bytes(b"dog 1 2\n" + b"x" * (1 << 21))
    with pytest.raises(
        CorpusError, match=r"v line 2: it has more than 1,048,704 bytes, too many for a vector of 2 numbers"
    ):
        read_vectors(path, WORDS, 2)


def test_a_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "v", "3 2", "dog 1 2", "it 3 4")
    message = (
        r"v: it has 2 vectors, but its first line says 3: it may be cut short\. Download it again, or correct the line"
    )
    with pytest.raises(CorpusError, match=message):
        read_vectors(path, WORDS, 2)
    packed = gzip.compress(b"dog 1 2\n" * 9)
    path.write_bytes(packed[:-9])
    with pytest.raises(CorpusError, match=r"v line \d+: the gzipped file is damaged or cut short"):
        read_vectors(path, WORDS, 2)
