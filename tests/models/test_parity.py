"""The three classes compute what the tutorial's compute, for its own weights."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tandem.models import CellType, Decoder, Encoder, Seq2Seq
from tests.models.tutorial import TutorialSeq2Seq, tutorial
from tests.support.models import CELL_TYPES, random_ids

SOURCE, TARGET, EMB, HID, STEPS, BATCH = 31, 23, 8, 12, 9, 5
SRC = random_ids(7, BATCH, SOURCE, seed=1)
TRG = random_ids(STEPS, BATCH, TARGET, seed=2)

each_cell_type = pytest.mark.parametrize("cell_type", CELL_TYPES)
each_depth = pytest.mark.parametrize("layers", [1, 2, 3])


def close(ours: Tensor | None, theirs: Tensor | None) -> None:
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert_close(ours, theirs, atol=1e-5, rtol=0)


def pair(cell_type: CellType, layers: int = 2, dropout: float = 0.5) -> tuple[Seq2Seq, TutorialSeq2Seq]:
    """Our model with the checkpoint of an oracle whose weights are wide, so that best tokens are far apart."""
    torch.manual_seed(11)
    oracle = tutorial(SOURCE, TARGET, EMB, HID, layers, dropout, cell_type)
    for parameter in oracle.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    model = Seq2Seq(
        Encoder(SOURCE, EMB, HID, layers, dropout, cell_type=cell_type),
        Decoder(TARGET, EMB, HID, layers, dropout, cell_type=cell_type),
        torch.device("cpu"),
    )
    model.load_state_dict(oracle.state_dict(), strict=True)
    return model.eval(), oracle.eval()


def test_the_tutorials_lines_build_the_tutorials_model() -> None:
    encoder = Encoder(7853, 256, 512, 2, 0.5)
    decoder = Decoder(5893, 256, 512, 2, 0.5)
    model = Seq2Seq(encoder, decoder, "cpu")
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 13_898_501
    assert (encoder.hid_dim, encoder.n_layers) == (512, 2)
    assert (decoder.output_dim, decoder.hid_dim, decoder.n_layers) == (5893, 512, 2)
    assert isinstance(model.encoder.dropout, nn.Dropout)
    assert model.decoder.dropout.p == 0.5
    assert model.device == "cpu"


@each_cell_type
@each_depth
def test_parameters_bear_the_tutorials_names_and_shapes(cell_type: CellType, layers: int) -> None:
    model, oracle = pair(cell_type, layers)
    ours = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    assert ours == {name: tuple(weight.shape) for name, weight in oracle.state_dict().items()}
    assert list(ours) == list(oracle.state_dict())


@each_cell_type
@each_depth
def test_the_encoder_ends_in_the_tutorials_state(cell_type: CellType, layers: int) -> None:
    model, oracle = pair(cell_type, layers)
    hidden, cell = model.encoder(SRC)
    expected_hidden, expected_cell = oracle.encoder(SRC)
    assert hidden.shape == (layers, BATCH, HID)
    close(hidden, expected_hidden)
    close(cell, expected_cell)


@each_cell_type
@each_depth
def test_one_decoder_step_is_the_tutorials(cell_type: CellType, layers: int) -> None:
    model, oracle = pair(cell_type, layers)
    hidden, cell = oracle.encoder(SRC)
    ours, theirs = model.decoder(TRG[3], hidden, cell), oracle.decoder(TRG[3], hidden, cell)
    assert ours[0].shape == (BATCH, TARGET)
    for one, other in zip(ours, theirs, strict=True):
        close(one, other)


@each_cell_type
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_forward_at_the_ends_of_teacher_forcing_is_the_tutorials(cell_type: CellType, ratio: float) -> None:
    model, oracle = pair(cell_type)
    ours = model(SRC, TRG, ratio)
    assert ours.shape == (STEPS, BATCH, TARGET)
    assert not ours[0].any()
    close(ours, oracle(SRC, TRG, [ratio == 1.0] * (STEPS - 1)))


@each_cell_type
@pytest.mark.parametrize("seed", range(5))
def test_forward_under_given_coins_is_the_tutorials(cell_type: CellType, seed: int) -> None:
    model, oracle = pair(cell_type)
    coins = torch.rand(STEPS - 1, generator=torch.Generator().manual_seed(seed)) < 0.5
    ours = model(SRC, TRG, coins=coins)
    assert not ours[0].any()
    close(ours, oracle(SRC, TRG, coins.tolist()))


@each_cell_type
@pytest.mark.parametrize("seed", range(5))
def test_coins_by_token_treat_each_sentence_as_if_it_were_alone(cell_type: CellType, seed: int) -> None:
    model, oracle = pair(cell_type)
    coins = torch.rand(STEPS - 1, BATCH, generator=torch.Generator().manual_seed(seed)) < 0.5
    alone = [oracle(SRC[:, [b]], TRG[:, [b]], coins[:, b].tolist()) for b in range(BATCH)]
    close(model(SRC, TRG, coins=coins), torch.cat(alone, dim=1))


@each_cell_type
@pytest.mark.parametrize("by_token", [False, True])
def test_gradients_are_the_tutorials(cell_type: CellType, by_token: bool) -> None:
    """Dropout is 0 here, for the two draw it differently; predictions that are fed back have no gradient in either."""
    model, oracle = pair(cell_type, dropout=0.0)
    model.train(), oracle.train()
    shape = (STEPS - 1, BATCH) if by_token else (STEPS - 1,)
    coins = torch.rand(shape, generator=torch.Generator().manual_seed(4)) < 0.5
    theirs = (
        torch.cat([oracle(SRC[:, [b]], TRG[:, [b]], coins[:, b].tolist()) for b in range(BATCH)], dim=1)
        if by_token
        else oracle(SRC, TRG, coins.tolist())
    )
    for logits in (model(SRC, TRG, coins=coins), theirs):
        loss = nn.functional.cross_entropy(logits[1:].flatten(0, 1), TRG[1:].flatten(), reduction="sum")
        torch.autograd.backward(loss)
    expected = dict(oracle.named_parameters())
    for name, parameter in model.named_parameters():
        gradient = expected[name].grad
        assert gradient is not None
        assert gradient.abs().max() > 1e-3, name
        assert parameter.grad is not None, name
        assert torch.allclose(parameter.grad, gradient, atol=1e-5, rtol=1e-4), name


def test_the_default_ratio_is_the_tutorials_half() -> None:
    """Among many batches of one sentence each, about half of the second inputs are predictions."""
    model, _ = pair("lstm")
    forced = model(SRC, TRG, 1.0)[2]
    same = sum(torch.equal(model(SRC, TRG)[2], forced) for _ in range(60))
    assert 15 <= same <= 45


def test_a_target_of_one_row_has_nothing_to_predict() -> None:
    model, _ = pair("lstm")
    assert torch.equal(model(SRC, TRG[:1], 0.0), torch.zeros(1, BATCH, TARGET))
