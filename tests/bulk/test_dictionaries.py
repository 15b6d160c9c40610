import re
from pathlib import Path

import pytest

from tandem.bulk.dictionaries import read_dictionary
from tandem.bulk.job import Job
from tandem.errors import CorpusError


def test_a_word_a_tab_and_what_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("Haus\tthe house\r\nZürich\tZurich\nHaus\tthe house\n", encoding="utf-8")
    assert read_dictionary(path) == {"Haus": "the house", "Zürich": "Zurich"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "a\tb\nHaus house\n",
            "words.tsv line 2: an entry is a word, one tab and its translation, but this line has no tab",
        ),
        ("a\tb\tc\n", "words.tsv line 1: an entry is a word, one tab and its translation, but this line has 2 tabs"),
        ("a\t\n", "words.tsv line 1: the translation is empty; give both, or drop the line"),
        ("\tb\n", "words.tsv line 1: the word is empty; give both, or drop the line"),
        ("New York\tb\n", "words.tsv line 1: 'New York' is more than one word, and only single words are replaced"),
        ("a\tb\nc\td\na\te\n", "words.tsv line 3: 'a' is 'b' on line 1 and 'e' here; keep one of the lines"),
        ("", "words.tsv: the dictionary is empty; give at least one line, or leave --dictionary out"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(CorpusError, match=re.escape(message) + "$"):
        read_dictionary(path)


def test_a_job_of_an_older_version_had_off_what_it_did_not_know() -> None:
    def job(**options: object) -> Job:
        return Job("input", "model", 3, 0.0, options)

    assert job(beam=5, replace_unknown=False, dictionary=None).difference(job(beam=5)) == ""
    assert job(beam=5, replace_unknown=True).difference(job(beam=5)) == "replace_unknown None (now True)"
    assert job(dictionary="b").difference(job(dictionary="a")) == "dictionary a (now b)"
    assert job(beam=5, length_penalty=0.0).difference(job(beam=4, length_penalty=0.0)) == "beam 4 (now 5)"
