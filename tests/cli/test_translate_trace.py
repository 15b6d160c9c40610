"""`tandem translate --trace`: how each text was searched, in a file beside what is translated."""

import json
from pathlib import Path
from typing import Any

import pytest

from tandem.translation import load
from tandem.translation.traces import trace_object
from tests.serving.desk import as_json
from tests.support.console import Tandem

LINES = ["eins zwei", "", "drei \u2028 vier", "zwei"]
TEXT = "".join(line + "\n" for line in LINES).encode()


def traces(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_the_output_is_as_without_it_and_each_line_has_its_trace(tandem: Tandem, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(TEXT)
    search = ("--beam", 3, "--n-best", 2, "--prefix", "two")
    plain = tandem("translate", run, *search, "--input", "in.txt")
    assert tandem("translate", run, *search, "--input", "in.txt", "--trace", "beam.jsonl") == plain
    translator = load(run, device="cpu")
    made = [trace_object(trace) for trace in translator.trace(LINES, beam=3, n_best=2, prefixes="two")]
    assert traces(tmp_path / "beam.jsonl") == as_json(made)
    for options in (("--batch-size", 1), ("--stream",), ("--json",)):
        tandem("translate", run, *search, *options, "--trace", "again.jsonl", stdin=TEXT)
        assert traces(tmp_path / "again.jsonl") == as_json(made)
    tandem("translate", run, *search, "--input", "in.txt", "--output", "out.txt", "--trace", "beam.jsonl")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == plain.out
    assert {path.name for path in tmp_path.iterdir()} == {"in.txt", "out.txt", "beam.jsonl", "again.jsonl"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sample", 2), "--trace shows a search, and --sample draws instead of searching: give one of the two"),
        (
            ("--resume",),
            "--trace is written by one process, beginning with the first text: leave out --resume and --proc",
        ),
        (
            ("--processes", 2),
            "--trace is written by one process, beginning with the first text: leave out --resume and",
        ),
        (("--output", "beam.jsonl"), "--trace beam.jsonl: --output writes that file; give another"),
    ],
)
def test_what_does_not_go_with_it_is_said(options: tuple[object, ...], message: str, tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, "--trace", "beam.jsonl", *options, "eins")
    assert found.code == 1
    assert message in found.err
    assert not Path("beam.jsonl").exists()


def test_a_trace_that_fails_leaves_an_older_one(tandem: Tandem, run: Path, tmp_path: Path) -> None:
    (tmp_path / "beam.jsonl").write_bytes(b"older\n")
    found = tandem("translate", run, "--trace", "beam.jsonl", "--prefix", "seven", "eins")
    assert found.code == 1
    assert (tmp_path / "beam.jsonl").read_bytes() == b"older\n"
    assert not (tmp_path / "beam.jsonl.partial").exists()
