"""What the encoder and the decoder are made of: cells, weights, dropout, a tied output, and what they refuse."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from tandem.models import CellType, Decoder, Encoder, RecurrentState
from tandem.models.cells import find_cell
from tandem.models.masks import draw_mask, draw_masks
from tests.support.models import CELL_TYPES, random_ids, small_model

each_cell_type = pytest.mark.parametrize("cell_type", CELL_TYPES)


@each_cell_type
def test_the_state_has_a_cell_state_where_the_cell_says_so(cell_type: CellType) -> None:
    model = small_model(cell_type)
    hidden, cell = model.encoder(random_ids(5, 3, 13))
    assert (cell is not None) == find_cell(cell_type).has_cell_state
    prediction, new_hidden, new_cell = model.decoder(torch.tensor([4, 5, 6]), hidden, cell)
    assert prediction.shape == (3, 12)
    assert new_hidden.shape == hidden.shape == (2, 3, 10)
    assert (new_cell is None) == (cell is None)


@pytest.mark.parametrize("part", [Encoder, Decoder])
def test_an_unknown_cell_type_is_refused(part: type[Encoder | Decoder]) -> None:
    with pytest.raises(ValueError, match="cell_type is 'lstn'; it must be one of lstm, gru, rnn"):
        part(9, 4, 4, 1, 0.0, cell_type="lstn")  # type: ignore[arg-type]


@pytest.mark.parametrize("part", [Encoder, Decoder])
@pytest.mark.parametrize("init_range", [0.08, 0.3])
def test_weights_start_from_a_uniform_distribution(part: type[Encoder | Decoder], init_range: float) -> None:
    default = part(50, 20, 30, 2, 0.0) if init_range == 0.08 else part(50, 20, 30, 2, 0.0, init_range=init_range)
    for name, weights in default.named_parameters():
        assert weights.abs().max() <= init_range, name
        assert weights.min() < -0.8 * init_range, name
        assert weights.max() > 0.8 * init_range, name
    flat = nn.utils.parameters_to_vector(default.parameters()).detach()
    assert float(flat.std()) == pytest.approx(2 * init_range / 12**0.5, rel=0.02)


@pytest.mark.parametrize("part", [Encoder, Decoder])
def test_without_a_range_weights_are_torchs_own(part: type[Encoder | Decoder]) -> None:
    module = part(50, 20, 30, 2, 0.0, init_range=None)
    assert 0.9 < float(module.embedding.weight.detach().std()) < 1.1  # torch draws embeddings from N(0, 1)
    bound = 30**-0.5  # and recurrent weights from U(-1/sqrt(H), 1/sqrt(H))
    recurrent = nn.utils.parameters_to_vector(module.rnn.parameters()).detach()
    assert 0.99 * bound < float(recurrent.abs().max()) <= bound


@pytest.mark.parametrize("emb", [6, 10])
def test_a_tied_output_shares_the_embedding(emb: int) -> None:
    decoder = small_model(emb=emb, tie_output=True).decoder
    assert decoder.fc_out.weight is decoder.embedding.weight
    assert decoder.fc_out.weight.shape == (12, emb)
    if emb == 10:  # as wide as the hidden state: nothing to bridge
        assert decoder.projection is None
    else:
        assert decoder.projection is not None
        assert decoder.projection.weight.shape == (emb, 10)
        assert decoder.projection.bias is None


def test_an_untied_output_has_weights_of_its_own() -> None:
    decoder = small_model().decoder
    assert decoder.projection is None
    assert decoder.fc_out.weight is not decoder.embedding.weight
    assert decoder.fc_out.weight.shape == (12, 10)


def test_a_tied_weight_gets_the_gradient_of_both_its_uses() -> None:
    """Tied or not, equal weights give equal logits, and the shared weight the sum of both gradients."""
    tied, untied = small_model(emb=10, tie_output=True), small_model(emb=10)
    weights = tied.state_dict()
    untied.load_state_dict(weights)
    src, trg, coins = random_ids(5, 3, 13), random_ids(6, 3, 12), torch.ones(5, dtype=torch.bool)
    logits = [model(src, trg, coins=coins) for model in (tied, untied)]
    assert_close(*logits)
    for each in logits:
        torch.autograd.backward(each.pow(2).sum())
    embedding, output = untied.decoder.embedding.weight.grad, untied.decoder.fc_out.weight.grad
    assert embedding is not None
    assert output is not None
    assert_close(tied.decoder.embedding.weight.grad, embedding + output)


@pytest.mark.parametrize(("lengths", "found"), [([5, 0, 3], "0 to 5"), ([2, 6, 3], "2 to 6")])
def test_lengths_outside_the_source_are_refused(lengths: list[int], found: str) -> None:
    with pytest.raises(
        ValueError, match=f"the source lengths range from {found}; each must be at least 1 and at most 5"
    ):
        small_model().encoder(random_ids(5, 3, 13), torch.tensor(lengths))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_a_mask_keeps_the_mean(rate: float) -> None:
    mask = draw_mask((20, 10, 300), rate, torch.zeros(1))
    kept = mask[mask != 0]
    assert_close(kept, torch.full_like(kept, 1 / (1 - rate)))
    assert len(kept) / mask.numel() == pytest.approx(1 - rate, abs=0.01)
    assert float(mask.mean()) == pytest.approx(1, abs=0.03)


def test_masks_are_drawn_for_each_layer_but_the_last() -> None:
    like = torch.zeros(1, dtype=torch.float64)
    masks = draw_masks(3, (4, 2, 50), 0.5, like)
    assert masks is not None
    assert [mask.shape for mask in masks] == [(4, 2, 50)] * 2
    assert masks[0].dtype == torch.float64
    assert not torch.equal(*masks)
    assert draw_masks(1, (4, 2, 5), 0.5, like) is None
    assert draw_masks(3, (4, 2, 5), 0.0, like) is None


@each_cell_type
def test_dropout_works_in_training_and_rests_in_evaluation(cell_type: CellType) -> None:
    model = small_model(cell_type, dropout=0.5)
    src = random_ids(5, 3, 13)
    hidden, cell = model.eval().encoder(src)
    token = torch.tensor([4, 5, 6])
    prediction, *_ = model.decoder(token, hidden, cell)
    assert torch.equal(model.encoder(src).hidden, hidden)
    assert torch.equal(model.decoder(token, hidden, cell)[0], prediction)
    model.train()
    assert not torch.equal(model.encoder(src).hidden[0], hidden[0])  # the embedding's: it reaches the first layer
    assert not torch.equal(model.decoder(token, hidden, cell)[0], prediction)


def test_what_is_dropped_between_layers_changes_the_second_layer_alone() -> None:
    """With an embedding of zeros its dropout does nothing: what differs is what was dropped between the layers."""
    model = small_model(dropout=0.5)
    nn.init.zeros_(model.encoder.embedding.weight)
    src = random_ids(5, 3, 13)
    evaluated, trained = model.eval().encoder(src).hidden, model.train().encoder(src).hidden
    assert_close(trained[0], evaluated[0])
    assert not torch.allclose(trained[1], evaluated[1], atol=1e-3)
    single = small_model(layers=1, dropout=0.5)
    nn.init.zeros_(single.encoder.embedding.weight)
    assert torch.equal(single.train().encoder(src).hidden, single.eval().encoder(src).hidden)


def test_a_dropped_model_is_right_on_average() -> None:
    """The mean over many draws of one layer's linear response to a dropped embedding is the undropped one's."""
    model = small_model("rnn", layers=1, dropout=0.5)
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.mul_(0.05)  # tanh is straight here
    src = random_ids(1, 1, 13).expand(1, 4000)
    trained, evaluated = model.train().encoder(src).hidden, model.eval().encoder(src).hidden
    assert_close(trained.mean(dim=1), evaluated[:, 0], rtol=0.1, atol=2e-3)


@each_cell_type
def test_output_dropout_changes_the_prediction_and_no_state(cell_type: CellType) -> None:
    model = small_model(cell_type, output_dropout=0.5)
    src, token = random_ids(5, 3, 13), torch.tensor([4, 5, 6])
    hidden, cell = model.train().encoder(src)
    trained, *trained_state = model.decoder(token, hidden, cell)
    expected, *expected_state = model.eval().decoder(token, hidden, cell)
    assert not torch.allclose(trained, expected, atol=1e-3)
    assert_close(trained_state, expected_state)
    inputs = random_ids(4, 3, 12)
    assert model.decoder.draw_masks(4, 3) is None
    masks = model.train().decoder.draw_masks(4, 3)
    assert masks is not None
    assert masks.output is not None
    start = RecurrentState(hidden, cell)
    dropped, whole = (model.decoder.features(inputs, start, each) for each in (masks, None))
    assert_close(dropped, whole * masks.output)


@each_cell_type
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_word_dropout_zeroes_whole_tokens(cell_type: CellType, dropout: float) -> None:
    model = small_model(cell_type, dropout=dropout, word_dropout=0.25).train()
    masks = model.decoder.draw_masks(20, 50)
    assert masks is not None
    assert masks.embedding is not None
    dropped = (masks.embedding == 0).all(
        dim=2
    )  # of the others, not one in a hundred has all of its six numbers dropped
    assert 0.2 < dropped.double().mean() < 0.3
    kept = masks.embedding[~dropped]
    assert_close(kept.amax(), torch.tensor(1 / 0.75 / (1 - dropout)))
    assert bool((kept == 0).any()) == bool(dropout)


def test_a_source_whose_every_token_is_dropped_is_read_as_nothing() -> None:
    """The encoder's tokens are dropped, too; in eval mode none is."""
    model = small_model(layers=1, word_dropout=0.999).train()
    one, other = random_ids(5, 3, 13, seed=1), random_ids(5, 3, 13, seed=2)
    torch.manual_seed(1)
    assert_close(model.encoder(one).hidden, model.encoder(other).hidden)
    model.eval()
    assert not torch.allclose(model.encoder(one).hidden, model.encoder(other).hidden, atol=1e-3)


def test_an_lstm_without_its_cell_state_is_refused() -> None:
    decoder = Decoder(11, 4, 6, 1, 0.0)
    with pytest.raises(ValueError, match=r"two parts: call decoder\(input, hidden, cell\)"):
        decoder(torch.tensor([2]), torch.zeros(1, 1, 6))
