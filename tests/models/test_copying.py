"""Copying: the mixture is that of the equations, and its loss and gradient are those of the whole distribution."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tandem.batches import Batch
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.models.copying import NEVER, Copies, mixed_logits
from tandem.models.decoder import ComparedFeatures
from tandem.names import AttentionKind
from tandem.training import blocks
from tandem.training.mixture import copying_loss, copying_scores
from tests.training.test_loss import Largest

V, SOURCE = 9, 12
NUMBERS = torch.tensor(  # [S, B]: target ids, two words that are none, and what is never copied
    [[-1, -1, -1], [20, 5, 20], [5, 20, 33], [20, -1, 5], [33, -1, -1], [5, -1, -1], [-1, -1, -1]]
)
LENGTHS = torch.tensor([7, 4, 5])
COPIES = Copies.of(NUMBERS, V)
TARGETS = torch.tensor(  # [T, B], extended ids
    [[2, 2, 2], [V + 1, 5, 6], [5, V + 2, V + 2], [V + 4, 8, 3], [0, 3, 1], [3, 1, 1]]
)


def model_of(attention: AttentionKind = "gnmt", *, layers: int = 2, dtype: torch.dtype = torch.float64) -> Seq2Seq:
    torch.manual_seed(4)
    encoder = Encoder(SOURCE, 5, 6, layers, 0.0, init_range=0.7, bidirectional=True)
    decoder = Decoder(
        V, 5, 6, layers, 0.0, init_range=0.7, attention=attention, memory_dim=encoder.output_dim, copying=True
    )
    return Seq2Seq(encoder, decoder, bridge=True).to(dtype)


def batch_of(columns: Tensor | None = None) -> Batch:
    columns = torch.arange(3) if columns is None else columns
    source = torch.randint(4, SOURCE, NUMBERS.shape, generator=torch.Generator().manual_seed(1))
    target_lengths = torch.tensor([6, 5, 4])
    return Batch(
        source[:, columns], LENGTHS[columns], TARGETS[:, columns], target_lengths[columns], NUMBERS[:, columns]
    )


def plain(logits: Tensor, gate: Tensor, weights: Tensor, ids: Tensor) -> Tensor:
    """The probabilities of one row's extended ids, by the equations."""
    share = gate.sigmoid()
    found = torch.cat([share * logits.softmax(0), weights.new_zeros(len(weights))])
    for place, index in enumerate(ids.tolist()):
        held = (1 - share) * weights[place]
        if index == NEVER:
            found = found + torch.cat([held * logits.softmax(0), weights.new_zeros(len(weights))])
        else:
            found = found + held * torch.eye(len(found), dtype=found.dtype)[index]
    return found


def reference(model: Seq2Seq, batch: Batch, read: ComparedFeatures, smoothing: float) -> tuple[Tensor, Tensor]:
    """Objective and negative log-likelihood, a token at a time."""
    gate, output = model.decoder.copy_gate, model.decoder.fc_out
    assert gate is not None
    assert batch.copies is not None
    objective = nll = torch.zeros((), dtype=torch.float64)
    ids = Copies.of(batch.copies, V).ids
    for column, length in enumerate(batch.target_lengths.tolist()):
        for t in range(length - 1):
            features = read.features[t, column]
            logits = output(features)
            shares = plain(logits, gate(features)[0], read.compared[t, column].softmax(0), ids[column])
            own = -shares[batch.target[t + 1, column]].log()
            objective = objective + (1 - smoothing) * own - smoothing * logits.log_softmax(0).mean()
            nll = nll + own
    return objective, nll


def read_of(model: Seq2Seq, batch: Batch, *, forced: bool = True) -> ComparedFeatures:
    coins = torch.full((len(batch.target) - 1,), forced)
    assert batch.copies is not None
    return model.compared_features(batch.source, batch.target, coins, batch.source_lengths, batch.copies)


def test_equal_numbers_are_copied_to_their_first_place() -> None:
    assert COPIES.ids.tolist() == [
        [-1, V + 1, 5, V + 1, V + 4, 5, -1],
        [-1, 5, V + 2, -1, -1, -1, -1],
        [-1, V + 1, V + 2, 5, -1, -1, -1],
    ]
    turned = Copies.of(NUMBERS, V).turned(LENGTHS)
    assert turned.ids[0].tolist() == [-1, 5, V + 4, V + 1, 5, V + 1, -1]
    assert turned.firsts[0, 1:6].tolist() == [4, 2, 5, 4, 5]  # the same words as before, at their new places


def test_the_mixture_is_that_of_the_equations_and_adds_up_to_one() -> None:
    logits, gate = torch.randn(3, V, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    weights = (torch.randn(3, 7) + torch.where(torch.arange(7) < LENGTHS[:, None], 0, -torch.inf)).double().softmax(1)
    mixed = mixed_logits(logits, gate, weights, COPIES).softmax(1)
    assert_close(mixed, torch.stack([plain(*row) for row in zip(logits, gate, weights, COPIES.ids, strict=True)]))
    assert_close(mixed.sum(1), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("block", [1, 4096])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_and_gradient_are_those_of_the_whole_distribution(
    smoothing: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", block)
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 1)
    for attention, layers in (("luong", 1), ("gnmt", 2)):
        model, batch = model_of(attention, layers=layers), batch_of()  # type: ignore[arg-type]
        read = read_of(model, batch)
        objective, nll = copying_loss(model, batch, read, smoothing=smoothing, dtype=torch.float64)
        expected, expected_nll = reference(model, batch, read, smoothing)
        assert_close((objective, nll), (expected, expected_nll.detach()))
        weights = list(model.parameters())
        ours, theirs = (torch.autograd.grad(each / 7, weights, retain_graph=True) for each in (objective, expected))
        assert_close(ours, theirs)
        assert not [name for (name, _), grad in zip(model.named_parameters(), ours, strict=True) if not grad.any()]
        scores, best = copying_scores(model, batch, read)
        assert_close(scores.sum(), -nll)
        assert best.dtype == torch.bool


def test_whole_logits_can_be_trained_on_as_well() -> None:
    """The tutorial's loop: cross-entropy of what `forward` returns."""
    model, batch = model_of(), batch_of()
    assert batch.copies is not None
    output = model(batch.source, batch.target, 1.0, src_len=batch.source_lengths, copies=batch.copies)
    assert output.shape == (6, 3, V + 7)
    own = torch.nn.functional.cross_entropy(
        output[1:].flatten(0, 1), batch.target[1:].flatten(), ignore_index=1, reduction="sum"
    )
    expected, _ = reference(model, batch, read_of(model, batch), 0.0)
    assert_close(own, expected)
    weights = list(model.parameters())
    assert_close(torch.autograd.grad(own, weights), torch.autograd.grad(expected, weights))
    plain_output = model(batch.source, batch.target.clamp(max=V - 1), 1.0, src_len=batch.source_lengths)
    assert plain_output.shape == (6, 3, V)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gate", [-300.0, 0.0, 300.0])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_certainty_of_any_kind_stays_finite(gate: float, place: int, dtype: torch.dtype) -> None:
    model, batch = model_of(dtype=torch.float32), batch_of()
    assert model.decoder.copy_gate is not None
    torch.nn.init.constant_(model.decoder.copy_gate.bias, gate)
    read = read_of(model, batch)
    sure = torch.where(torch.arange(7) == place, 500.0, 0.0)
    read = ComparedFeatures(read.features * 40, read.compared + sure)
    objective, nll = copying_loss(model, batch, read, smoothing=0.1, dtype=dtype)
    gradients = torch.autograd.grad(objective, list(model.parameters()))
    assert all(torch.isfinite(each).all() for each in (objective, nll, *gradients))
    assert torch.isfinite(copying_scores(model, batch, read)[0]).all()


def test_bfloat16_stays_near() -> None:
    model, batch = model_of(dtype=torch.float32), batch_of()
    read = read_of(model, batch)
    exact = copying_loss(model, batch, read, smoothing=0.1, dtype=torch.float32)
    low = copying_loss(model, batch, read, smoothing=0.1, dtype=torch.bfloat16)
    for one, other in zip(exact, low, strict=True):
        assert_close(one, other, rtol=0.01, atol=0)


def test_neither_company_nor_padding_nor_order_changes_a_sentence() -> None:
    model, batch = model_of(), batch_of()
    scores, _ = copying_scores(model, batch, read_of(model, batch))
    order = torch.tensor([2, 0, 1])
    moved = batch_of(order)
    pad = torch.full((2, 3), 1)
    moved = moved._replace(
        source=torch.cat([moved.source, pad]),
        target=torch.cat([moved.target, pad]),
        copies=torch.cat([NUMBERS[:, order], -pad]),
    )
    # The first target word of each is the first of the real tokens: step 1, in the order of the columns.
    again, _ = copying_scores(model, moved, read_of(model, moved))
    assert_close(scores[:3][order], again[:3])
    assert_close(scores.sum(), again.sum())


def test_free_running_needs_no_targets_and_feeds_unknown_back() -> None:
    model, batch = model_of(), batch_of()
    assert model.decoder.copy_gate is not None
    torch.nn.init.constant_(model.decoder.copy_gate.bias, -9)
    batch = batch._replace(copies=torch.where(NUMBERS == 5, 44, NUMBERS))
    read = read_of(model, batch, forced=False)
    other = batch._replace(target=torch.cat([batch.target[:1], batch.target[1:].flip(0)]))
    assert_close(read, read_of(model, other, forced=False))
    assert batch.copies is not None
    logits = model(batch.source, batch.target, 0.0, src_len=batch.source_lengths, copies=batch.copies)
    best = logits[1:-1].argmax(2)
    assert (best >= V).any()
    fed = torch.cat([batch.target[:1], torch.where(best < V, best, 0), batch.target[-1:]])
    assert_close(read, read_of(model, batch._replace(target=fed)))


def test_whole_logits_never_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 0)
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 64)
    tokens, vocabulary = 300, 500
    encoder = Encoder(SOURCE, 4, 4, 1, 0.0)
    model = Seq2Seq(encoder, Decoder(vocabulary, 4, 4, 1, 0.0, attention="luong", copying=True))
    numbers = torch.randint(vocabulary, (5, tokens))
    lengths = torch.full((tokens,), 2)
    batch = Batch(numbers, lengths, torch.cat([numbers[:1], numbers[:1] + 1]), lengths, numbers)
    read = ComparedFeatures(torch.randn(1, tokens, 4, requires_grad=True), torch.randn(1, tokens, 5))
    with Largest() as seen:
        copying_loss(model, batch, read, smoothing=0.1, dtype=torch.float32)[0].backward()  # type: ignore[no-untyped-call]
    assert 0 < seen.numel < tokens * vocabulary / 2


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a decoder that copies needs attention to choose the token"):
        Decoder(V, 5, 6, 1, 0.0, copying=True)
    batch, encoder = batch_of(), Encoder(SOURCE, 5, 6, 1, 0.0)
    model = Seq2Seq(encoder, Decoder(V, 5, 6, 1, 0.0, attention="luong"))
    with pytest.raises(ValueError, match="this model does not copy: make its decoder with copying=True"):
        read_of(model, batch)


def test_a_source_read_from_its_other_end_has_the_same_mixture() -> None:
    """The copied word stands twice, so another position comes first."""
    numbers, lengths = torch.tensor([[-1, 5, 12, 12, -1, -1]]).T, torch.tensor([5])
    copies = Copies.of(numbers, 7)
    logits, gate = torch.randn(1, 7), torch.tensor([-1.0])
    weights = torch.tensor([[0.1, 0.2, 0.3, 0.15, 0.25, 0.0]])
    turned = torch.tensor([[0.1, 0.15, 0.3, 0.2, 0.25, 0.0]])
    expected = mixed_logits(logits, gate, weights, copies)
    assert torch.allclose(mixed_logits(logits, gate, turned, copies.turned(lengths)), expected)
