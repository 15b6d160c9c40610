"""One vocabulary for both sides: learnt, trained with, saved and described."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tandem
from tandem.build import build_model
from tandem.checkpoint import load_checkpoint
from tandem.corpora.pairs import Pair
from tandem.errors import ArgumentError, CheckpointError, RecipeError
from tandem.model_recipes import recipe_of
from tandem.models import Decoder, Encoder, Seq2Seq
from tandem.recipe import Data, MemoryCorpus, dump_recipe, make_recipe, override, parse_recipe
from tandem.runs.corpora import GivenPairs, prepare_corpora
from tandem.runs.recipe_choice import choose_recipe
from tandem.runs.trials import make_variants
from tandem.text import Tokenizer, TokenizerKind
from tandem.text.pipeline import EOS_ID, SOS_ID
from tandem.translation import Translator, load
from tests.support.checkpoints import sign_again
from tests.support.runs import (
    Pairs,
    assert_same_run,
    number_pairs,
    run_tiny,
    saved,
    stopped,
    tiny_recipe,
    untrained,
)

PAIRS: Pairs = [
    ("Der Hund, der rote Hund", "the red dog"),
    ("Hund rennt", "The dog runs, runs"),
    ("Rote Bar", "red bar"),
]
TIED = ("text.joint=true", "model.tie_embeddings=true", "model.tie_output=true")


@pytest.mark.parametrize("kind", ["word", "whitespace", "character", "bpe"])
@pytest.mark.parametrize("rules", [("min_count=2", "lowercase=true"), ("max_size=12",)])
def test_it_is_learnt_from_the_texts_of_both_sides(kind: TokenizerKind, rules: tuple[str, ...]) -> None:
    recipe = tiny_recipe("text.joint=true", *(f"text.source.{rule}" for rule in (f"tokenizer={kind}", *rules)))
    corpus = prepare_corpora(recipe, GivenPairs(PAIRS, PAIRS[:1]))
    text = recipe.text.source
    texts = [source for source, _ in PAIRS] + [target for _, target in PAIRS]
    expected = Tokenizer.train(kind, texts, lowercase=text.lowercase, min_count=text.min_count, max_size=text.max_size)
    assert corpus.source_tokenizer.to_json() == corpus.target_tokenizer.to_json() == expected.to_json()
    (batch,) = corpus.validation.epoch(0)
    for ids, side in ((batch.source, 0), (batch.target, 1)):
        assert ids[:, 0].tolist() == [SOS_ID, *expected.encode(PAIRS[0][side]), EOS_ID]
    assert f"vocabulary: {len(expected):,} tokens of both sides" in corpus.messages


def test_it_is_prepared_apart_from_vocabularies_of_their_own() -> None:
    given = GivenPairs(PAIRS, PAIRS[:1])
    keys = {prepare_corpora(tiny_recipe(f"text.joint={joint}"), given).key for joint in ("true", "false", "true")}
    assert len(keys) == 2


def test_what_the_target_does_not_say_it_takes_from_the_source() -> None:
    joint = tiny_recipe("text.joint=true", "text.source.tokenizer=bpe", "text.source.max_size=50")
    assert joint.text.target == joint.text.source
    assert "[text.target]" not in dump_recipe(joint)
    assert parse_recipe(dump_recipe(joint), "written") == joint
    assert override(joint, ["text.source.max_size=40"]).text.target.max_size == 40
    apart = override(joint, ["text.joint=false"])
    assert (apart.text.joint, apart.text.target) == (False, joint.text.source)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ("text.joint=true", "text.target.tokenizer=bpe", "text.target.max_size=99"),
            "  text: joint makes one vocabulary for both sides, but tokenizer and max_size of text.source and "
            "text.target differ: give the settings in text.source alone, or the same in both",
        ),
        (
            ("model.tie_embeddings=true",),
            "  model.tie_embeddings makes one embedding of both sides, which takes one vocabulary: set text.joint = "
            "true, too",
        ),
    ],
)
def test_what_contradicts_it_is_said(settings: tuple[str, ...], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        tiny_recipe(*settings)
    assert f"1 setting not valid:\n{message}" in str(caught.value)


def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    settings = (*TIED, "model.attention=luong", "training.save_steps=3")
    run_tiny(tmp_path / "whole", *settings)
    stopped(tmp_path / "run", 7, *settings)
    run_tiny(tmp_path / "run", *settings, resume=True)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_the_weights_are_said_and_the_optimiser_has_each_once(tmp_path: Path) -> None:
    sentences: list[str] = []
    result = run_tiny(tmp_path / "run", *TIED, "training.epochs=1", notify=sentences.append)
    size = len(result.translator.source_tokenizer)
    weights = next(line for line in sentences if line.startswith("weights: "))
    assert f": {6 * size:,} embedding of both sides, " in weights
    assert f", {size + 6 * 8:,} output layer" in weights
    kept = load_file(next((tmp_path / "run" / "resume").glob("step-*")) / "optimizer.safetensors")
    assert len(kept) == 3 * len(list(result.translator.model.parameters()))


@pytest.mark.parametrize("output", ["true", "false"])
def test_a_checkpoint_has_the_shared_weight_once_and_loads_to_the_same(output: str, tmp_path: Path) -> None:
    made = untrained("gru", *TIED[:2], f"model.tie_output={output}", "text.source.tokenizer=bpe")
    directory = saved(made, tmp_path / "tied")
    names = load_file(directory / "model.safetensors").keys()
    assert "encoder.embedding.weight" in names
    assert "decoder.embedding.weight" not in names
    assert ("decoder.fc_out.weight" in names) == (output == "false")
    model = load_checkpoint(directory).model
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in made.model.named_parameters()]
    after = model.state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in made.model.state_dict().items())
    sources = [source for source, _ in number_pairs(10, seed=3)]
    assert load(directory, device="cpu").translate(sources) == made.translate(sources)


def test_tokenizers_that_differ_are_no_joint_vocabulary(tmp_path: Path) -> None:
    made = untrained("gru", "text.joint=true")
    other = Tokenizer.train("word", ["something else"])
    translator = Translator.of(made.model, made.source_tokenizer, made.target_tokenizer, recipe=made.recipe)
    directory = saved(translator, tmp_path / "joint")
    other.save(directory / "target.tokenizer.json")
    sign_again(directory)
    message = r"its recipe gives both sides one vocabulary, but token 4 is '▁\w+' in the first, '▁else' in the second"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(directory)


def test_tied_models_are_averaged_and_read_together_with_others(tmp_path: Path) -> None:
    names = [saved(untrained("gru", *TIED, f"seed={seed}"), tmp_path / f"tied-{seed}") for seed in (1, 2)]
    mean = tandem.average(names, out=tmp_path / "mean", device="cpu").model
    one, other = (load_checkpoint(name).model.encoder.embedding.weight for name in names)
    torch.testing.assert_close(mean.encoder.embedding.weight, (one + other) / 2)
    assert mean.decoder.fc_out.weight is mean.encoder.embedding.weight
    loose = saved(untrained("lstm", "text.joint=true"), tmp_path / "loose")
    assert len(tandem.load([names[0], loose], device="cpu").translate(["eins zwei"])) == 1
    with pytest.raises(CheckpointError, match=r"loose: model\.cell is|loose: model\.tie_"):
        tandem.average([names[0], loose], out=tmp_path / "none")


def test_a_model_of_one_s_own_that_shares_its_embedding() -> None:
    tokens = Tokenizer.train("word", [text for pair in number_pairs(20) for text in pair])
    encoder = Encoder(len(tokens), 5, 7, 2, 0.0)
    decoder = Decoder(len(tokens), 5, 7, 2, 0.0, embedding=encoder.embedding, tie_output=True)
    model = Seq2Seq(encoder, decoder)
    recipe = recipe_of(model, tokens, tokens)
    assert (recipe.text.joint, recipe.model.tie_embeddings, recipe.model.tie_output) == (True, True, True)
    built = build_model(recipe, len(tokens), len(tokens))
    assert [weight.shape for weight in built.parameters()] == [weight.shape for weight in model.parameters()]
    texts = [text for pair in number_pairs(20) for text in pair]
    other = Tokenizer.train("word", [*(text.replace("eins", "ains") for text in texts)])
    with pytest.raises(
        ArgumentError, match=r"embedding are one, but not the tokenizers: token \d+ is .* Give one tokenizer"
    ):
        recipe_of(model, tokens, other)
    apart = override(recipe, ["model.tie_embeddings=false"])
    with pytest.raises(ArgumentError, match=r"model\.tie_embeddings is False, but the given model has True"):
        Translator.of(model, tokens, tokens, recipe=apart)


def test_without_a_recipe_the_tokens_are_chosen_for_both_sides_together() -> None:
    data = Data(train=MemoryCorpus(kind="memory"))
    pairs = [Pair(*pair) for pair in number_pairs(300)]
    recipe, reasons = choose_recipe(pairs, data, len(pairs), joint=True)
    assert recipe.text.joint
    assert [reason for reason in reasons if "tokens" in reason.partition(":")[0]] == [reasons[0]]
    assert reasons[0].startswith("tokens of both sides: ")
    lower = override(recipe, ["text.source.lowercase=true"])
    assert all(variant.recipe.text.target == variant.recipe.text.source for variant in make_variants(lower, 8))


def test_a_recipe_s_faults_together_have_no_empty_name() -> None:
    with pytest.raises(RecipeError) as caught:
        make_recipe({"data": {"train": {"kind": "memory"}}, "model": {"tie_embeddings": True}}, "here")
    assert str(caught.value).startswith("here: 1 setting not valid:\n  model.tie_embeddings makes")
