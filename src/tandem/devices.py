"""The device and the precision that a model computes in: those that were chosen, if the machine has them."""

from collections.abc import Sequence
from typing import get_args

import torch

from tandem.errors import RecipeError
from tandem.names import Device, Precision
from tandem.training.group import TrainingGroup


def choose_device(device: Device) -> torch.device:
    """Return the chosen device; auto is CUDA, then MPS, then the CPU. Raise RecipeError where the machine has none."""
    _check_choice("device", device, get_args(Device))
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if available[kind]))
    if not available[device]:
        devices = ", ".join(kind for kind in available if available[kind])
        raise RecipeError(f"device {device}: this machine has no such device; it has {devices}")
    return torch.device(device)


def process_device(device: torch.device, group: TrainingGroup) -> torch.device:
    """Return the device of this process: each one on a machine has a GPU of its own, or all of them its CPU.

    Raise RecipeError where the machine has too few GPUs.
    """
    if group.size == 1 or device.type == "cpu":
        return device
    if device.type == "mps":
        raise RecipeError(
            "device mps: only one process can train on this device. Leave out --processes, or give --device cpu"
        )
    if group.processes_here > torch.cuda.device_count():
        raise RecipeError(
            f"device cuda: this machine has {torch.cuda.device_count()} GPUs for {group.processes_here} processes, but "
            "each takes one of its own. Start fewer processes"
        )
    return torch.device("cuda", group.rank % group.processes_here)


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the type that matrix products run in; auto is bfloat16 where the processor computes in it.

    Raise RecipeError if the precision is not one of `Precision`.
    """
    _check_choice("precision", precision, get_args(Precision))
    if precision == "auto":
        return torch.bfloat16 if _has_bfloat16(device) else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise RecipeError unless a value from Python is one of the choices; types alone do not ensure that."""
    if value not in choices:
        raise RecipeError(f"{name} is {value!r}, but must be one of {', '.join(map(repr, choices))}")


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type == "mps":
        return False
    try:
        from torch.cpu import get_capabilities
    except ImportError:  # torch before 2.12 cannot be asked
        return False
    has = get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16"))
