"""Each setting of a recipe reaches the part that it is meant for."""

import gzip
import json
from pathlib import Path

import pytest
import torch

from tandem.build import (
    build_corpus,
    build_fabric,
    build_loop_settings,
    build_model,
    build_optimizer,
    build_schedule,
    build_tokenizer,
    choose_device,
    choose_precision,
)
from tandem.corpora.captions import captions
from tandem.errors import CorpusError, RecipeError
from tandem.recipe import (
    FilesCorpus,
    HubCorpus,
    JsonLinesCorpus,
    MemoryCorpus,
    NamedCorpus,
    TabSeparatedCorpus,
    Text,
)
from tandem.text.counts import count_words
from tests.support.runs import tiny_recipe

CPU = torch.device("cpu")


def test_files_of_every_kind_lie_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.de").write_text("eins\n", encoding="utf-8")
    (tmp_path / "a.en.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "a.tsv").write_text("one\tx\teins\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(json.dumps({"de": "eins", "en": "one"}), encoding="utf-8")
    choices = (
        FilesCorpus(source="a.de", target="a.en.gz"),
        TabSeparatedCorpus(kind="tsv", path="a.tsv", source_column=3, target_column=1),
        JsonLinesCorpus(kind="jsonl", path="a.jsonl", source_key="de", target_key="en"),
    )
    for choice in choices:
        assert list(build_corpus(choice, str(tmp_path))) == [("eins", "one")]
        with pytest.raises(CorpusError, match="there is no such file"):
            list(build_corpus(choice, str(tmp_path / "elsewhere")))


def test_absolute_paths_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.de").write_text("eins\n", encoding="utf-8")
    choice = FilesCorpus(source=str(tmp_path / "a.de"), target=str(tmp_path / "a.de"))
    assert list(build_corpus(choice, "/elsewhere")) == [("eins", "eins")]


@pytest.mark.parametrize("given", ["old/de/a", "{}/old/de/a"], ids=["relative", "absolute"])
@pytest.mark.parametrize("now", ["old/de/a", "de/a", "a"])
def test_files_that_were_moved_are_found_in_the_folder(
    given: str, now: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = given.format(tmp_path)
    (tmp_path / "new" / now).parent.mkdir(parents=True)
    (tmp_path / "new" / now).write_text('{"source": "eins", "target": "one"}\n', encoding="utf-8")
    choice = JsonLinesCorpus(kind="jsonl", path=path)
    assert list(build_corpus(choice, str(tmp_path / "new"))) == [("eins", "one")]
    assert build_corpus(FilesCorpus(source=path, target=path), "new").files == (Path("new") / now,) * 2
    assert build_corpus(TabSeparatedCorpus(kind="tsv", path=path), "new").files == (Path("new") / now,)
    said = (
        r"old/de/a: there is no such file, and no a in data\.folder \(elsewhere\)\. Check the path, or name the folder"
    )
    with pytest.raises(CorpusError, match=said):
        build_corpus(choice, "elsewhere")


def test_one_file_is_not_taken_for_both_sides(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("eins\n", encoding="utf-8")
    with pytest.raises(
        CorpusError, match=r"train: this is the only file in data\.folder for both de/train and en/train"
    ):
        build_corpus(FilesCorpus(source="de/train", target="en/train"), str(tmp_path))


def test_a_file_of_a_windows_path_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("eins\tone\n", encoding="utf-8")
    choice = TabSeparatedCorpus(kind="tsv", path="C:\\data\\a.tsv")
    assert list(build_corpus(choice, str(tmp_path))) == [("eins", "one")]


def test_captions_have_three_splits() -> None:
    for split in ("train", "validation", "test"):
        corpus = build_corpus(NamedCorpus(kind="named", name="captions", split=split), None)
        assert tuple(corpus) == getattr(captions(), split)
        assert corpus.name == f"captions ({split})"


def test_a_hub_corpus_is_not_fetched_before_it_is_read() -> None:
    choice = HubCorpus(kind="hub", name="x/y", split="dev", source_column="a", target_column="b", config="c")
    assert build_corpus(choice, None).name == "x/y (c, dev)"


def test_unknown_names_and_absent_pairs_say_so() -> None:
    with pytest.raises(CorpusError, match="no corpus called 'wmt'; the known ones are: captions, multi30k"):
        build_corpus(NamedCorpus(kind="named", name="wmt"), None)
    with pytest.raises(RecipeError, match=r"handed over from Python .* give them to tandem\.train again"):
        build_corpus(MemoryCorpus(kind="memory"), None)


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
        "training.learning_rate.schedule=halving",
        "training.learning_rate.halve_after=1",
        "training.learning_rate.halve_every=1",
        "seed=9",
    )
    settings = build_loop_settings(recipe)
    assert (settings.clip_norm, settings.patience, settings.accumulate) == (None, 3, 2)
    assert (settings.epochs, settings.label_smoothing, settings.seed) == (2, 0.25, 9)
    assert build_loop_settings(tiny_recipe("training.clip_norm=4")).clip_norm == 4
    schedule = build_schedule(recipe)
    assert [schedule.rate(step, 30, 10, ()) for step in (1, 10, 11, 21)] == [1, 1, 0.5, 0.25]


def test_a_path_without_parts_in_a_missing_folder_is_left_to_who_opens_it(tmp_path: Path) -> None:
    corpus = build_corpus(FilesCorpus(source="", target="/"), str(tmp_path / "missing"))
    with pytest.raises(CorpusError):
        list(corpus)


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
