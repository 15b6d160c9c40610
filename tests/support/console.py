"""The `tandem` command, run in this process."""

import io
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import pytest

from tandem.cli import COMMANDS, main
from tandem.cli.commands import load_command


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard output, split at line feeds alone."""
        return self.out.split("\n")[:-1]

    @property
    def apart_from_limits(self) -> "Outcome":
        """The same without the count of outputs that ended at the length limit, as many of an untrained model do."""
        lines = self.err.splitlines(keepends=True)
        return self._replace(err="".join(line for line in lines if "ended at the length limit" not in line))


class Stdin:
    """A standard input that gives these lines, which need not end."""

    def __init__(self, lines: Iterable[bytes], *, terminal: bool = False) -> None:
        self.buffer = self
        self._lines = iter(lines)
        self._terminal = terminal

    def readline(self, size: int) -> bytes:
        return next(self._lines, b"")

    def isatty(self) -> bool:
        return self._terminal


class Tandem(Protocol):
    """Runs `tandem` with these arguments; what `stdin` holds is its standard input."""

    def __call__(self, *arguments: object, stdin: bytes | Stdin = b"") -> Outcome: ...


def console(monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> Tandem:
    """A runner of the command line; `capture` is pytest's `capsysbinary`."""
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # typer puts its own in place

    def tandem(*arguments: object, stdin: bytes | Stdin = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tandem", *map(str, arguments)])
        piped = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8") if isinstance(stdin, bytes) else stdin
        monkeypatch.setattr(sys, "stdin", piped)
        capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capture.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Outcome(code or 0, out.decode("utf-8"), err.decode("utf-8"))

    return tandem


def all_commands() -> dict[str, Any]:
    """Every command under its whole name, such as `data get`."""
    commands: dict[str, Any] = {}
    for name in COMMANDS:
        command = load_command(name)
        below = getattr(command, "commands", None)
        commands |= {f"{name} {part}": inner for part, inner in below.items()} if below else {name: command}
    return commands
