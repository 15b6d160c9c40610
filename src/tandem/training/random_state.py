"""Torch's global random generators, which belong to the caller: Tandem borrows them for weights and dropout."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch

RandomState: TypeAlias = dict[str, torch.Tensor]
"""The states of torch's global generators, that of the CPU and that of an accelerator, each as bytes."""

_TURN = threading.RLock()  # the generators belong to the process, so one thread borrows them at a time


@contextmanager
def borrowed(device: torch.device | None = None) -> Iterator[None]:
    """Borrow torch's global generators, also that of an accelerator, for the block, and restore them at its end."""
    with _TURN:
        before = read_state(device)
        try:
            yield
        finally:
            write_state(before, device)


def read_state(device: torch.device | None = None) -> RandomState:
    """Return the states of torch's global generators."""
    state = {"torch": torch.get_rng_state()}
    if device is not None and device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device is not None and device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def write_state(state: RandomState, device: torch.device | None = None) -> None:
    """Set torch's global generators; the device's stays as it is where the state is from another kind of device."""
    torch.set_rng_state(state["torch"])
    if device is not None and device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device is not None and device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])
