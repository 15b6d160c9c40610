"""Laws of every cell: its backward pass is the derivative of its forward pass, and all its ways to run agree."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tandem.models import CellType, RecurrentState
from tandem.models.cells import CELLS, LayerWeights, find_cell
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.gpu_layers import run_layer
from tandem.models.prepared import PreparedStack, prepare_stack
from tandem.models.recurrence import stack_weights, unroll
from tests.support.models import CELL_TYPES

BATCH, EMB, HID = 3, 4, 5
GPU_LAYERS: dict[CellType, Callable[..., Any]] = {"lstm": torch.lstm, "gru": torch.gru, "rnn": torch.rnn_tanh}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
each_cell_type = pytest.mark.parametrize("cell_type", CELL_TYPES)


def test_the_table_has_a_cell_for_every_name() -> None:
    assert tuple(CELLS) == get_args(CellType)


def wide(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, dtype=dtype).requires_grad_()


def arguments(cell_type: CellType, steps: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """A layer's inputs, the parts of its state and its four weights."""
    cell = find_cell(cell_type)
    states = 2 if cell.has_cell_state else 1
    weights = cell.new_parameters(EMB, HID, 1).parameters()
    return [
        wide(steps, BATCH, EMB, dtype=dtype),
        *(wide(BATCH, HID, dtype=dtype) for _ in range(states)),
        *(wide(*weight.shape, dtype=dtype) for weight in weights),
    ]


def kernel(cell_type: CellType, dtype: torch.dtype, last: Tensor | None = None) -> Callable[..., tuple[Tensor, ...]]:
    def run(inputs: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        state, weights = tensors[:-4], LayerWeights(*tensors[-4:])
        outputs, after = find_cell(cell_type).run(inputs, state, weights, Ends(len(inputs), last), dtype)
        return outputs, *after

    return run


@each_cell_type
@pytest.mark.parametrize("last", [None, [0, 3, 3], [3, 1, 2]])
def test_the_backward_pass_is_the_derivative(cell_type: CellType, last: list[int] | None) -> None:
    """gradcheck pulls at each output alone, too: the others then have no gradient at all."""
    run = kernel(cell_type, torch.float64, None if last is None else torch.tensor(last))
    assert torch.autograd.gradcheck(run, arguments(cell_type, 4))


@each_cell_type
def test_a_sequence_of_one_step_has_the_derivative_too(cell_type: CellType) -> None:
    assert torch.autograd.gradcheck(kernel(cell_type, torch.float64), arguments(cell_type, 1))


@each_cell_type
def test_inputs_that_need_no_gradient_change_no_other(cell_type: CellType) -> None:
    tensors = arguments(cell_type, 4)
    fixed = [tensors[0].detach(), *tensors[1:]]
    run = kernel(cell_type, torch.float64)
    pulls = [torch.randn_like(out) for out in run(*tensors)]
    expected = torch.autograd.grad(run(*tensors), tensors[1:], pulls)
    assert_close(torch.autograd.grad(run(*fixed), tensors[1:], pulls), expected)


def stacks(cell_type: CellType, layers: int, steps: int) -> tuple[nn.RNNBase, Tensor, RecurrentState]:
    rnn = find_cell(cell_type).new_parameters(EMB, HID, layers).double()
    for parameter in rnn.parameters():
        nn.init.uniform_(parameter, -0.9, 0.9)
    cell = wide(layers, BATCH, HID) if find_cell(cell_type).has_cell_state else None
    return rnn, wide(steps, BATCH, EMB), RecurrentState(wide(layers, BATCH, HID), cell)


@each_cell_type
@pytest.mark.parametrize("layers", [1, 3])
def test_a_stack_agrees_with_torchs_own_layer_and_its_gradients(cell_type: CellType, layers: int) -> None:
    rnn, inputs, state = stacks(cell_type, layers, steps=6)
    outputs, ends = unroll(find_cell(cell_type), stack_weights(rnn), inputs, state, None)
    ours = [outputs, *(part for part in ends if part is not None)]
    expected, last = rnn(inputs, state.hidden if state.cell is None else tuple(state))
    theirs = [expected, *(last if isinstance(last, tuple) else (last,))]
    leaves = [inputs, *(part for part in state if part is not None), *rnn.parameters()]
    pulls = [torch.randn_like(out) for out in ours]
    assert_close(ours, theirs)
    assert_close(torch.autograd.grad(ours, leaves, pulls), torch.autograd.grad(theirs, leaves, pulls))


def test_a_gradient_that_comes_through_the_cells_alone_is_used() -> None:
    """The decoder starts from the encoder's cells too; a layer that dropped their gradient would still learn a bit."""
    rnn, inputs, state = stacks("lstm", 2, steps=5)
    _, (_, cells) = unroll(find_cell("lstm"), stack_weights(rnn), inputs, state, None)
    assert cells is not None
    _, (_, last_cells) = rnn(inputs, tuple(state))
    pull = torch.randn_like(last_cells)
    ours = torch.autograd.grad(cells, [inputs, *rnn.parameters()], pull)
    assert_close(ours, torch.autograd.grad(last_cells, [inputs, *rnn.parameters()], pull))
    assert all(gradient.abs().max() > 1e-4 for gradient in ours)


@each_cell_type
def test_a_row_that_ends_early_has_the_state_of_a_shorter_run(cell_type: CellType) -> None:
    rnn, inputs, state = stacks(cell_type, 2, steps=5)
    lasts = torch.tensor([4, 0, 2])
    _, ends = unroll(find_cell(cell_type), stack_weights(rnn), inputs, state, None, lasts)
    for row, last in enumerate(lasts.tolist()):
        one = torch.tensor([row])
        _, expected = unroll(find_cell(cell_type), stack_weights(rnn), inputs[: last + 1, one], state.select(one), None)
        for ours, theirs in zip(ends.select(one), expected, strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                assert_close(ours, theirs)


@each_cell_type
def test_masks_lie_between_the_layers_and_nowhere_else(cell_type: CellType) -> None:
    """The same as layers of torch's, one by one, with what goes up multiplied by hand."""
    rnn, inputs, state = stacks(cell_type, 3, steps=4)
    weights = stack_weights(rnn)
    masks = [torch.rand(4, BATCH, HID, dtype=torch.float64) for _ in range(2)]
    going_up = inputs
    for index, layer in enumerate(weights):
        single = find_cell(cell_type).new_parameters(going_up.shape[-1], HID, 1).double()
        single.load_state_dict({f"{name}_l0": weight for name, weight in layer._asdict().items()})
        start = [part[index : index + 1] for part in state if part is not None]
        output, _ = single(going_up, tuple(start) if len(start) == 2 else start[0])
        going_up = output * masks[index] if index < 2 else output
    outputs, _ = unroll(find_cell(cell_type), weights, inputs, state, masks)
    assert_close(outputs, going_up)


def prepared(cell_type: CellType, rnn: nn.RNNBase, dtype: torch.dtype, single_rows: bool = False) -> PreparedStack:
    return prepare_stack(find_cell(cell_type), rnn, dtype, single_rows=single_rows)


def stepped(stack: PreparedStack, inputs: Tensor, start: RecurrentState, masks: list[Tensor] | None) -> RecurrentState:
    """The state after all steps of `inputs [T, B, E]`, taken one by one."""
    states = tuple(start.layer(index) for index in range(len(stack.layers)))
    for t, one in enumerate(inputs):
        by_input = stack.layers[0].of_input(one)
        states = stack.step(by_input, states, None if masks is None else [mask[t] for mask in masks])
    return RecurrentState.stack(states)


@each_cell_type
def test_step_after_step_equals_the_whole_sequence(cell_type: CellType) -> None:
    rnn, inputs, state = stacks(cell_type, 3, steps=4)
    masks = [torch.rand(4, BATCH, HID, dtype=torch.float64) for _ in range(2)]
    with torch.no_grad():
        stack = prepared(cell_type, rnn, torch.float64)
        for steps in range(1, 5):
            first = [mask[:steps] for mask in masks]
            _, ends = unroll(find_cell(cell_type), stack_weights(rnn), inputs[:steps], state, first)
            assert_close(tuple(stepped(stack, inputs[:steps], state, first)), tuple(ends))


@each_cell_type
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_single_row_may_have_a_layout_of_its_own(cell_type: CellType, threads: int) -> None:
    """Slices for 2 or 3 threads do not come out even with 5 hidden units and three gates or one."""
    rnn, inputs, state = stacks(cell_type, 2, steps=4)
    rnn, inputs = rnn.float(), inputs.detach().float()
    starts = [RecurrentState(*(part.detach().float() for part in state if part is not None))]
    starts += [starts[0].select(torch.tensor([row])) for row in range(BATCH)]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        stack = prepared(cell_type, rnn, torch.float32, single_rows=True)
        together, *alone = (
            stepped(stack, inputs[:, slice(*rows)], start, None)
            for rows, start in zip([(0, BATCH), (0, 1), (1, 2), (2, 3)], starts, strict=True)
        )
    finally:
        torch.set_num_threads(before)
    for row, single in enumerate(alone):
        assert_close(tuple(single), tuple(together.select(torch.tensor([row]))))


def relative(ours: Tensor, expected: Tensor) -> float:
    return float((ours - expected).detach().norm() / expected.detach().norm())


@each_cell_type
def test_products_in_bfloat16_stay_near_float32(cell_type: CellType) -> None:
    tensors = arguments(cell_type, 6, torch.float32)
    with torch.no_grad():
        for tensor in tensors:
            tensor.mul_(0.5)
    low, exact = kernel(cell_type, torch.bfloat16)(*tensors), kernel(cell_type, torch.float32)(*tensors)
    for ours, expected in zip(low, exact, strict=True):
        assert ours.dtype == torch.float32
        assert 0 < relative(ours, expected) < 0.02
    pulls = [torch.randn_like(out) for out in exact]
    gradients = torch.autograd.grad(low, tensors, pulls)
    for ours, expected in zip(gradients, torch.autograd.grad(exact, tensors, pulls), strict=True):
        assert ours.dtype == torch.float32
        assert 0 < relative(ours, expected) < 0.04


@each_cell_type
def test_a_step_with_bfloat16_weights_keeps_the_states_type(cell_type: CellType) -> None:
    rnn, inputs, state = stacks(cell_type, 2, steps=1)
    start = RecurrentState(*(part.detach().float() for part in state if part is not None))
    low, exact = (
        stepped(prepared(cell_type, rnn, dtype), inputs.detach(), start, None)
        for dtype in (torch.bfloat16, torch.float32)
    )
    for ours, theirs in zip(low, exact, strict=True):
        if ours is not None and theirs is not None:
            assert ours.dtype == torch.float32
            assert 0 < relative(ours, theirs) < 0.03


@each_cell_type
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, needs_cuda])])
@pytest.mark.parametrize("last", [None, torch.tensor([5, 0, 3])])
def test_layers_of_a_gpu_are_the_same_layers(
    cell_type: CellType, device: str, last: Tensor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    torch.manual_seed(1)
    given, ends, cell = arguments(cell_type, 6, torch.float32), Ends(6, last), find_cell(cell_type)
    reached = torch.ones(6, BATCH) if last is None else (torch.arange(6)[:, None] <= last).float()

    def results(run: Callable[..., Any], place: str) -> list[Tensor]:
        inputs, *state = (part.to(place) for part in given[:-4])
        outputs, after = run(inputs, tuple(state), LayerWeights(*(part.to(place) for part in given[-4:])))
        parts = [outputs.cpu() * reached[..., None], *(part.cpu() for part in after)]  # behind an end, anything
        objective = sum((part * torch.arange(1.0, part.numel() + 1).view_as(part).cos()).sum() for part in parts)
        return [*parts, *torch.autograd.grad(objective, given)]

    ours = results(lambda *given: cell.run(given[0], given[1], given[2], ends, torch.float32), "cpu")
    theirs = results(lambda *given: run_layer(GPU_LAYERS[cell_type], given[0], given[1], given[2], ends), device)
    for our, their in zip(ours, theirs, strict=True):
        assert_close(their, our, rtol=1e-4, atol=1e-4)
