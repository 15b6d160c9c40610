"""Recurrent layers on a GPU: cuDNN runs all steps of a layer at once, which is many times as fast as a loop.

Rows that end before the last step are packed, so that each row's state is the one at its own end.
"""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from tandem.models.kernels.ends import Ends

# cuDNN copies a layer's weights into one chunk in each call, which takes far less time than the call itself.
warnings.filterwarnings("ignore", message="RNN module weights are not part of single contiguous chunk of memory")


def run_layer(
    layer: Callable[..., Any], inputs: Tensor, state: tuple[Tensor, ...], weights: tuple[Tensor, ...], ends: Ends
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run one of torch's layers (`torch.lstm`, `torch.gru`, `torch.rnn_tanh`) over `inputs [T, B, E]`.

    Products run in the type of the weights, or in TF32 if torch allows that. Returns the outputs `[T, B, H]`, which are
    0 after the end of a row, and the state of each row after its last step.
    """
    inputs, state = inputs.to(weights[0].dtype), tuple(part.to(weights[0].dtype).unsqueeze(0) for part in state)
    options = True, 1, 0.0, True, False  # with biases, one layer, no dropout, with a gradient, in one direction
    with torch.autocast(inputs.device.type, enabled=False):
        if ends.last is None:
            first = state if len(state) > 1 else state[0]
            outputs, *after = layer(inputs, first, weights, *options, False)
            return outputs, tuple(part.squeeze(0) for part in after)
        # cuDNN takes the rows from the longest to the shortest, and without their padding; `back` undoes the order.
        order = ends.last.argsort(descending=True, stable=True)
        packed = pack_padded_sequence(inputs[:, order.to(inputs.device)], ends.last[order] + 1)
        order, back = order.to(inputs.device), order.argsort().to(inputs.device)
        state = tuple(part.index_select(1, order) for part in state)
        first = state if len(state) > 1 else state[0]
        data, *after = layer(packed.data, packed.batch_sizes, first, weights, *options)
    outputs, _ = pad_packed_sequence(PackedSequence(data, packed.batch_sizes), total_length=len(inputs))
    return outputs.index_select(1, back), tuple(part.index_select(1, back).squeeze(0) for part in after)
