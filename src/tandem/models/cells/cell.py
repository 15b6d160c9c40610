"""The interface of a kind of recurrent layer.

Letters: `B` batch, `T` steps, `E` size of a layer's input, `H` hidden size, `G` = the number of gates times `H`.
"""

from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from tandem.models.kernels.ends import Ends
from tandem.models.kernels.products import Packed
from tandem.names import LayerPart

LayerState: TypeAlias = tuple[Tensor, ...]
"""One layer's state, each part `[B, H]`: the hidden state, followed by the cell state if the cell has one."""


class LayerWeights(NamedTuple):
    """One layer's parameters, named and ordered as in `torch.nn.LSTM`."""

    weight_ih: Tensor
    """`[G, E]`"""
    weight_hh: Tensor
    """`[G, H]`"""
    bias_ih: Tensor
    """`[G]`"""
    bias_hh: Tensor
    """`[G]`"""


class PreparedLayer(NamedTuple):
    """One layer's weights, laid out for use without a gradient. The cell decides which biases they add."""

    of_input: Packed
    """The weight `[G, E]` of the layer's input, with a bias."""
    of_hidden: Packed
    """The weight `[G, H]` of the hidden state."""


class Cell(Protocol):
    """A kind of recurrent layer. Cells have no state of their own: every model shares the same object."""

    @property
    def has_cell_state(self) -> bool:
        """Whether a layer's state has two parts: a hidden state, and a cell state from which it is computed.

        If so, the cell state carries the memory, and only matrix products read the hidden state, which can then have
        their type.
        """
        ...

    @property
    def parts(self) -> tuple[LayerPart, ...]:
        """The names of the parts that `watch` returns, the hidden state first."""
        ...

    def new_parameters(
        self, input_size: int, hidden_size: int, layers: int, *, bidirectional: bool = False
    ) -> nn.RNNBase:
        """Create a module with the parameters of a stack of layers, four for each. Only tests call the module."""
        ...

    def run(
        self, inputs: Tensor, state: LayerState, weights: LayerWeights, ends: Ends, dtype: torch.dtype
    ) -> tuple[Tensor, LayerState]:
        """Run one layer over all steps of `inputs [T, B, E]`, with a gradient.

        Returns the outputs `[T, B, H]` and the state of each row after its last step. Matrix products run in `dtype`.
        """
        ...

    def prepare(self, weights: LayerWeights, dtype: torch.dtype, *, single_rows: bool) -> PreparedLayer:
        """Convert one layer's weights to `dtype` for `advance`. `single_rows` is passed on to `Packed`."""
        ...

    def advance(self, layer: PreparedLayer, by_input: Tensor, state: LayerState) -> LayerState:
        """Return the state after one step, without a gradient.

        `by_input [B, G]` is `layer.of_input` of the step's input. Products run in the type of the prepared weights,
        everything else in the type of the state.
        """
        ...

    def watch(self, inputs: Tensor, state: LayerState, weights: LayerWeights) -> Tensor:
        """Run one layer over all steps of `inputs [T, B, E]` by its equations as written.

        Returns every part at every step, `[P, T, B, H]` in the order of `parts`. This is for looking into a layer, and
        much slower than `run`.
        """
        ...
