"""Torch's global random numbers are the caller's: nothing but a caller changes them, and a training has its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import tandem
from tandem.training.events import Event
from tests.support.runs import run_tiny

Weights = list[torch.Tensor]


class Calling:
    """A recorder that calls a function at each event."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call

    def record(self, event: Event) -> None:
        self._call()

    def close(self) -> None:
        pass


def trained(out: Path, *settings: str, call: Callable[[], object] = lambda: None) -> Weights:
    run = run_tiny(out, *settings, recorders=[Calling(call)])
    return list(run.translator.model.state_dict().values())


def same(one: Weights, other: Weights) -> bool:
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run_tiny(tmp_path / "run")
    return tmp_path / "run"


def test_loading_translating_and_training_leave_the_callers_numbers_alone(run: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tandem.load(run, device="cpu").translate(["eins zwei"])
    trained(tmp_path / "other")
    assert torch.equal(torch.rand(3), expected)


def test_what_a_recorder_draws_and_loads_does_not_change_the_training(run: Path, tmp_path: Path) -> None:
    def interfere() -> None:
        tandem.load(run, device="cpu")
        torch.rand(7)

    assert same(trained(tmp_path / "a"), trained(tmp_path / "b", call=interfere))


def test_two_trainings_in_two_threads_give_what_each_gives_alone(tmp_path: Path) -> None:
    settings = ("model.hidden=8", "model.hidden=12")
    alone = [trained(tmp_path / setting, setting) for setting in settings]
    with ThreadPoolExecutor() as pool:
        outs = [tmp_path / f"{setting}-thread" for setting in settings]
        both = list(pool.map(trained, outs, settings))
    assert all(same(*pair) for pair in zip(alone, both, strict=True))
