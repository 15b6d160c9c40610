"""`tandem translate --output FILE`: the file is whole or as it was, and a run that was stopped goes on."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from filelock import FileLock

from tandem.files.seals import read_sealed, sealed
from tandem.model_paths import checkpoint_of
from tandem.translation.messages import Translation
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator
from tests.support.console import Outcome, Tandem
from tests.support.runs import copied

LINES = 60
FORMS = [(), ("--json",), ("--n-best", 2), ("--n-best", 2, "--json")]
COMMAND = ("--input", "in", "--output", "out", "--batch-size", 2, "--beam", 2)
"""Windows of 16 lines."""


@pytest.fixture(autouse=True)
def text(tmp_path: Path) -> None:
    words = ("eins", "zwei", "", "drei vier", "fünf sechs eins")
    (tmp_path / "in").write_text("".join(f"{words[n % 5]}\n" for n in range(LINES)), encoding="utf-8")


class Stops:
    """Has translating stop with this error in a window of its own choice."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def at(self, window: int, error: BaseException) -> None:
        real, seen = Translator.translate, 0

        def translate(
            self: Translator,
            texts: Sequence[str],
            settings: SearchSettings | None = None,
            *,
            prefixes: str = "",
            first: int = 0,
        ) -> list[Translation]:
            nonlocal seen
            seen += 1
            if seen == window:
                raise error
            return real(self, texts, settings, prefixes=prefixes, first=first)

        self._patch.setattr(Translator, "translate", translate)

    def never(self) -> None:
        self._patch.undo()


@pytest.fixture
def stops() -> Iterator[Stops]:
    with pytest.MonkeyPatch.context() as patch:
        yield Stops(patch)


def stopped(tandem: Tandem, run: Path, stops: Stops, *options: object, window: int = 3) -> Outcome:
    """A run that was interrupted in this window."""
    stops.at(window, KeyboardInterrupt())
    found = tandem("translate", run, *COMMAND, *options)
    stops.never()
    assert found.code == 130
    return found


def test_samples_of_a_stopped_run_are_those_of_one_that_never_was(
    tandem: Tandem, run: Path, stops: Stops, tmp_path: Path
) -> None:
    command = ("translate", run, *COMMAND[:6], "--sample", 2, "--prefix", "one")
    assert tandem(*command).code == 0
    whole = (tmp_path / "out").read_bytes()
    (tmp_path / "out").unlink()
    stops.at(3, KeyboardInterrupt())
    assert tandem(*command).code == 130
    stops.never()
    assert tandem(*command, "--resume").code == 0
    assert (tmp_path / "out").read_bytes() == whole


@pytest.mark.parametrize("form", FORMS)
def test_a_stopped_run_goes_on_to_the_same_bytes(
    form: tuple[object, ...], tandem: Tandem, run: Path, stops: Stops, tmp_path: Path
) -> None:
    assert tandem("translate", run, *COMMAND, *form).code == 0
    whole = (tmp_path / "out").read_bytes()
    (tmp_path / "out").write_bytes(b"old\n")
    for window, option, lines in ((2, (), 16), (3, ("--resume",), 48)):
        found = stopped(tandem, run, stops, *form, *option, window=window)
        words = " ".join(map(str, ("tandem translate --resume", run, *COMMAND, *form)))
        assert found.err == f"tandem: stopped after {lines} of 60 lines. Go on with:\n  {words}\n"
        assert (tmp_path / "out").read_bytes() == b"old\n"
    with (tmp_path / "out.partial" / "output").open("ab") as file:
        file.write(b"more of a window, and half a li" * 999)  # as a kill may leave it
    assert tandem("translate", run, *COMMAND, *form, "--resume").apart_from_limits == (0, "", "")
    assert (tmp_path / "out").read_bytes() == whole
    assert not (tmp_path / "out.partial").exists()
    again = tandem("translate", run, *COMMAND, *form, "--resume")
    said = "tandem: out: is complete already. To translate anew, remove it or leave out --resume\n"
    assert again == (0, "", said)


def test_nothing_to_resume_is_a_start(tandem: Tandem, run: Path, tmp_path: Path) -> None:
    assert tandem("translate", run, *COMMAND, "--resume").apart_from_limits == (0, "", "")
    assert (tmp_path / "out").read_bytes().count(b"\n") == LINES


def test_a_run_without_resume_does_not_drop_what_was_done(
    tandem: Tandem, run: Path, stops: Stops, tmp_path: Path
) -> None:
    stopped(tandem, run, stops)
    said = (
        "out.partial: holds 32 translated lines of a run that was stopped: go on with --resume, or remove out.partial"
    )
    found = tandem("translate", run, *COMMAND)
    assert (found.code, found.err) == (1, f"tandem: {said} to start anew\n")
    assert tandem("translate", run, "--output", "out", "eins").code == 1
    shutil.rmtree(tmp_path / "out.partial")
    assert tandem("translate", run, *COMMAND).code == 0


def test_a_run_that_has_done_nothing_leaves_nothing(tandem: Tandem, run: Path, stops: Stops, tmp_path: Path) -> None:
    assert stopped(tandem, run, stops, window=1).err == ""
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--beam", 3), "beam 2 (now 3)"),
        (("--json",), "format plain (now json)"),
        (("--max-length-factor", 3), "max_length_factor 2.0 (now 3.0)"),
        (("--max-length-extra", 4), "max_length_extra 10 (now 4)"),
        (("--batch-size", 4, "--allow-unk"), "batch_size 2 (now 4), allow_unk False (now True)"),
        (("--precision", "bfloat16"), "precision float32 (now bfloat16)"),
    ],
)
def test_other_options_are_refused_by_name(
    options: tuple[object, ...], said: str, tandem: Tandem, run: Path, stops: Stops
) -> None:
    stopped(tandem, run, stops)
    begun = {str(option): value for option, value in pairwise(COMMAND) if option not in options}
    kept = [word for option, value in begun.items() if option.startswith("--") for word in (option, value)]
    found = tandem("translate", run, *kept, *options, "--resume")
    expected = f"out.partial: was begun with {said}: give the same again, or remove out.partial to start anew"
    assert (found.code, found.err) == (1, f"tandem: {expected}\n")


def test_another_input_or_model_is_refused(tandem: Tandem, run: Path, stops: Stops, tmp_path: Path) -> None:
    stopped(tandem, run, stops)
    other = copied(checkpoint_of(run), tmp_path / "other")
    found = tandem("translate", other, *COMMAND[:-1], 3, "--resume")
    assert found.err.startswith("tandem: out.partial: was begun with beam 2 (now 3): ")  # a copy is the same model
    description = read_sealed(other / "format.json") | {"tandem": "another"}
    del description["sha256"]
    (other / "format.json").write_text(sealed(description), encoding="utf-8")
    with (tmp_path / "in").open("a", encoding="utf-8") as file:
        file.write("eins\n")
    found = tandem("translate", other, *COMMAND, "--resume")
    assert found.err.startswith("tandem: out.partial: was begun with another input, another model: give the same again")


@pytest.mark.parametrize("spoilt", ["{", "[]", "{}", '{"format": 1, "lines": "x"}'])
def test_a_damaged_account_is_a_sentence(spoilt: str, tandem: Tandem, run: Path, stops: Stops, tmp_path: Path) -> None:
    stopped(tandem, run, stops)
    (tmp_path / "out.partial" / "job.json").write_text(spoilt, encoding="utf-8")
    found = tandem("translate", run, *COMMAND, "--resume")
    assert found.code == 1
    assert found.err.startswith("tandem: out.partial/job.json: damaged (")
    assert found.err.endswith("): remove out.partial to start anew\n")


def test_an_output_that_does_not_fit_its_account_is_refused(
    tandem: Tandem, run: Path, stops: Stops, tmp_path: Path
) -> None:
    stopped(tandem, run, stops)
    os.truncate(tmp_path / "out.partial" / "output", 3)
    found = tandem("translate", run, *COMMAND, "--resume")
    said = "out.partial/job.json: does not fit output, or is another version's: remove out.partial to start anew"
    assert (found.code, found.err) == (1, f"tandem: {said}\n")
    (tmp_path / "out.partial" / "job.json").unlink()
    found = tandem("translate", run, *COMMAND, "--resume")
    said = "out.partial: its job.json is missing, so nothing says what output holds: remove out.partial to start anew"
    assert (found.code, found.err) == (1, f"tandem: {said}\n")


@pytest.mark.parametrize(
    ("content", "newer", "fault"),
    [
        ("a\n" * 59, "", "it is of 59 lines, and the input has 60"),
        ("a\n" * LINES, "in", "the input or the model has been changed since"),
    ],
)
def test_another_files_translation_is_not_taken_for_complete(
    content: str, newer: str, fault: str, tandem: Tandem, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text(content, encoding="utf-8")
    if newer:
        os.utime(tmp_path / newer, (2e9, 2e9))
    said = "out: there is nothing to resume, and this is no translation of the input by the model"
    for _ in range(2):
        found = tandem("translate", run, *COMMAND, "--resume")
        assert (found.code, found.err) == (1, f"tandem: {said}: {fault}. Without --resume it is replaced\n")


def test_a_second_process_is_refused(tandem: Tandem, run: Path, tmp_path: Path) -> None:
    (tmp_path / "out.partial").mkdir()
    with FileLock(tmp_path / "out.partial" / "lock"):
        for option in ((), ("--resume",)):
            found = tandem("translate", run, *COMMAND, *option)
            said = "out: another process is writing it. Wait for that one, or write elsewhere"
            assert (found.code, found.err) == (1, f"tandem: {said}\n")
    assert tandem("translate", run, *COMMAND).code == 0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a bug")])
def test_an_error_keeps_what_was_done(
    error: Exception, tandem: Tandem, run: Path, stops: Stops, tmp_path: Path
) -> None:
    stops.at(2, error)
    if isinstance(error, OSError):
        found = tandem("translate", run, *COMMAND)
        assert found.code == 1
        assert found.err.endswith("\ntandem: standard input or output: No space left on device\n")
    else:
        with pytest.raises(RuntimeError, match="a bug"):
            tandem("translate", run, *COMMAND)
    stops.never()
    assert json.loads((tmp_path / "out.partial" / "job.json").read_text(encoding="utf-8"))["lines"] == 16
    assert tandem("translate", run, *COMMAND, "--resume").code == 0


def test_standard_input_cannot_be_gone_on_with_but_is_not_lost(
    tandem: Tandem, run: Path, stops: Stops, tmp_path: Path
) -> None:
    given = (tmp_path / "in").read_bytes()
    command = ("translate", run, "--output", "out", "--batch-size", 2)
    stops.at(2, KeyboardInterrupt())
    found = tandem(*command, stdin=given)
    stops.never()
    assert (found.code, found.err) == (130, "tandem: stopped; what was done is in out.partial/output\n")
    assert (tmp_path / "out.partial" / "output").read_bytes().count(b"\n") == 16
    assert not (tmp_path / "out").exists()
    assert tandem(*command, stdin=given).apart_from_limits == (0, "", "")
    assert (tmp_path / "out").read_bytes().count(b"\n") == LINES


def test_a_stream_writes_to_the_file_itself(tandem: Tandem, run: Path, stops: Stops, tmp_path: Path) -> None:
    stops.at(3, KeyboardInterrupt())
    assert tandem("translate", run, "--stream", "--input", "in", "--output", "out").code == 130
    assert (tmp_path / "out").read_bytes().count(b"\n") == 2
    before = (tmp_path / "out").read_bytes()
    found = tandem("translate", run, "--stream", "--input", "in", "--output", "out")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("tandem: out: is there already, and what is translated line by line is written to")
    assert (tmp_path / "out").read_bytes() == before


def test_a_link_stays_and_what_it_leads_to_is_replaced(tandem: Tandem, run: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "out").symlink_to("there/out")
    for _ in range(2):
        assert tandem("translate", run, *COMMAND).code == 0
        assert (tmp_path / "out").is_symlink()
        assert (tmp_path / "there" / "out").read_bytes().count(b"\n") == LINES


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eins",), "--resume needs an input file and an output file: give --input and --output, and no --stream"),
        (
            ("--input", "in"),
            "--resume needs an input file and an output file: give --input and --output, and no --stream",
        ),
        (
            (*COMMAND, "--stream"),
            "--resume needs an input file and an output file: give --input and --output, and no --stream",
        ),
        (
            ("--input", "in", "--output", "/dev/null"),
            "/dev/null: --resume needs an input file and an output file, and this is not a file",
        ),
        (
            ("--input", ".", "--output", "out"),
            ".: --resume needs an input file and an output file, and this is not a file",
        ),
    ],
)
def test_resume_needs_two_files(arguments: tuple[object, ...], said: str, tandem: Tandem, run: Path) -> None:
    assert tandem("translate", run, *arguments, "--resume") == (1, "", f"tandem: {said}\n")
    assert tandem("translate", run, "--input", "in", "--output", "/dev/null").code == 0
