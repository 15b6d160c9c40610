"""Too little memory is one sentence that says what was being made and what makes it smaller."""

import errno
import math
from pathlib import Path

import pytest
import torch

from tandem.errors import MemoryShortage
from tandem.memory import memory_for, physical_memory
from tests.support.runs import run_tiny, untrained


class PanicException(BaseException):
    """What a library in Rust raises where it panics."""


ERRORS = [
    PanicException('The global thread pool has not been initialized.: ThreadPoolBuildError { kind: IOError("...") }'),
    MemoryError(),
    MemoryError("Unable to allocate 8.00 EiB for an array with shape (1152921504606846976,)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to ..."),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("std::bad_alloc"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_all_that_says_so_is_one_sentence(error: BaseException) -> None:
    said = r"^making a thing: there is not enough memory.*\. Make less$"
    with pytest.raises(MemoryShortage, match=said) as raised, memory_for("making a thing", "Make less"):
        raise error
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), OSError(errno.ENOENT, "no such file"), ValueError()])
def test_other_errors_stay_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, memory_for("making a thing", "Make less"):
        raise error
    assert raised.value is error


def test_a_real_array_that_is_too_large() -> None:
    with pytest.raises(MemoryShortage), memory_for("a tensor", "Make less"):
        torch.empty(2**60)


def test_a_model_beyond_the_machine_is_refused_before_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (physical_memory() or math.inf) > 2**24
    monkeypatch.setattr("tandem.runs.new_models.physical_memory", lambda: 2**12)
    with pytest.raises(MemoryShortage, match=r"^making the model: .* Lower model\.hidden, model\.embedding"):
        run_tiny(tmp_path / "run")


def test_a_step_that_is_too_large_names_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("tandem.training.objective.projection_loss", short)
    with pytest.raises(MemoryShortage, match=r"^a step of the training: .* Lower training\.batch_size"):
        run_tiny(tmp_path / "run")


def test_translating_names_the_batch_and_the_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: not enough memory")

    monkeypatch.setattr("tandem.translation.translator.run_search", short)
    with pytest.raises(MemoryShortage, match=r"^translating 2 texts together: .* Lower the batch size or the beam"):
        untrained().translate(["eins", "zwei drei"])
