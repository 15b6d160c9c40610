"""What a search does differently on different devices. None of it changes a result."""

import torch


def score_dtype(device: torch.device) -> torch.dtype:
    """Return the type in which log-probabilities are summed: the finest that the device has.

    Logits that differ in their last bit must still differ after a long sum was added to them, or beam 1 would
    not be greedy.
    """
    return torch.float32 if device.type == "mps" else torch.float64


def should_look(device: torch.device, time: int) -> bool:
    """Whether to look, after step `time`, which sentences are finished, so that they can leave the batch.

    Looking is free on the CPU. Elsewhere the host must wait for the device, which costs more than carrying
    finished sentences along for a few steps.
    """
    return device.type == "cpu" or time % 4 == 3
