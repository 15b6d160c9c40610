"""`tandem translate --saliency`: below each translation, which source tokens moved its tokens."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tandem.translation import load
from tandem.translation.saliency import Saliency, saliency_object
from tandem.translation.translator import Translator
from tests.support.console import Tandem
from tests.support.runs import saved, untrained

LINES = ["eins zwei", "", "drei 🙂 你好", "zwei"]
TEXT = "".join(line + "\n" for line in LINES).encode()
BOTH = ("--saliency", "left_out", "--saliency", "gradient")


def test_each_translation_is_followed_by_a_table(tandem: Tandem, run: Path) -> None:
    plain = tandem("translate", run, stdin=TEXT).out.splitlines()
    blocks = tandem("translate", run, *BOTH, stdin=TEXT).out.split("\n\n")
    assert [block.strip("\n").partition("\n")[0] for block in blocks[:-1] if block] == [text for text in plain if text]
    measured = load(run, device="cpu").saliency(LINES[:1])[0]
    _, head, *rows = blocks[0].splitlines()
    assert head.split() == ["gradient", "left_out"], "in the order of the page, whatever the order of the options"
    assert tuple(row.split()[0] for row in rows) == measured.target_tokens


def test_a_table_has_the_strongest_source_tokens(tandem: Tandem, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left_out = np.array(
        [[0.004, -3.0, 0.5, 1.0, 2.25], [math.inf, math.nan, -1.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0, 0.0]]
    )
    measured = Saliency(("ein", "你好", "c", "d", "e"), ("一", "two", "<eos>"), "一 two", left_out, left_out * 2, None)
    monkeypatch.setattr(Translator, "saliency", lambda *_: [measured])
    assert tandem("translate", run, *BOTH, "eins").out.splitlines()[1:] == [
        "         gradient                left_out",
        "  一     e 4.50, d 2.00, c 1.00  e 2.25, d 1.00, c 0.50",
        "  two    ein inf                 ein inf",
        "  <eos>  -                       -",
        "",
    ]


def test_json_has_the_matrices(tandem: Tandem, run: Path) -> None:
    plain = [json.loads(line) for line in tandem("translate", run, "--json", stdin=TEXT).out.splitlines()]
    translated = [json.loads(line) for line in tandem("translate", run, "--json", *BOTH, stdin=TEXT).out.splitlines()]
    matrices = [each.pop("saliency") for each in translated]
    assert translated == plain
    assert set(matrices[0]) == {"source_tokens", "target_tokens", "left_out", "gradient"}
    for line, matrix, one in zip(LINES, matrices, load(run, device="cpu").saliency(LINES), strict=True):
        wanted = json.loads(json.dumps(saliency_object(line, one)))
        assert matrix == {name: wanted[name] for name in matrix}


def test_attention_of_a_model_that_has_it(tandem: Tandem, tmp_path: Path) -> None:
    saved(untrained("gru", "model.attention=luong"), tmp_path / "attending")
    found = tandem("translate", tmp_path / "attending", "--saliency", "attention", "--json", "eins zwei")
    matrix = json.loads(found.out)["saliency"]
    assert [len(row) for row in matrix["attention"]] == [len(matrix["source_tokens"])] * len(matrix["target_tokens"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--saliency", "words"), "'words': there is no such method; the methods are gradient, left_out, attention"),
        (("--saliency", "attention"), "--saliency attention: this model has no attention: train one with --set"),
        ((*BOTH, "--n-best", 2), "--saliency explains the best translation: leave out --n-best and --sample"),
        ((*BOTH, "--sample", 1), "--saliency explains the best translation: leave out --n-best and --sample"),
        ((*BOTH, "--processes", 2), "--saliency works in one process, from the first text on: leave out --resume"),
        ((*BOTH, "--resume"), "--saliency works in one process, from the first text on: leave out --resume"),
    ],
)
def test_what_does_not_go_with_it_is_said(options: tuple[object, ...], message: str, tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, *options, "eins")
    assert found.code == 1
    assert message in found.err
    assert found.out == ""
