"""The benchmark of saliency: chance is chance, and a model that knows nothing is no better."""

import json
from pathlib import Path

import pytest

from benchmarks import saliency
from tandem.corpora.captions import captions
from tandem.corpora.captions.alignment import align_pair
from tandem.errors import ArgumentError
from tests.support.runs import saved, untrained

PAIRS = captions().test[:10]


def test_every_way_is_counted_beside_chance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = saved(untrained("lstm", "model.attention=luong", pairs=PAIRS), tmp_path / "attending")
    other = saved(untrained("gru", pairs=PAIRS), tmp_path / "plain")
    saliency.main([str(one), str(other), "--sentences", "10", "--output", str(tmp_path / "figures.json")])
    words = sum(len(align_pair(*pair)) for pair in PAIRS)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["sentences"] == 10
    for name, run in figures["runs"].items():
        ways = [way for way in saliency.WAYS if name == "attending" or way != "attention"]
        for kind in ("right", "beside"):
            assert list(run[kind]) == [*ways, saliency.CHANCE]
        assert run["words"] == words
        assert 1 / 16 < run["right"][saliency.CHANCE] < 1 / 4
        for way in ways:
            assert run["right"][way] <= run["beside"][way] < 1
            assert run["right"][way] < 0.5
    assert capsys.readouterr().out.count("| attending |") == 2


def test_tokens_must_be_words() -> None:
    with pytest.raises(ArgumentError, match="words are counted here, so tokens must be words"):
        saliency.measure(untrained("gru", "text.target.tokenizer=character"), PAIRS)
