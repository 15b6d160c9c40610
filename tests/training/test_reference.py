"""Twenty steps of training in float64, without dropout, go as those of the tutorial's loop, written down plainly."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tandem.models import CellType, Decoder, Encoder, Seq2Seq
from tandem.training.loss import projection_loss, real_tokens
from tests.models.tutorial import tutorial
from tests.support.models import CELL_TYPES, random_ids

SOURCE, TARGET, EMB, HID, LAYERS = 31, 23, 8, 12, 2
STEPS, BATCH, LONGEST, PAD = 20, 6, 9, 1
TOLERANCE = 1e-9


def padded_targets(seed: int) -> tuple[Tensor, Tensor]:
    """Targets `[T, B]` of 2 to T tokens, and their lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, LONGEST + 1, (BATCH,), generator=generator)
    lengths[0] = LONGEST
    targets = random_ids(LONGEST, BATCH, TARGET, seed=seed).clamp(min=PAD + 1)
    targets[torch.arange(LONGEST)[:, None] >= lengths] = PAD
    return targets, lengths


def gradients(model: nn.Module) -> dict[str, Tensor]:
    found = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {name: gradient for name, gradient in found.items() if gradient is not None}


@pytest.mark.parametrize("cell_type", CELL_TYPES)
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
def test_losses_and_gradients_are_the_plain_loops(cell_type: CellType, ratio: float) -> None:
    torch.manual_seed(5)
    oracle = tutorial(SOURCE, TARGET, EMB, HID, LAYERS, 0.0, cell_type).double()
    for parameter in oracle.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    model = Seq2Seq(
        Encoder(SOURCE, EMB, HID, LAYERS, 0.0, cell_type=cell_type),
        Decoder(TARGET, EMB, HID, LAYERS, 0.0, cell_type=cell_type),
    ).double()
    model.load_state_dict(oracle.state_dict())
    optimizers = [torch.optim.Adam(side.parameters(), 1e-2) for side in (oracle, model)]
    coins = torch.Generator().manual_seed(6)
    losses = []
    for step in range(STEPS):
        source = random_ids(7, BATCH, SOURCE, seed=step)
        target, lengths = padded_targets(step)
        forced = torch.rand(LONGEST - 1, generator=coins) < ratio

        plain = oracle(source, target, forced.tolist())[1:]
        expected = cross_entropy(plain.flatten(0, 1), target[1:].flatten(), ignore_index=PAD)
        torch.autograd.backward(expected)

        features = model.features(source, target, forced, torch.full((BATCH,), 7))
        real = real_tokens(target, lengths)
        output = model.decoder.fc_out
        objective, nll = projection_loss(
            features.flatten(0, 1)[real],
            output.weight,
            output.bias,
            target[1:].flatten()[real],
            smoothing=0.0,
            dtype=torch.float64,
        )
        torch.autograd.backward(objective / len(real))

        assert abs(float(nll) / len(real) - expected.item()) < TOLERANCE
        theirs, ours = gradients(oracle), gradients(model)
        assert theirs.keys() == ours.keys()
        for name, gradient in theirs.items():
            assert float((ours[name] - gradient).abs().max()) < TOLERANCE, (step, name)
        losses.append(expected.item())
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert abs(losses[-1] - losses[0]) > 0.01  # something was learnt on the way
