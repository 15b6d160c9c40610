"""The cases that the searches and tokenizers in Python and in JavaScript are both held to."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tandem.search import Inputs, search_steps
from tandem.text import Tokenizer
from tests.web.make_cases import CASES, codec, counted_steps, method, numbers
from tests.web.tables import CasesTable

CONTENT: dict[str, Any] = json.loads(CASES.read_text(encoding="utf-8"))
TOKENIZERS = {
    name: Tokenizer.from_json(json.dumps(content["saved"]), name) for name, content in CONTENT["tokenizers"].items()
}


def test_searches() -> None:
    tables = {name: CasesTable(table) for name, table in CONTENT["tables"].items()}
    for case in CONTENT["searches"]:
        inputs = Inputs([case["source"]], [case["limit"]])
        steps, (found,) = counted_steps(search_steps(method(case), tables[case["table"]], inputs))
        wanted = case["hypotheses"]
        assert steps == case["steps"], case
        assert [list(each.ids) for each in found] == [each["ids"] for each in wanted], case
        assert [each.score for each in found] == pytest.approx([each["score"] for each in wanted], abs=1e-9)
        assert [list(each.token_scores) for each in found] == [each["token_scores"] for each in wanted]


def test_tokenizers() -> None:
    for case in CONTENT["texts"]:
        tokenizer = TOKENIZERS[case["tokenizer"]]
        ids = tokenizer.encode(case["text"])
        assert ids == case["ids"], case
        assert tokenizer.decode(ids) == case["back"]
        assert [piece for _, piece in tokenizer.pieces(case["text"])] == case["pieces"]


def test_codecs() -> None:
    for case in CONTENT["codecs"]:
        own = codec(case, TOKENIZERS)
        (source,) = own.encode_sources([case["text"]])
        assert [source.ids, source.cut, list(source.pieces)] == [case["ids"], case["cut"], case["copied"]], case
        assert case.items() >= numbers(own, source).items()


def test_every_kind_of_tokenizer_and_of_case_is_there() -> None:
    kinds = {(content["kind"], content["lowercase"]) for content in CONTENT["tokenizers"].values()}
    assert len(kinds) == 10
    tied = [case for case in CONTENT["searches"] if case["table"] == "ties" and len(case["hypotheses"]) > 1]
    assert any(len({each["score"] for each in case["hypotheses"]}) < len(case["hypotheses"]) for case in tied)
    assert any(case["cut"] for case in CONTENT["codecs"])


def test_javascript_gives_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < 20:
        pytest.skip(f"node is {version.strip()}; its tests need 20")
    tests = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    ran = subprocess.run([node, "--test", *tests], capture_output=True, text=True, env=environment, timeout=120)
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert "\n# fail 0\n" in ran.stdout or "fail 0" in ran.stdout
