"""A few hundred of the fuzzer's inputs to each reader, and that it finds what is wrong."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tandem.errors import TandemError
from tests.system import readers
from tests.system.fuzzing import fuzz, main


@pytest.mark.parametrize("target", sorted(readers.READERS))
def test_spoilt_inputs_are_refused_or_read(target: str, tmp_path: Path) -> None:
    done = fuzz(target, 300, 1, tmp_path)
    assert done.total() >= 300
    assert min(done["refused"], done["taken"]) > 0


@pytest.mark.parametrize("error", [KeyError, RecursionError, MemoryError])
def test_any_other_error_is_a_fault(error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(number: int) -> None:
        raise error if number > 100 else TandemError

    made: Callable[[Path], readers.Reader] = lambda _: readers.Reader(st.integers(), read)  # noqa: E731
    monkeypatch.setitem(readers.READERS, "recipe", made)
    with pytest.raises(error):
        fuzz("recipe", 300, 1, tmp_path)


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["fuzzing", "recipe", "--engine", "atheris"])
    with pytest.raises(SystemExit, match="atheris is not installed: pip install atheris, or leave out --engine"):
        main()
