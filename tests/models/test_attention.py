"""Laws of attention, over every kind, score, cell and direction."""

from collections.abc import Iterator
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.models.attention import SCORES, Owners
from tandem.models.attention.attention import Attention
from tandem.models.bridge import Bridge
from tandem.models.state import RecurrentState
from tandem.names import AttentionKind, AttentionScore, CellType

SOURCE, TARGET = 20, 18
LENGTHS = torch.tensor([7, 3, 5, 1, 6])


def model_of(
    cell: CellType, attention: AttentionKind | None, score: AttentionScore, *, both_ways: bool, layers: int
) -> Seq2Seq:
    torch.manual_seed(1)
    encoder = Encoder(SOURCE, 8, 6, layers, 0.0, cell_type=cell, init_range=0.5, bidirectional=both_ways)
    decoder = Decoder(
        TARGET,
        8,
        6,
        layers,
        0.0,
        cell_type=cell,
        init_range=0.5,
        tie_output=both_ways,
        attention=attention,
        attention_score=score,
        memory_dim=encoder.output_dim,
        scale_embedding=both_ways,
    )
    return Seq2Seq(encoder, decoder, bridge=both_ways).eval()


def _models() -> Iterator[Seq2Seq]:
    cells: list[CellType] = ["lstm", "gru", "rnn"]
    kinds: list[AttentionKind | None] = [None, "luong", "gnmt"]
    for cell, kind, score, both_ways, layers in product(cells, kinds, SCORES, (False, True), (1, 3)):
        if not (score == "dot" and both_ways):
            yield model_of(cell, kind, score, both_ways=both_ways, layers=layers)


def _batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(4, SOURCE, (7, 5), generator=generator)
    return source, torch.randint(4, TARGET, (6, 5), generator=generator)


def close(ours: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(ours, expected, rtol=0, atol=3e-6)


FORCED = torch.ones(5, dtype=torch.bool)


@torch.no_grad()
def test_step_by_step_equals_all_at_once_however_rows_are_moved() -> None:
    source, target = _batch()
    for model in _models():
        whole = model.features(source, target, FORCED, LENGTHS)
        prepared = model.decoder.prepare(torch.float32, many_steps=True)
        state, memory = model.encode(source, LENGTHS)
        step_state = prepared.start(state, memory)
        hidden, cell = state
        for t in range(5):
            features, after = prepared.step(target[t], step_state)
            close(features, whole[t])
            for rows in ([4, 0, 0, 3, 1], [2, 2]):  # the second leaves most sources without a row
                moved, _ = prepared.step(target[t][rows], step_state.select(torch.tensor(rows)))
                close(moved, whole[t][rows])
            prediction, hidden, cell = model.decoder(target[t], hidden, cell, memory)
            close(prediction, model.decoder.fc_out(whole[t]))
            step_state = after


@torch.no_grad()
def test_padding_and_the_other_sources_change_nothing() -> None:
    source, target = _batch()
    for model in _models():
        whole = model.features(source, target, FORCED, LENGTHS)
        padded = torch.cat([source, torch.randint(4, SOURCE, (3, 5))])
        close(model.features(padded, target, FORCED, LENGTHS), whole)
        close(model.features(source[:3, 1:2], target[:, 1:2], FORCED, LENGTHS[1:2]), whole[:, 1:2])
        order = torch.tensor([3, 1, 4, 0, 2])
        close(model.features(source[:, order], target[:, order], FORCED, LENGTHS[order]), whole[:, order])


def test_every_parameter_has_a_gradient_and_free_running_needs_no_targets() -> None:
    source, target = _batch()
    for model in _models():
        coins = torch.zeros(5, dtype=torch.bool)
        features = model.features(source, target, coins, LENGTHS)
        other = torch.cat([target[:1], target[1:].flip(0)])
        torch.testing.assert_close(features, model.features(source, other, coins, LENGTHS))
        model.decoder.fc_out(features).square().sum().backward()
        assert not [name for name, weight in model.named_parameters() if weight.grad is None]


@torch.no_grad()
def test_products_may_run_in_bfloat16() -> None:
    source, target = _batch()
    for model in _models():
        whole = model.features(source, target, FORCED, LENGTHS)
        with torch.autocast("cpu", torch.bfloat16):
            low = model.features(source, target, FORCED, LENGTHS)
            state, memory = model.encode(source, LENGTHS)
        prepared = model.decoder.prepare(torch.bfloat16, many_steps=True)
        step, _ = prepared.step(target[0], prepared.start(state, memory))
        assert (low - whole).norm() < 0.05 * whole.norm()
        assert (step - whole[0]).norm() < 0.05 * whole[0].norm()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@torch.no_grad()
def test_two_directions_are_those_of_torch(cell: CellType) -> None:
    encoder = Encoder(SOURCE, 8, 6, 2, 0.0, cell_type=cell, init_range=0.5, bidirectional=True).eval()
    source, _ = _batch()
    ours = encoder.read(source, LENGTHS)
    packed = nn.utils.rnn.pack_padded_sequence(encoder.embedding(source), LENGTHS, enforce_sorted=False)
    outputs, final = encoder.rnn(packed)
    outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs)
    real = (torch.arange(7)[:, None] < LENGTHS)[..., None]
    close(ours.outputs * real, outputs * real)
    close(ours.final.hidden, final[0] if cell == "lstm" else final)


@torch.no_grad()
def test_weights_are_those_of_the_equations() -> None:
    generator = torch.Generator().manual_seed(3)
    queries, outputs = torch.randn(2, 4, 6, generator=generator), torch.randn(5, 2, 6, generator=generator)
    lengths = torch.tensor([5, 2])
    for name in SCORES:
        attention = Attention(name, 6, 6, 6)
        contexts, weights = attention.look(queries, attention.remember(outputs, lengths))
        parameters = dict(attention.score.named_parameters())
        for row, length in enumerate(lengths.tolist()):
            for place, query in enumerate(queries[row]):
                positions = outputs[:length, row]
                if name == "dot":
                    scores = positions @ query
                elif name == "general":
                    scores = positions @ parameters["memory.weight"].T @ query
                else:
                    inside = query @ parameters["query.weight"].T + parameters["query.bias"]
                    inside = inside + positions @ parameters["memory.weight"].T
                    scores = inside.tanh() @ parameters["vector"]
                expected = scores.softmax(0)
                close(weights[row, place, :length], expected)
                assert not weights[row, place, length:].any()
                close(contexts[row, place], expected @ positions)


def test_a_memory_is_kept_once_and_shrinks_when_half_of_its_sources_are_gone() -> None:
    attention = Attention("general", 6, 6, 6)
    memory = attention.remember(torch.randn(5, 8, 6), None)
    owners = Owners.of(torch.arange(8), memory)
    many = owners.select(torch.tensor([0, 0, 3, 5, 6, 7, 7]))
    assert many.memory is memory
    few = many.select(torch.tensor([2, 0, 4]))
    assert len(few.memory.values) == 3
    assert torch.equal(few.memory.values[few.sources], memory.values[[3, 0, 6]])


def test_a_bridge_joins_other_sizes_layers_and_directions() -> None:
    bridge = Bridge(2, 10, 3, 4, has_cell_state=True)
    state = RecurrentState(torch.randn(4, 7, 5), torch.randn(4, 7, 5))
    hidden, cell = bridge(state)
    assert cell is not None
    assert hidden.shape == cell.shape == (3, 7, 4)
    both = torch.cat([state.hidden[2], state.hidden[3]], dim=1)
    torch.testing.assert_close(hidden[2], bridge.hidden[2](both).tanh())


def test_what_does_not_fit_is_refused() -> None:
    encoder = Encoder(SOURCE, 8, 6, 1, 0.0, bidirectional=True)
    with pytest.raises(ValueError, match=r"hidden sizes .* differ: 12 and 6.*bridge=True"):
        Seq2Seq(encoder, Decoder(TARGET, 8, 6, 1, 0.0))
    with pytest.raises(ValueError, match=r"memory_dim.* differ: 12 and 6"):
        Seq2Seq(encoder, Decoder(TARGET, 8, 6, 1, 0.0, attention="luong"), bridge=True)
    with pytest.raises(ValueError, match="score dot needs"):
        Decoder(TARGET, 8, 6, 1, 0.0, attention="luong", attention_score="dot", memory_dim=12)
    with pytest.raises(ValueError, match="attention is 'global'; it must be one of luong, gnmt"):
        Decoder(TARGET, 8, 6, 1, 0.0, attention="global")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="attention_score is 'concat'"):
        Decoder(TARGET, 8, 6, 1, 0.0, attention="luong", attention_score="concat")  # type: ignore[arg-type]
    decoder = Decoder(TARGET, 8, 6, 1, 0.0, attention="luong")
    with pytest.raises(ValueError, match="needs the memory"):
        decoder(torch.tensor([4]), torch.zeros(1, 1, 6), torch.zeros(1, 1, 6))
