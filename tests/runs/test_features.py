"""Runs on sources with features: trained, stopped and resumed, saved, loaded, scored and compared."""

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import tandem
from tandem.build import build_model
from tandem.checkpoint import load_checkpoint, save_checkpoint
from tandem.corpora.pairs import Pair
from tandem.errors import ArgumentError, CheckpointError, RecipeError
from tandem.model_files import sizes_of
from tandem.model_recipes import recipe_of
from tandem.models import FeaturesEncoder, count_parameters
from tandem.recipe import Recipe
from tandem.runs.corpora import GivenPairs
from tandem.runs.evaluation import evaluate
from tandem.runs.execution import run_recipe
from tandem.runs.recipe_choice import choose_recipe
from tandem.text.features import FeaturesTokenizer
from tandem.translation import Translator, load
from tests.support.checkpoints import sign_again
from tests.support.runs import StopAfter, assert_same_run, copied, tiny_recipe

SETTINGS = ("text.features.tokenizer=tags", "text.source.tokenizer=character")
LOOKING = ("model.attention=luong", "model.bidirectional=true", "text.reverse_source=true")


def forms(count: int, seed: int = 1) -> list[tuple[str, str, str]]:
    """Words and what becomes of them: a letter before them for one tag, one behind them for another."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        word = "".join(chance.choices("abç", k=chance.randint(2, 4)))
        tags = chance.choice(["", "V", "V;PST", "PST"])
        made.append((word, ("x" if "V" in tags else "") + word + ("y" if "PST" in tags else ""), tags))
    return made


def recipe(*settings: str) -> Recipe:
    return tiny_recipe(*SETTINGS, *settings)


def run_forms(out: Path, *settings: str, resume: bool = False, **options: object) -> Translator:
    given = GivenPairs(forms(40), forms(8, seed=2))  # type: ignore[arg-type]
    return run_recipe(
        recipe(*settings),
        out,
        device="cpu",
        resume=resume,
        given=given,
        **options,  # type: ignore[arg-type]
    ).translator


@cache
def shared(base: Path) -> Path:
    run_forms(base / "features", *LOOKING)
    return base / "features"


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared(tmp_path_factory.getbasetemp())


def test_a_run_has_a_third_tokenizer_and_loads_to_the_same(run: Path, tmp_path: Path) -> None:
    translator = load(run, device="cpu")
    source = translator.source_tokenizer
    assert isinstance(source, FeaturesTokenizer)
    assert sorted(source.features.tokens(range(4, len(source.features)))) == ["PST", "V"]
    assert "\t" not in source.source.tokens(range(len(source.source)))
    directory = next((run / "checkpoints").iterdir())
    assert sorted(path.name for path in directory.glob("*.tokenizer.json")) == [
        "features.tokenizer.json",
        "source.tokenizer.json",
        "target.tokenizer.json",
    ]
    translator.save(tmp_path / "own")
    texts = ["abç", "abç\tV", "abç\tV;PST", "ab\tPST V", "\tV", ""]
    again = load(tmp_path / "own", device="cpu").translate(texts)
    assert again == translator.translate(texts)
    assert [own.text for own in again[-1:]] == [""]
    assert again[1].tokens != again[0].tokens or again[1].score != again[0].score


def test_a_stopped_run_goes_on_as_if_it_had_not_been(run: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_forms(tmp_path / "part", *LOOKING, recorders=[StopAfter(7)])
    run_forms(tmp_path / "part", *LOOKING, resume=True)
    assert_same_run(tmp_path / "part", run)


def test_scores_alignments_and_unknown_tags_know_both_parts(run: Path) -> None:
    translator = load(run, device="cpu")
    one, other = translator.score(["abç\tV", "abç\tPST"], ["xabç", "xabç"])
    assert one.log_probability != other.log_probability
    [found] = translator.translate(["aç\tV;FUT"], alignment=True)
    assert found.source_tokens == ("<sos>", "a", "ç", "V", "<unk>", "<eos>")
    assert np.array(found.attention).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found.unknown == ("FUT",)
    assert translator.translate(["aç\tV"])[0].unknown == ()


def test_evaluation_keeps_the_features(run: Path) -> None:
    translator = load(run, device="cpu")
    given = [("ab", "xab", "V"), ("ab", "aby", "PST"), (" ab ", "ab", None), ("ab\tV", ["xab", "x"])]
    evaluation = evaluate(translator, given)  # type: ignore[arg-type]
    assert [result.source for result in evaluation.results] == ["ab\tV", "ab\tPST", "ab"]
    alone = translator.translate(["ab\tV", "ab\tPST", "ab"])
    assert evaluation.translations == [translation.text for translation in alone]


def test_the_choice_without_a_recipe_takes_tags_for_features() -> None:
    data = tiny_recipe().data
    pairs = [("\t".join((word, tags)) if tags else word, form) for word, form, tags in forms(60)]
    choice = choose_recipe([Pair(*pair) for pair in pairs], data, len(pairs), features=True)
    assert choice.recipe.text.features is not None
    assert choice.recipe.text.features.tokenizer == "tags"
    assert choice.recipe.text.source.tokenizer == "character"
    assert any(
        reason.startswith("source tokens: characters") and "2 different tags" in reason for reason in choice.reasons
    )
    plain = choose_recipe([Pair(word, form) for word, form, _ in forms(60)], data, 60)
    assert plain.recipe.text.features is None


def test_features_that_a_recipe_has_no_tokens_for_are_an_error(tmp_path: Path) -> None:
    given = GivenPairs(forms(10), forms(4))  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match=r"pairs in memory: features are read .* no tokens for them: add the section"):
        run_recipe(tiny_recipe(), tmp_path / "run", device="cpu", given=given)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["text.joint=true", "text.target.tokenizer=character"], "features do not go with joint yet"),
        (["text.features.bpe_dropout=0.1", "text.features.tokenizer=bpe"], "do not go with features.bpe_dropout yet"),
        (["model.copy=true", *LOOKING], "model.copy does not go with text.features yet: leave one of them out"),
    ],
)
def test_what_does_not_go_with_features_is_said(settings: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(*settings)


def test_a_checkpoint_and_its_recipe_agree_about_features(run: Path, tmp_path: Path) -> None:
    checkpoint = copied(next((run / "checkpoints").iterdir()), tmp_path / "spoilt")
    (checkpoint / "features.tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"features\.tokenizer\.json"):
        load_checkpoint(checkpoint)
    (checkpoint / "features.tokenizer.json").unlink()
    sign_again(checkpoint)
    with pytest.raises(CheckpointError, match=r"its recipe has features, but features.tokenizer.json is missing"):
        load_checkpoint(checkpoint)


def test_members_of_an_ensemble_share_their_features(run: Path, tmp_path: Path) -> None:
    first = load_checkpoint(run)
    source = first.source_tokenizer
    assert isinstance(source, FeaturesTokenizer)
    model = build_model(recipe("model.cell=gru"), *sizes_of(source, first.target_tokenizer))
    save_checkpoint(first._replace(model=model, recipe=recipe("model.cell=gru")), tmp_path / "other")
    assert len(load([run, tmp_path / "other"], device="cpu").translate(["ab\tV"])) == 1
    plain = tiny_recipe("text.source.tokenizer=character")
    model = build_model(plain, *sizes_of(source.source, first.target_tokenizer))
    save_checkpoint(first._replace(model=model, recipe=plain, source_tokenizer=source.source), tmp_path / "plain")
    with pytest.raises(CheckpointError, match="on the source side sources are read with features in the first"):
        load([run, tmp_path / "plain"], device="cpu")
    texts = ["ab\tca", "ab ca"]
    one, other = load(tmp_path / "plain", device="cpu").translate(texts)
    assert (one.tokens, one.score) == (other.tokens, other.score)  # a tab is white space to a model without features


def test_weights_of_features_are_counted_and_their_shape_is_known(run: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(run)
    encoder = checkpoint.model.encoder
    assert isinstance(encoder, FeaturesEncoder)
    counts = count_parameters(checkpoint.model)
    assert counts.features == sum(weight.numel() for weight in encoder.features.parameters())
    assert counts.total == sum(weight.numel() for weight in checkpoint.model.parameters())
    made = recipe_of(checkpoint.model, checkpoint.source_tokenizer, checkpoint.target_tokenizer)
    assert made.text.features is not None
    own = Translator.of(checkpoint.model, checkpoint.source_tokenizer, checkpoint.target_tokenizer, device="cpu")
    own.save(tmp_path / "own")
    assert torch.equal(load_checkpoint(tmp_path / "own").model.encoder.embedding.weight, encoder.embedding.weight)
    source = checkpoint.source_tokenizer
    assert isinstance(source, FeaturesTokenizer)
    with pytest.raises(ArgumentError, match="the features embedding has 6 rows, but the features tokenizer"):
        recipe_of(checkpoint.model, FeaturesTokenizer(source.source, source.source), checkpoint.target_tokenizer)
    with pytest.raises(ArgumentError, match="only one of the model and the source tokenizer has features"):
        recipe_of(checkpoint.model, source.source, checkpoint.target_tokenizer)
    save_checkpoint(checkpoint._replace(recipe=made), tmp_path / "again")
    assert load_checkpoint(tmp_path / "again").recipe.text.features == made.text.features


def test_python_trains_on_files_of_features(tmp_path: Path) -> None:
    for side, name in enumerate(("words", "forms", "tags")):
        (tmp_path / name).write_text("".join(f"{row[side]}\n" for row in forms(20)), encoding="utf-8")
    settings = {"training.epochs": 1, "training.passes": 1, "model.hidden": 8, "model.embedding": 8}
    files = {name: tmp_path / name for name in ("words", "forms", "tags")}
    translator = tandem.train(
        source=files["words"],
        target=files["forms"],
        features=files["tags"],
        out=tmp_path / "run",
        settings=settings,
        device="cpu",
    )
    assert translator.source_tokenizer.has_features
    assert translator.recipe.text.features is not None
    with pytest.raises(RecipeError, match="give both source and target"):
        tandem.train(features=files["tags"], out=tmp_path / "other")
