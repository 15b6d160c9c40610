"""One matrix for both embeddings, and for the output layer too: it computes what equal copies compute."""

from itertools import product

import pytest
import torch
from torch import Tensor

from tandem.build import build_model
from tandem.models import Decoder, Encoder, Seq2Seq, count_parameters
from tandem.recipe import Recipe
from tests.support.models import random_ids
from tests.support.runs import tiny_recipe

SIZE = 11
SHAPES = [
    ("model.cell=gru", "model.layers=1"),
    ("model.attention=luong", "model.embedding=8"),  # as wide as the hidden units
    ("model.attention=gnmt", "model.bidirectional=true", "model.attention_score=additive"),
]
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
each_output = pytest.mark.parametrize("tied_output", [False, True])


def recipe_with(tied: bool, tied_output: bool, *settings: str) -> Recipe:
    ties = f"model.tie_embeddings={tied}".lower(), f"model.tie_output={tied_output}".lower()
    return tiny_recipe("text.joint=true", *ties, *settings)


def gradients(model: Seq2Seq, source: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The logits, and the gradient of each weight that is one of its own."""
    logits = model.eval()(source, target, 1.0, src_len=torch.full((source.shape[1],), len(source)))
    torch.autograd.backward(logits.square().sum())
    return logits, {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


@each_shape
@each_output
def test_equal_copies_give_the_same_logits_and_the_shared_weight_the_sum_of_their_gradients(
    shape: tuple[str, ...], tied_output: bool
) -> None:
    shared = build_model(recipe_with(True, tied_output, *shape), SIZE, SIZE)
    copies = build_model(recipe_with(False, tied_output, *shape), SIZE, SIZE)
    copies.load_state_dict(shared.state_dict())
    source, target = random_ids(5, 3, SIZE), random_ids(6, 3, SIZE, seed=1)
    (logits, ours), (expected, theirs) = (gradients(model, source, target) for model in (shared, copies))
    torch.testing.assert_close(logits, expected)
    assert ours.keys() == theirs.keys() - {"decoder.embedding.weight"}
    theirs["encoder.embedding.weight"] += theirs.pop("decoder.embedding.weight")
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], msg=name)


@each_output
@pytest.mark.parametrize("init_range", ["0.3", "torch"])
def test_the_shared_weight_is_drawn_once(init_range: str, tied_output: bool) -> None:
    shared, copies = (
        build_model(recipe_with(tied, tied_output, f"model.init_range={init_range}"), SIZE, SIZE)
        for tied in (True, False)
    )
    weight = shared.encoder.embedding.weight
    assert shared.decoder.embedding.weight is weight
    assert (shared.decoder.fc_out.weight is weight) == tied_output
    assert torch.equal(weight, copies.encoder.embedding.weight)
    assert sum(parameter is weight for parameter in shared.parameters()) == 1


@each_shape
@each_output
@torch.no_grad()
def test_step_by_step_equals_all_at_once(shape: tuple[str, ...], tied_output: bool) -> None:
    model = build_model(recipe_with(True, tied_output, "model.init_range=0.8", *shape), SIZE, SIZE).eval()
    source, target = random_ids(5, 3, SIZE), random_ids(6, 3, SIZE, seed=1)
    lengths = torch.tensor([5, 2, 4])
    whole = model.features(source, target, torch.ones(5, dtype=torch.bool), lengths)
    prepared = model.decoder.prepare(torch.float32, many_steps=True)
    first, memory = model.encode(source, lengths)
    state = prepared.start(first, memory)
    for t in range(len(target) - 1):
        features, state = prepared.step(target[t], state)
        torch.testing.assert_close(prepared.logits(features), model.decoder.fc_out(whole[t]), rtol=0, atol=1e-5)


def test_a_shared_weight_counts_once() -> None:
    for tied, tied_output in product((False, True), repeat=2):
        model = build_model(recipe_with(tied, tied_output, "model.attention=gnmt"), SIZE, SIZE)
        counts = count_parameters(model)
        assert counts.total == sum(parameter.numel() for parameter in model.parameters())
        assert counts.embeddings == (
            {"embedding of both sides": SIZE * 6}
            if tied
            else {"source embedding": SIZE * 6, "target embedding": SIZE * 6}
        )
        assert counts.output == SIZE + (0 if tied_output else SIZE * 8)


def test_an_embedding_of_another_size_is_refused() -> None:
    encoder = Encoder(SIZE, 5, 7, 1, 0.0)
    for sizes in ((SIZE + 1, 5), (SIZE, 6)):
        message = (
            rf"the given embedding has the shape \[11, 5\], but the decoder needs \[{sizes[0]}, {sizes[1]}\]: to share"
        )
        with pytest.raises(ValueError, match=message):
            Decoder(*sizes, 7, 1, 0.0, embedding=encoder.embedding)
