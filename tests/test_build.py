"""Each setting of a recipe reaches the part that it is meant for."""

import pytest
import torch

from tandem.build import (
    build_fabric,
    build_loop_settings,
    build_model,
    build_optimizer,
    build_schedule,
    build_tokenizer,
)
from tandem.devices import choose_device, choose_precision
from tandem.errors import RecipeError
from tandem.recipe import Text
from tandem.text.counts import count_words
from tests.support.runs import tiny_recipe

CPU = torch.device("cpu")


def test_tokenizer_settings_arrive() -> None:
    words = count_words(["B a a", "b A a", "c"])
    small = build_tokenizer(Text(tokenizer="whitespace", lowercase=True, min_count=2), words)
    assert (small.kind, small.lowercase, len(small)) == ("whitespace", True, 6)
    assert len(build_tokenizer(Text(tokenizer="whitespace", max_size=5), words)) == 5


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_model_settings_arrive(cell: str) -> None:
    recipe = tiny_recipe(f"model.cell={cell}", "model.layers=3", "model.hidden=7", "model.embedding=5")
    model = build_model(recipe, 11, 13)
    assert (model.encoder.cell_type, model.decoder.cell_type) == (cell, cell)
    assert (model.encoder.n_layers, model.encoder.hid_dim) == (3, 7)
    assert model.encoder.embedding.weight.shape == (11, 5)
    assert model.decoder.fc_out.weight.shape == (13, 7)
    assert model.encoder.dropout.p == model.decoder.dropout.p == recipe.model.dropout


def test_the_output_layer_is_tied_where_asked() -> None:
    decoder = build_model(tiny_recipe("model.tie_output=true"), 11, 13).decoder
    assert decoder.fc_out.weight is decoder.embedding.weight


def test_weights_come_from_the_seed_and_lie_in_their_range() -> None:
    first, again, other = (build_model(tiny_recipe(f"seed={seed}"), 11, 13).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert all(weights.abs().max() <= 0.5 for weights in first.values())
    as_torch = build_model(tiny_recipe("model.init_range=torch"), 11, 13).state_dict()
    assert as_torch["encoder.embedding.weight"].abs().max() > 1  # torch draws embeddings from N(0, 1)


def test_scaled_embeddings_start_smaller_and_read_the_same() -> None:
    plain, scaled = (
        build_model(tiny_recipe("model.init_range=torch", f"model.scale_embedding={on}"), 11, 13).encoder.embedding
        for on in ("false", "true")
    )
    assert torch.allclose(scaled.weight, plain.weight / plain.embedding_dim**0.5)
    everything = torch.arange(11)
    assert torch.allclose(scaled(everything), plain(everything), atol=1e-6)
    assert torch.equal(scaled.table(), scaled(everything))


def test_the_encoder_may_have_layers_of_its_own() -> None:
    model = build_model(tiny_recipe("model.layers=3", "model.encoder_layers=1"), 11, 13)
    assert (model.encoder.n_layers, model.decoder.n_layers, model.bridge is None) == (1, 3, False)
    assert build_model(tiny_recipe("model.layers=2", "model.encoder_layers=2"), 11, 13).bridge is None


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)]
)
def test_optimizer_settings_arrive(name: str, kind: type[torch.optim.Optimizer]) -> None:
    section = "training.optimizer"
    recipe = tiny_recipe(
        f"{section}.name={name}",
        f"{section}.learning_rate=0.25",
        f"{section}.weight_decay=0.125",
        f"{section}.momentum=0.75",
        f"{section}.betas=[0.5, 0.75]",
    )
    model = build_model(recipe, 11, 13)
    optimizer = build_optimizer(recipe, model, CPU)
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"]) == (0.25, 0.125)
    assert {id(p) for p in group["params"]} == {id(p) for p in model.parameters()}
    assert group.get("momentum", 0.75) == 0.75
    assert group.get("betas", (0.5, 0.75)) == (0.5, 0.75)


def test_loop_and_schedule_settings_arrive() -> None:
    recipe = tiny_recipe(
        "training.clip_norm=off",
        "training.patience=3",
        "training.accumulate=2",
        "training.label_smoothing=0.25",
        "training.r_drop=2.5",
        "training.learning_rate.schedule=halving",
        "training.learning_rate.halve_after=1",
        "training.learning_rate.halve_every=1",
        "seed=9",
    )
    settings = build_loop_settings(recipe)
    assert (settings.clip_norm, settings.patience, settings.accumulate) == (None, 3, 2)
    assert (settings.epochs, settings.label_smoothing, settings.r_drop, settings.seed) == (2, 0.25, 2.5, 9)
    assert build_loop_settings(tiny_recipe("training.clip_norm=4")).clip_norm == 4
    schedule = build_schedule(recipe)
    assert [schedule.rate(step, 30, 10, ()) for step in (1, 10, 11, 21)] == [1, 1, 0.5, 0.25]


def test_devices_that_are_not_there_are_refused() -> None:
    assert choose_device("cpu") == CPU
    absent = [kind for kind in ("cuda", "mps") if not getattr(torch, kind).is_available()]
    for kind in absent:
        with pytest.raises(RecipeError, match=f"device {kind}: this machine has no such device; it has .*cpu"):
            choose_device("cuda" if kind == "cuda" else "mps")
    assert choose_device("auto").type in {"cpu", "cuda", "mps"} - set(absent)


def test_precision_is_what_was_asked_for() -> None:
    assert choose_precision("float32", CPU) == torch.float32
    assert choose_precision("bfloat16", CPU) == torch.bfloat16
    assert choose_precision("auto", CPU) in {torch.float32, torch.bfloat16}
    assert choose_precision("auto", torch.device("mps")) == torch.float32


def test_fabric_takes_the_device_and_the_precision() -> None:
    with build_fabric(CPU, torch.bfloat16).autocast():
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
    with build_fabric(CPU, torch.float32).autocast():
        assert not torch.is_autocast_enabled("cpu")
