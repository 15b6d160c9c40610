"""A stack of recurrent layers over whole sequences, with a gradient, as the encoder and the decoder use it in training.

`torch.nn.LSTM`, `GRU` and `RNN` contain the parameters, so that their names and the order of the gates are those of
torch. The computation is Tandem's own (`cells/`). Letters: `L` layers, `T` steps, `B` batch, `E` embedding, `H` hidden.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tandem.models.cells import Cell, LayerState, LayerWeights
from tandem.models.kernels.ends import Ends
from tandem.models.state import RecurrentState


def stack_weights(rnn: nn.RNNBase) -> tuple[LayerWeights, ...]:
    """Return the parameters of each layer, first layer first; with two directions, forward first in each layer."""
    return tuple(LayerWeights(*weights) for weights in rnn.all_weights)


def zero_state(cell: Cell, rnn: nn.RNNBase, batch: int, dtype: torch.dtype | None = None) -> RecurrentState:
    """Return the state before the first token: zeros `[L, B, H]` on the device of the parameters.

    Their type is that of the parameters. With a `dtype` for matrix products, a hidden state that only products read has
    that type.
    """
    like = rnn.all_weights[0][1]  # weight_hh
    layers = rnn.num_layers * (2 if rnn.bidirectional else 1)
    zeros = like.detach().new_zeros(layers, batch, rnn.hidden_size)
    if not cell.has_cell_state:
        return RecurrentState(zeros)
    return RecurrentState(zeros.to(dtype or zeros.dtype), torch.zeros_like(zeros))


def compute_dtype(like: Tensor) -> torch.dtype:
    """Return the type that matrix products run in: that of autocast if it is on, else that of the tensor."""
    kind = like.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else like.dtype


def unroll(
    cell: Cell,
    layers: Sequence[LayerWeights],
    inputs: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
    last: Tensor | None = None,
) -> tuple[Tensor, RecurrentState]:
    """Run all layers over all steps of `inputs [T, B, E]` from `state`.

    Args:
        cell: the kind of layer.
        layers: the parameters of each layer.
        inputs: `[T, B, E]`.
        state: `[L, B, H]`, before the first step.
        masks: dropout for the outputs of each layer except the last, `[T, B, H]` each; None drops nothing.
        last: the last step of each row, `[B]`, on the CPU; None if all rows end at step T - 1.

    Returns:
        The last layer's outputs `[T, B, H]`, and the state of each row after its last step.
    """
    if len(inputs) == 0:
        return inputs.new_zeros(0, *state.hidden.shape[1:]), state
    dtype, ends = compute_dtype(inputs), Ends(len(inputs), last)
    states: list[LayerState] = []
    for index, weights in enumerate(layers):
        outputs, after = cell.run(inputs, state.layer(index), weights, ends, dtype)
        states.append(after)
        inputs = outputs if masks is None or index == len(layers) - 1 else outputs * masks[index]
    return outputs, RecurrentState.stack(states)


def unroll_both_ways(
    cell: Cell,
    layers: Sequence[LayerWeights],
    inputs: Tensor,
    state: RecurrentState,
    masks: Sequence[Tensor] | None,
    last: Tensor | None,
) -> tuple[Tensor, RecurrentState]:
    """Run all layers in both directions, as `unroll` does in one. `layers` and states alternate: forward, backward.

    A layer reads the outputs of both directions of the layer below, so outputs and masks are `[T, B, 2 H]`. The
    backward direction begins at each row's own last step.
    """
    dtype, ends = compute_dtype(inputs), Ends(len(inputs), last)
    turned = _turned_steps(len(inputs), inputs.shape[1], last, inputs.device)
    columns = torch.arange(inputs.shape[1], device=inputs.device)
    states: list[LayerState] = []
    for index in range(0, len(layers), 2):
        forward, after = cell.run(inputs, state.layer(index), layers[index], ends, dtype)
        backward, before = cell.run(inputs[turned, columns], state.layer(index + 1), layers[index + 1], ends, dtype)
        states += [after, before]
        outputs = torch.cat([forward, backward[turned, columns]], dim=2)
        inputs = outputs if masks is None or index + 2 == len(layers) else outputs * masks[index // 2]
    return outputs, RecurrentState.stack(states)


def _turned_steps(steps: int, batch: int, last: Tensor | None, device: torch.device) -> Tensor:
    """Return the step `[T, B]` to read at each step, for rows that are read from their last step to their first."""
    forward = torch.arange(steps)[:, None].expand(steps, batch)  # (T, B)
    ends = torch.full((batch,), steps - 1) if last is None else last
    # Steps after the end of a row stay as they are, because nothing reads their outputs.
    return torch.where(forward <= ends, ends - forward, forward).to(device)
