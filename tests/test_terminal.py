"""What is printed cannot steer a terminal, and commands that are printed can be pasted."""

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from tandem.console import PrintableConsole
from tandem.terminal import counted, opening_command, printable, printable_lines, shell_command

HOSTILE = "a\x1b[31mb\x07\r\u202ec\u2066\x9bd\udce4\u2028"


def test_what_could_steer_a_terminal_is_replaced() -> None:
    assert printable(HOSTILE) == "a�[31mb���c��d��"
    assert printable("one\ntwo\t") == "one�two�"
    assert printable_lines("one\n  two\t\x1b") == "one\n  two\t�"


def test_a_number_has_its_noun() -> None:
    numbers = (0, 1, 2, 2000, 0.5)
    assert [counted(n, "pair") for n in numbers] == ["0 pairs", "1 pair", "2 pairs", "2,000 pairs", "0.5 pairs"]


@pytest.mark.parametrize("text", ["Straße", "नमस्ते", "می‌خواهم", "👨‍👩‍👧", "ภาษาไทย", "a\u00a0b", "שלום\u200f!"])
def test_legitimate_texts_stay_as_they_are(text: str) -> None:
    assert printable(text) == printable_lines(text) == text


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_a_command_can_be_pasted_whatever_its_words_hold(words: list[str]) -> None:
    line = shell_command("printf", "%s\\0", *words)
    assert line == printable(line)
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{word}\0" for word in words)


def test_a_path_of_other_bytes_can_be_pasted() -> None:
    line = shell_command("printf", "%s", "it's r\udcfcn\x1b9")
    assert line == r"printf %s $'it\'s r\374n\0339'"
    assert subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout == b"it's r\xfcn\x1b9"


def test_a_console_prints_texts_as_they_are_but_for_what_steers_it() -> None:
    console = PrintableConsole()
    console.file = file = io.StringIO()
    console.print(f"[/x] {HOSTILE} :smile:")
    table = Table(HOSTILE, "b")
    table.add_row("[/y]", Text("z" * 300))
    console.print(table)
    shown = file.getvalue()
    assert shown.startswith("[/x] a�[31mb")
    assert shown.count(" :smile:") == shown.count("[/y]") == 1
    assert "z" * 300 in shown
    assert printable_lines(shown) == shown


def test_a_quiet_console_prints_nothing() -> None:
    console = PrintableConsole(quiet=True)
    console.file = file = io.StringIO()
    console.print("one")
    assert not file.getvalue()


@pytest.mark.parametrize(
    ("platform", "command"),
    [("linux", "xdg-open 'my run/report.html'"), ("darwin", "open 'my run/report.html'")],
)
def test_a_file_is_opened_by_the_command_of_the_system(
    platform: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert opening_command("my run/report.html") == command


def test_a_file_is_opened_on_windows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert opening_command("my run/report.html") == 'start "" "my run/report.html"'
