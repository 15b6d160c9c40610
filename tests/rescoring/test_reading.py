"""n-best lists of both forms, and what is wrong with others."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.errors import CorpusError
from tandem.rescoring import Candidate, NBestList, open_nbest, with_sources
from tandem.rescoring.json_lines import json_record
from tandem.rescoring.moses import moses_record
from tandem.rescoring.ranking import listed_figures


def lists_of(path: Path, text: str | bytes) -> tuple[Callable[[NBestList], bytes], list[tuple[Candidate, ...]]]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    lists, write = open_nbest(path)
    found = list(lists)
    assert [nbest.number for nbest in found] == list(range(len(found)))
    return write, [nbest.candidates for nbest in found]


MOSES = """0 ||| a b ||| LM0= -1.5 TM0= -1 2e-3 ||| -3.25
0 ||| a | b &#124; ||| LM0= -2 TM0= 0 0 ||| -4 ||| 0-0 1-1 ||| x
1 |||  ||| LM0= 0 TM0= 1 1 ||| 0
"""


def test_moses_lines_are_read(tmp_path: Path) -> None:
    write, ((first, second), (third,)) = lists_of(tmp_path / "list", MOSES)
    assert write is moses_record
    assert first == Candidate("a b", -3.25, {"LM0": (-1.5,), "TM0": (-1.0, 0.002)}, line=1)
    assert (second.text, second.further, second.line) == ("a | b |", ("0-0 1-1", "x"), 2)
    assert (third.text, third.score) == ("", 0.0)
    assert listed_figures(first) == {"score": -3.25, "LM0": -1.5, "TM0.0": -1.0, "TM0.1": 0.002}


@pytest.mark.parametrize(
    ("line", "score", "features"),
    [
        ("0 ||| a", None, {}),
        ("0 ||| a ||| ||| -2", -2.0, {}),
        ("0 ||| a ||| -2", -2.0, {}),
        ("0 ||| a ||| LM0= -3", None, {"LM0": (-3.0,)}),
        ("0|||a|||LM0= -3|||-2", -2.0, {"LM0": (-3.0,)}),
    ],
)
def test_features_and_score_may_be_missing(
    line: str, score: float | None, features: dict[str, tuple[float, ...]], tmp_path: Path
) -> None:
    _, ((found,),) = lists_of(tmp_path / "list", line)
    assert found == Candidate("a", score, features, line=1)


def test_json_lines_are_read(tmp_path: Path) -> None:
    best = {"text": "a", "score": -1, "log_probability": -2.5, "tokens": ["a"], "sure": True}
    record = {"source": "x", **best, "id": 7, "alternatives": [best, {"text": "", "score": -3.5, "log_probability": 0}]}
    text = json.dumps(record) + "\n" + json.dumps({"text": "alone"}) + "\n"
    (tmp_path / "list").write_bytes(gzip.compress(text.encode()))
    lists, write = open_nbest(tmp_path / "list")
    one, other = lists
    assert write is json_record
    assert (one.source, one.others) == ("x", {"id": 7})
    assert one.candidates == (
        Candidate("a", -1.0, {"log_probability": (-2.5,)}, others={"tokens": ["a"], "sure": True}, line=1),
        Candidate("", -3.5, {"log_probability": (0.0,)}, line=1),
    )
    assert (other.number, other.source, other.candidates) == (1, None, (Candidate("alone", line=2),))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x ||| a", "line 1: begins with 'x', but must begin with the number of its sentence"),
        ("-1 ||| a", "line 1: begins with '-1'"),
        (f"{'9' * 5000} ||| a", "line 1: begins with '999"),
        ("\n", "line 1: begins with ''"),
        ("0", "line 1: there is no hypothesis behind the number"),
        ("1 ||| a", "line 1: it is of sentence 1, but there is no hypothesis of sentence 0"),
        ("0 ||| a\n2 ||| b", "line 2: it is of sentence 2, but there is no hypothesis of sentence 1"),
        ("0 ||| a\n1 ||| b\n0 ||| c", "line 3: sentence 0 came before"),
        ("0 ||| a ||| LM0= x ||| 1", "line 1: the feature LM0 is 'x', but must be a number"),
        ("0 ||| a ||| -1 LM0= 2 ||| 1", "line 1: the features begin with '-1', but must begin with a name"),
        ("0 ||| a ||| -1 ||| 1", "line 1: '-1' are no features"),
        ("0 ||| a ||| ||| nan", "line 1: the score is nan, but must be a finite number"),
        ("0 ||| a ||| ||| -inf", "line 1: the score is -inf, but must be a finite number"),
        ("0 ||| a ||| ||| high", "line 1: the score is 'high', but must be a number"),
        (b"0 ||| a\n0 ||| \xff", r"line 2: byte 7 of the line \(0xff\) is not UTF-8"),
        ("{}", "line 1: there is no 'text'"),
        ('{"text": "a"}\n[]', "line 2: this is a JSON list"),
        ('{"text": "a"}\n{"text', "line 2: this is not JSON"),
        ('{"text": 1}', "line 1: 'text' is of type int"),
        ('{"alternatives": []}', "line 1: 'alternatives' must be a list of one hypothesis or more"),
        ('{"alternatives": {}}', "line 1: 'alternatives' must be a list of one hypothesis or more"),
        ('{"alternatives": [{"text": "a"}, "b"]}', "line 1: hypothesis 2 of 'alternatives' must be an object"),
        ('{"text": "a", "score": "1"}', "line 1: 'score' is '1', but must be a number"),
        ('{"text": "a", "score": NaN}', "line 1: the 'score' is nan, but must be a finite number"),
        (f'{{"text": "a", "score": 1{"0" * 400}}}', "line 1: the 'score' is inf"),
        ('{"text": "a", "source": 3}', "line 1: 'source' is of type int"),
        ("", ": the file is empty"),
    ],
)
def test_a_malformed_list_names_its_line(text: str | bytes, fault: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=fault) as error:
        lists_of(tmp_path / "list", text)
    assert str(error.value).startswith(f"{tmp_path / 'list'}")


def test_a_cut_gzipped_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="damaged or cut short"):
        lists_of(tmp_path / "list", gzip.compress(MOSES.encode())[:-12])


def test_sentences_come_line_by_line_or_from_the_lists(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("0 ||| a\n1 ||| b\n", encoding="utf-8")

    def sources(texts: list[str] | None) -> list[str | None]:
        return [nbest.source for nbest in with_sources(open_nbest(tmp_path / "list").lists, texts, "test.de")]

    assert sources(["x", "y"]) == ["x", "y"]
    with pytest.raises(
        CorpusError, match=r"list line 2: it is of sentence 1 \(counted from 0\), but test.de has 1 lines"
    ):
        sources(["x"])
    with pytest.raises(CorpusError, match=r"test\.de line 3: there are no hypotheses of it"):
        sources(["x", "y", "z"])
    with pytest.raises(CorpusError, match=r"list line 1: the list does not hold its sentence; .* with --source"):
        sources(None)
