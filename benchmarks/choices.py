"""What each of Tandem's ways of computing something gains over torch's plain one, alone, at the model's sizes."""

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.plan import Plan
from benchmarks.rounds import Figures, alternate, compare, rounded
from benchmarks.sides import DTYPES, processor_precisions
from benchmarks.tables import Table, number, times
from tandem.models import Decoder, RecurrentState
from tandem.models.cells.lstm import LstmLayer
from tandem.models.kernels.activations import tanh_
from tandem.models.kernels.columns import largest_columns
from tandem.models.kernels.ends import Ends
from tandem.models.kernels.products import Packed, linear, weight_gradient
from tandem.models.masks import draw_mask
from tandem.training.loss import projection_loss

Ways = dict[str, Callable[[], object]]
"""Ways of doing the same: "plain" is torch's, "tandem" ours, others were tried and are not in use."""

_SECONDS = 0.05  # that a way is repeated for in a turn, so that short ones can be timed


def measure_choices(plan: Plan) -> Figures:
    """Milliseconds of each way, in alternation, and how many times faster than the plain one it is."""
    torch.manual_seed(1)
    figures: Figures = {}
    for precision in processor_precisions():
        for name, ways in _choices(plan, DTYPES[precision]).items():
            figures[f"{name}, {precision}"] = _measure(ways, plan)
    for name, ways in _type_free_choices(plan).items():
        figures[name] = _measure(ways, plan)
    return {"unit": "milliseconds", "choices": figures}


def _measure(ways: Ways, plan: Plan) -> Figures:
    counts = {}
    for name, way in ways.items():
        way()
        began = time.perf_counter()
        way()
        counts[name] = max(1, int((0 if plan.quick else _SECONDS) / (time.perf_counter() - began)))

    def turn(name: str) -> float:
        for _ in range(counts[name]):
            ways[name]()
        return counts[name]

    sides = {name: partial(turn, name) for name in ways}
    found = compare(alternate(sides, plan.alternations), "plain")
    return {name: {"ms": rounded(1000 / row["median"]), "ratio": row["ratio"]} for name, row in found.items()}


def _choices(plan: Plan, dtype: torch.dtype) -> dict[str, Ways]:
    """What runs in the products' type."""
    size, batch, words = plan.sizes.hidden, plan.batch, plan.base_vocabulary
    rows = torch.randn(batch, size).to(dtype)
    gates, output = (torch.randn(columns, size).mul_(0.04).to(dtype) for columns in (4 * size, words))
    tokens = batch * plan.base_length
    gradients, inputs = (torch.randn(tokens, columns).to(dtype) for columns in (4 * size, size))
    return {
        "product of a step": _product(rows, gates),
        "product with the output layer": _product(torch.randn(4 * batch, size).to(dtype), output),
        "gradient of a layer's weights": {
            "plain": lambda: gradients.t() @ inputs,
            "tandem": lambda: weight_gradient(gradients, inputs),
        },
        "layer over a batch, forward and backward": _layer(plan, dtype),
        "output layer, loss and their gradients": _loss(plan, dtype),
        "decoder's step, a full batch": _step(plan, dtype, batch),
        "decoder's step, one row": _step(plan, dtype, 1),
    }


def _product(inputs: Tensor, weight: Tensor) -> Ways:
    packed = Packed(weight)
    image = inputs.view(1, len(inputs), 1, -1).permute(0, 3, 1, 2)  # channels last: the same numbers in the same order
    kernel = weight[:, :, None, None].contiguous(memory_format=torch.channels_last)
    blocked = weight.to_mkldnn()
    return {
        "plain": lambda: F.linear(inputs, weight),
        "tandem": lambda: packed(inputs),
        "not packed": lambda: linear(inputs, weight),
        "as a convolution": lambda: F.conv2d(image, kernel),
        "as oneDNN tensors": lambda: F.linear(inputs.to_mkldnn(), blocked).to_dense(),
    }


def _layer(plan: Plan, dtype: torch.dtype) -> Ways:
    size, batch, steps = plan.sizes.hidden, plan.batch, plan.base_length + 1
    rnn = nn.LSTM(size, size)
    weight_ih, weight_hh, bias_ih, bias_hh = rnn.all_weights[0]
    inputs, pull = torch.randn(steps, batch, size, requires_grad=True), torch.randn(steps, batch, size)
    zeros = torch.zeros(batch, size)

    def plain() -> None:
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            outputs, _ = rnn(inputs)
        torch.autograd.backward(outputs, pull.to(outputs.dtype))

    def ours() -> None:
        outputs, _, _ = LstmLayer.apply(  # type: ignore[no-untyped-call]
            inputs, zeros, zeros, weight_ih, weight_hh, bias_ih + bias_hh, Ends(steps), dtype
        )
        torch.autograd.backward(outputs, pull)

    return {"plain": plain, "tandem": ours}


def _loss(plan: Plan, dtype: torch.dtype) -> Ways:
    tokens = plan.batch * plan.base_length
    features = torch.randn(tokens, plan.sizes.hidden, requires_grad=True)
    output = nn.Linear(plan.sizes.hidden, plan.base_vocabulary)
    targets = torch.randint(0, plan.base_vocabulary, (tokens,))

    def plain() -> None:
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            logits = output(features)
        torch.autograd.backward(F.cross_entropy(logits.float(), targets))

    def ours() -> None:
        objective, _ = projection_loss(features, output.weight, output.bias, targets, smoothing=0.0, dtype=dtype)
        torch.autograd.backward(objective)

    return {"plain": plain, "tandem": ours}


def _step(plan: Plan, dtype: torch.dtype, rows: int) -> Ways:
    sizes = plan.sizes
    decoder = Decoder(plan.base_vocabulary, sizes.embedding, sizes.hidden, sizes.layers, 0.0).eval()
    prepared = decoder.prepare(dtype, many_steps=True)
    without = decoder.prepare(dtype, many_steps=False)
    state = RecurrentState(*torch.randn(2, sizes.layers, rows, sizes.hidden))
    start = prepared.start(state)
    tokens = torch.randint(0, plan.base_vocabulary, (rows,))

    @torch.no_grad()
    def plain() -> None:
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            outputs, _ = decoder.rnn(decoder.embedding(tokens.unsqueeze(0)), tuple(state))
            decoder.fc_out(outputs.squeeze(0))

    return {
        "plain": plain,
        "tandem": lambda: prepared.logits(prepared.step(tokens, start)[0]),
        "as in training": lambda: without.logits(without.step(tokens, start)[0]),
    }


def _type_free_choices(plan: Plan) -> dict[str, Ways]:
    """What always runs in float32."""
    size, batch = plan.sizes.hidden, plan.batch
    states, logits = torch.randn(batch, size), torch.randn(batch, plan.base_vocabulary)
    shape = (plan.base_length, batch, size)
    ones = torch.ones(shape)
    weights = [nn.Parameter(torch.randn(3 * plan.base_vocabulary, size)) for _ in range(2)]
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    return {
        "tanh of a batch's states": {"plain": lambda: torch.tanh(states), "tandem": lambda: tanh_(states.clone())},
        "dropout of a layer's outputs": {
            "plain": lambda: F.dropout(ones, 0.5),
            "tandem": lambda: ones * draw_mask(shape, 0.5, ones),
        },
        "best token of each row": {
            "plain": lambda: logits.argmax(dim=1),
            "tandem": lambda: largest_columns(logits),
        },
        "normaliser of each row": {
            "plain": lambda: logits.logsumexp(dim=1),
            "tandem": lambda: logits[:, 0] - logits.log_softmax(dim=1)[:, 0],
        },
        "Adam over the weights": {
            "plain": torch.optim.Adam(weights).step,
            "tandem": torch.optim.Adam(weights, fused=True).step,
        },
    }


def choices_tables(figures: Figures) -> list[Table]:
    """Each of Tandem's ways beside the plain one, and what was tried and is not in use."""
    used, unused = [], []
    for what, ways in figures["choices"].items():
        plain = number(ways["plain"]["ms"])
        for way, row in ways.items():
            cells = [plain, number(row["ms"]), times(row["ratio"])]
            if way == "tandem":
                used.append([what, *cells])
            elif way != "plain":
                unused.append([f"{what}: {way}", *cells])
    columns = ("plain, ms", "ms", "gain")
    return [
        Table("Tandem's ways of computing the same, alone", ("what", *columns), used),
        Table("Ways that were tried and are not in use", ("what", *columns), unused),
    ]
