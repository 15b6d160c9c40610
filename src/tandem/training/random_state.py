"""Torch's global random numbers, which belong to the caller: a model's weights and its dropout only borrow them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch

RandomState: TypeAlias = dict[str, torch.Tensor]
"""The states of torch's global generators, of the processor and of an accelerator, each as bytes."""

_TURN = threading.RLock()
"""The generators are the process's: of several threads that borrow them one has its turn."""


@contextmanager
def borrowed(device: torch.device | None = None) -> Iterator[None]:
    """Until the end of the block torch's global generators are this thread's; then they are as they were.

    Args:
        device: the accelerator whose generator is borrowed too, if it is one.
    """
    with _TURN:
        before = read_state(device)
        try:
            yield
        finally:
            write_state(before, device)


def read_state(device: torch.device | None = None) -> RandomState:
    """Where torch's global generators stand."""
    state = {"torch": torch.get_rng_state()}
    if device is not None and device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device is not None and device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def write_state(state: RandomState, device: torch.device | None = None) -> None:
    """Put torch's global generators to where they stood; the device's stays where the state is of another device."""
    torch.set_rng_state(state["torch"])
    if device is not None and device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device is not None and device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])
