"""What commands print: nothing that steers a terminal, nothing that an encoding cannot hold, and quiet where asked."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.terminal import printable_lines
from tests.support.console import Tandem

SMALL = ("--set", "model.hidden=8", "--set", "model.embedding=4", "--set", "training.epochs=1", "--device", "cpu")
FILES = ("--source", "e.de", "--target", "e.en")


def write_corpus(folder: Path, beginning: str) -> None:
    for name in ("e.de", "e.en"):
        (folder / name).write_text("".join(f"{beginning} {n}\n" for n in range(40)), encoding="utf-8")


def test_texts_of_a_corpus_cannot_steer_the_terminal(tandem: Tandem, elsewhere: Path) -> None:
    write_corpus(elsewhere, "\x1b[31m-rot\u202e [/b]")
    found = tandem("train", *FILES, *SMALL, "--out", "r[/x] 1")
    assert (found.code, found.err) == (0, "")
    assert found.out == printable_lines(found.out)
    commands = [line for line in found.lines if line.startswith("  tandem translate ")]
    assert commands[0].startswith(r"  tandem translate 'r[/x] 1' $'\033[31m-rot\342\200\256 [/b] ")
    assert commands[1] == "  tandem translate 'r[/x] 1' --help"
    assert tandem(*shlex.split(commands[1])[1:]).code == 0


def test_an_example_that_begins_with_a_dash_can_be_pasted(tandem: Tandem, elsewhere: Path) -> None:
    write_corpus(elsewhere, "-k eins")
    found = tandem("train", *FILES, *SMALL, "--out", "run", "--quiet")
    command = next(line for line in found.lines if line.startswith("  tandem translate run -- "))
    assert tandem(*shlex.split(command)[1:]).code == 0


def test_quiet_leaves_results_alone(tandem: Tandem, elsewhere: Path) -> None:
    write_corpus(elsewhere, "eins")
    quiet = tandem("train", *FILES, *SMALL, "--out", "one", "-q")
    assert (quiet.code, quiet.err) == (0, "")
    assert quiet.out.startswith("\none: LSTM, ")
    assert "•" not in quiet.out
    assert "epoch 1/1" not in quiet.out
    assert "Next\n" in quiet.out
    wrong = tandem("train", *FILES, *SMALL, "--out", "one", "-q")
    assert wrong.code == 1
    assert "one: this is not an empty directory" in wrong.err


def test_messages_of_errors_cannot_steer_the_terminal(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    write_corpus(elsewhere, "eins")
    (elsewhere / "list").write_text("0 ||| x ||| \x1b[2Jf= a ||| 1\n", encoding="utf-8")
    found = tandem("rescore", run, "--n-best", "list", "--source", "e.de")
    assert found.code == 1
    assert "�[2Jf" in found.err
    assert found.err == printable_lines(found.err)


def test_a_folder_whose_name_looks_like_markup_is_named_whole(
    tandem: Tandem, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = elsewhere / ("long" * 40) / "c[/x]"
    monkeypatch.setenv("TANDEM_CACHE", str(folder))
    monkeypatch.setenv("COLUMNS", "40")
    assert tandem("data", "cache") == (0, f"0 prepared corpora, 0.0 MB in {folder}\n", "")


def test_tables_in_a_file_are_as_wide_as_they_are(
    tandem: Tandem, run: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(elsewhere, "eins")
    monkeypatch.setenv("COLUMNS", "40")
    found = tandem("evaluate", run, *FILES, "--quiet")
    assert (found.code, found.apart_from_limits.err) == (0, "")
    assert any(line.startswith("chrf") and "|search:" in line for line in found.lines)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_an_encoding_cannot_hold_is_replaced(encoding: str, elsewhere: Path) -> None:
    write_corpus(elsewhere, "дом кот")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "tandem", "train", *FILES, *SMALL, "--out", "run"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"    source       ??? ??? " in done.stdout
    assert (elsewhere / "run" / "report.html").exists()


def test_paths_may_be_any_bytes(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    write_corpus(elsewhere, "eins")
    (elsewhere / "e.de").rename(elsewhere / "\udce4.de")
    assert tandem("translate", run, "--input", "\udce4.de", "--output", "\udce4.en").code == 0
    assert (elsewhere / "\udce4.en").read_text(encoding="utf-8").count("\n") == 40
    assert tandem("evaluate", run, "--source", "\udce4.de", "--target", "e.en").code == 0
    refused = tandem("translate", run, "--input", "\udcfc.de")
    assert refused.code == 1
    assert refused.err.startswith("tandem: �.de: there is no such file")
    refused = tandem("train", "--source", "\udce4.de", "--target", "e.en")
    assert "holds bytes that are not UTF-8, and a recipe is UTF-8. Rename the file" in refused.err
