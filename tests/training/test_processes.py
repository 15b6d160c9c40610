"""Any number of processes trains the same: in bytes where the sum is exact, else but for rounding."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from tests.training import joined_trainings
from tests.training.joined_trainings import RECIPES, Outcome

_TRAINED = {
    2: ("attention", "r-drop", "plain"),
    3: ("attention", "copying", "plain"),
    4: ("copying", "r-drop"),
}
"""The recipes that each number of processes trains by."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    """What each recipe ended with, for each number of processes that has trained by it."""
    made: dict[str, list[Outcome]] = {}
    for size, names in _TRAINED.items():
        for line in _printed(size, names).splitlines():
            _, name, outcome = json.loads(line)
            made.setdefault(name, []).append(Outcome(**outcome))
    return made


def _printed(size: int, names: Sequence[str]) -> bytes:
    """Start so many processes, and return what process 0 prints."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    started = []
    for rank in range(size):
        environment = os.environ | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(size),
            "LOCAL_WORLD_SIZE": str(size),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(store.port),
            "TORCHELASTIC_RUN_ID": "test",
            "TORCHELASTIC_RESTART_COUNT": "0",
            "TORCHELASTIC_USE_AGENT_STORE": "True",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        command = [sys.executable, "-m", joined_trainings.__name__, *names]
        output = subprocess.PIPE if rank == 0 else subprocess.DEVNULL
        started.append(subprocess.Popen(command, env=environment, stdout=output))
    try:
        printed = started[0].communicate(timeout=120)[0]
        assert [process.wait(60) for process in started] == [0] * size
    finally:
        for process in started:
            process.kill()
            process.communicate()
    return printed


@pytest.fixture
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("name", [name for name in RECIPES if name != "plain"])
def test_an_exact_sum_ends_with_the_same_bytes(name: str, outcomes: dict[str, list[Outcome]]) -> None:
    one = joined_trainings.alone(name)
    assert len(outcomes[name]) == 2
    for many in outcomes[name]:
        assert (many.digest, many.losses, many.norms) == (one.digest, one.losses, one.norms)


def test_another_sum_ends_with_the_same_losses_but_for_rounding(outcomes: dict[str, list[Outcome]]) -> None:
    one = joined_trainings.alone("plain")
    assert one.losses[-1] < one.losses[0]
    assert len(outcomes["plain"]) == 2
    for many in outcomes["plain"]:
        assert many.losses == pytest.approx(one.losses, rel=0, abs=1e-9)


def test_an_exact_sum_sends_about_what_another_sends(outcomes: dict[str, list[Outcome]]) -> None:
    """Two processes have a node each: half of the gradient goes to the other one, and half of the sum comes back."""
    for name, bytes_a_weight in (("r-drop", 4), ("plain", 8)):
        two, *_ = outcomes[name]
        gradients = bytes_a_weight * two.weights * len(two.losses)
        assert two.sent == pytest.approx([gradients, gradients], rel=0.01)
