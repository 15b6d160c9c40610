"""How the two parts become one model: what must agree, and how teacher forcing decides the decoder's inputs."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tandem.models import CellType, Decoder, Encoder, RecurrentState, Seq2Seq
from tandem.models.attention import Memory
from tandem.models.prepared_decoder import DecoderMasks, DecoderState, PreparedDecoder
from tests.support.models import CELL_TYPES, random_ids, small_model

SRC, TRG = random_ids(5, 4, 13, seed=1), random_ids(9, 4, 12, seed=2)
each_cell_type = pytest.mark.parametrize("cell_type", CELL_TYPES)


@pytest.mark.parametrize(
    ("decoder", "text"),
    [
        (Decoder(9, 4, 6, 2, 0.0), r"hidden sizes \(hid_dim\) of encoder and decoder differ: 5 and 6\."),
        (Decoder(9, 4, 5, 3, 0.0), r"numbers of layers \(n_layers\) of encoder and decoder differ: 2 and 3\."),
        (Decoder(9, 4, 5, 2, 0.0, cell_type="gru"), r"cell types \(cell_type\) .* differ: lstm and gru\."),
    ],
)
def test_parts_that_do_not_fit_are_refused(decoder: Decoder, text: str) -> None:
    with pytest.raises(ValueError, match=text + " Build both with the same value"):
        Seq2Seq(Encoder(9, 4, 5, 2, 0.0), decoder)


def test_parts_may_differ_in_vocabulary_embedding_and_dropout() -> None:
    model = Seq2Seq(Encoder(13, 3, 5, 2, 0.5), Decoder(12, 7, 5, 2, 0.1))
    assert model(SRC, TRG).shape == (9, 4, 12)


@pytest.mark.parametrize("ratio", [-0.5, 1.5])
def test_a_ratio_outside_0_to_1_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=f"teacher_forcing_ratio is {ratio}; it must lie between 0 and 1"):
        small_model()(SRC, TRG, ratio)


def test_coins_for_other_targets_are_refused() -> None:
    with pytest.raises(ValueError, match=r"coins have the shape \(9,\).* it must be \(8,\) or \(8, 4\)"):
        small_model()(SRC, TRG, coins=torch.ones(9, dtype=torch.bool))


class Watched:
    """Stands in for `decoder.features`: does the same, and remembers inputs, masks and results."""

    def __init__(self, decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
        self._features = decoder.features
        self.calls: list[tuple[Tensor, DecoderMasks | None, Tensor]] = []
        monkeypatch.setattr(decoder, "features", self)

    def __call__(
        self, inputs: Tensor, state: RecurrentState, masks: DecoderMasks | None, memory: Memory | None = None
    ) -> Tensor:
        features = self._features(inputs, state, masks, memory)
        self.calls.append((inputs, masks, features))
        return features


@each_cell_type
@pytest.mark.parametrize("by_token", [False, True])
@pytest.mark.parametrize("tie_output", [False, True])
@pytest.mark.parametrize(
    ("dropout", "output_dropout", "word_dropout"), [(0.5, 0.0, 0.0), (0.4, 0.4, 0.3), (0.0, 0.5, 0.0)]
)
def test_with_dropout_the_fed_back_tokens_are_the_best_of_the_very_logits_that_are_returned(
    cell_type: CellType,
    by_token: bool,
    tie_output: bool,
    dropout: float,
    output_dropout: float,
    word_dropout: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are so only where the rollout that chose them had the dropout of the pass that the loss sees."""
    model = small_model(
        cell_type, dropout=dropout, tie_output=tie_output, output_dropout=output_dropout, word_dropout=word_dropout
    ).train()
    watched = Watched(model.decoder, monkeypatch)
    coins = torch.rand((8, 4) if by_token else (8,)) < 0.3
    logits = model(SRC, TRG, coins=coins)
    ((inputs, masks, _),) = watched.calls
    assert masks is not None
    best = logits[1:].argmax(dim=2)
    rows = coins if by_token else coins.unsqueeze(1).expand(8, 4)
    assert torch.equal(inputs[0], TRG[0])
    assert torch.equal(inputs[1:], torch.where(rows[:-1], TRG[1:-1], best[:-1]))
    other = model.decoder.fc_out(model.decoder.features(inputs, model.encoder(SRC), model.decoder.draw_masks(8, 4)))
    assert not torch.equal(other.argmax(dim=2), best)  # with other masks it would not have held


@each_cell_type
def test_the_whole_target_forced_takes_no_predictions(cell_type: CellType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> PreparedDecoder:
        raise AssertionError("a prediction was asked for")

    monkeypatch.setattr(Decoder, "prepare", refuse)
    model = small_model(cell_type)
    model(SRC, TRG, 1.0)
    with pytest.raises(AssertionError, match="a prediction was asked for"):
        model(SRC, TRG, 0.0)


@pytest.mark.parametrize(
    ("sampled", "steps"), [([], 0), ([0], 1), ([2], 3), ([1, 5], 6), ([6], 7), ([7], 0), ([3, 7], 4)]
)
def test_the_rollout_ends_with_the_last_sampled_step(
    sampled: list[int], steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last coin (7 here) decides nothing: no step reads the token after it."""
    taken: list[Tensor] = []
    step = PreparedDecoder.step

    def counted(self: PreparedDecoder, tokens: Tensor, *rest: Any) -> tuple[Tensor, DecoderState]:
        taken.append(tokens)
        return step(self, tokens, *rest)

    monkeypatch.setattr(PreparedDecoder, "step", counted)
    coins = torch.ones(8, dtype=torch.bool)
    coins[sampled] = False
    small_model()(SRC, TRG, coins=coins)
    assert len(taken) == steps


@each_cell_type
def test_forward_leaves_its_arguments_alone(cell_type: CellType) -> None:
    src, trg, coins = SRC.clone(), TRG.clone(), torch.zeros(8, dtype=torch.bool)
    small_model(cell_type)(src, trg, coins=coins)
    assert torch.equal(src, SRC)
    assert torch.equal(trg, TRG)
    assert not coins.any()


@each_cell_type
@pytest.mark.parametrize("tie_output", [False, True])
def test_bfloat16_by_autocast_stays_near_float32_and_its_gradients_too(cell_type: CellType, tie_output: bool) -> None:
    model = small_model(cell_type, dropout=0.3, tie_output=tie_output).train()
    coins = torch.zeros(8, dtype=torch.bool)
    results = []
    for enabled in (False, True):
        torch.manual_seed(5)
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            features = model.features(SRC, TRG[:2], coins[:1], None)  # a single step: no prediction can flip
        torch.autograd.backward(features.float().pow(2).sum())
        gradients = [p.grad for name, p in model.named_parameters() if "fc_out" not in name]
        results.append((features.float(), torch.cat([g.flatten() for g in gradients if g is not None])))
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            assert model(SRC, TRG, coins=coins).isfinite().all()
    for ours, expected in zip(results[1], results[0], strict=True):
        difference = (ours.detach() - expected.detach()).norm() / expected.detach().norm()
        assert 0 < float(difference) < 0.03
