"""A recipe's TOML says all of it."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.models import CellType
from tandem.names import LARGEST_COUNT, LARGEST_LENGTH_PENALTY, LearningRateSchedule
from tandem.recipe import (
    CorpusChoice,
    Data,
    FilesCorpus,
    Forcing,
    HubCorpus,
    JsonLinesCorpus,
    LearningRate,
    MemoryCorpus,
    Model,
    NamedCorpus,
    Optimizer,
    Recipe,
    Search,
    TabSeparatedCorpus,
    Text,
    Texts,
    Training,
    dump_recipe,
    parse_recipe,
    portable,
)
from tandem.text import TokenizerKind
from tandem.training.loop import GradientPer

counts = st.integers(1, LARGEST_COUNT)
shares = st.floats(0, 1)
below_one = st.floats(0, 1, exclude_max=True)
not_negative = st.floats(0, 1e38)
positive = st.floats(0, 1e38, exclude_min=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def corpora() -> st.SearchStrategy[CorpusChoice]:
    columns = st.integers(1, 99) | texts
    return st.one_of(
        st.builds(FilesCorpus, source=texts, target=texts),
        st.builds(TabSeparatedCorpus, kind=st.just("tsv"), path=texts, source_column=columns, target_column=columns),
        st.builds(JsonLinesCorpus, kind=st.just("jsonl"), path=texts, source_key=texts, target_key=texts),
        st.builds(
            HubCorpus,
            kind=st.just("hub"),
            name=texts,
            split=texts,
            source_column=texts,
            target_column=texts,
            config=st.none() | texts,
        ),
        st.builds(
            NamedCorpus, kind=st.just("named"), name=texts, split=st.sampled_from(["train", "validation", "test"])
        ),
        st.just(MemoryCorpus(kind="memory")),
    )


def data() -> st.SearchStrategy[Data]:
    return st.builds(
        Data,
        train=corpora(),
        validation=st.none() | corpora(),
        test=st.none() | corpora(),
        validation_fraction=st.floats(0, 1, exclude_min=True, exclude_max=True),
        validation_at_most=counts,
        folder=st.none() | texts,
        on_error=st.sampled_from(["drop", "stop"]),
        max_characters=counts,
        max_tokens=counts,
    )


def sides() -> st.SearchStrategy[Text]:
    return st.builds(
        lambda bpe_dropout, **rest: Text(**rest, bpe_dropout=bpe_dropout if rest["tokenizer"] == "bpe" else 0.0),
        bpe_dropout=below_one,
        tokenizer=st.sampled_from(get_args(TokenizerKind)),
        lowercase=st.booleans(),
        min_count=counts,
        max_size=st.none() | st.integers(5, 10**6),
    )


def models() -> st.SearchStrategy[Model]:
    return st.builds(
        Model,
        cell=st.sampled_from(get_args(CellType)),
        layers=st.integers(1, 100),
        hidden=st.integers(1, 2**17),
        embedding=st.integers(1, 2**17),
        dropout=below_one,
        output_dropout=below_one,
        word_dropout=below_one,
        tie_output=st.booleans(),
        init_range=positive | st.just("torch"),
        source_embeddings=st.none() | texts,
        target_embeddings=st.none() | texts,
    )


def forcings() -> st.SearchStrategy[Forcing]:
    rest = {"start": shares, "end": shares, "by_token": st.booleans()}
    return st.one_of(
        st.builds(Forcing, schedule=st.sampled_from(["constant", "linear"]), **rest),
        st.builds(Forcing, schedule=st.just("exponential"), k=st.floats(0.01, 0.99), **rest),
        st.builds(Forcing, schedule=st.just("inverse-sigmoid"), k=st.floats(1, 1e9), **rest),
    )


def trainings() -> st.SearchStrategy[Training]:
    return st.builds(
        Training,
        epochs=st.integers(1, 2**53) | st.floats(0.01, 2**53),
        batch_size=counts,
        accumulate=counts,
        optimizer=st.builds(
            Optimizer,
            name=st.sampled_from(["adam", "adamw", "sgd"]),
            learning_rate=positive,
            betas=st.tuples(below_one, below_one),
            weight_decay=not_negative,
            momentum=shares,
        ),
        learning_rate=st.builds(
            LearningRate,
            schedule=st.sampled_from(get_args(LearningRateSchedule)),
            warmup_steps=st.integers(0, 10**9),
            decay_from=shares,
            halve_after=not_negative,
            halve_every=positive,
            factor=st.floats(0, 1, exclude_min=True, exclude_max=True),
            patience=counts,
        ),
        teacher_forcing=forcings(),
        label_smoothing=below_one,
        r_drop=not_negative,
        average_decay=below_one,
        gradient_per=st.sampled_from(get_args(GradientPer)),
        clip_norm=positive | st.just("off"),
        patience=st.none() | counts,
        keep=st.sampled_from(["loss", "bleu", "chrf", "exact"]),
        precision=st.sampled_from(["auto", "float32", "bfloat16"]),
    )


def recipes() -> st.SearchStrategy[Recipe]:
    return st.builds(
        Recipe,
        data=data(),
        text=st.builds(Texts, source=sides(), target=sides(), reverse_source=st.booleans())
        | st.builds(Texts, source=sides(), joint=st.just(True)),
        model=models(),
        training=trainings(),
        search=st.builds(
            Search,
            beam=st.integers(1, 10_000),
            length_penalty=st.floats(0, LARGEST_LENGTH_PENALTY),
            max_length_factor=st.floats(0, 100, exclude_min=True),
            max_length_extra=st.integers(0, 10_000),
            lowercase_scores=st.booleans(),
            score_tokenize=st.sampled_from(["auto", "13a", "char"]),
        ),
        seed=st.integers(0, 2**32 - 1),
    )


@settings(max_examples=30)
@given(recipes())
def test_what_is_written_is_read_again(recipe: Recipe) -> None:
    assert parse_recipe(dump_recipe(recipe), "law") == recipe


@given(texts)
def test_any_path_comes_back(path: str) -> None:
    recipe = Recipe(data=Data(train=FilesCorpus(source=path, target="b"), folder=path))
    read = parse_recipe(dump_recipe(recipe), "law").data
    assert (read.folder, read.train) == (path, recipe.data.train)


def test_every_setting_is_written_out_so_that_a_later_default_changes_nothing() -> None:
    recipe = Recipe(data=Data(train=FilesCorpus(source="a.de", target="a.en")))
    written = dump_recipe(recipe)
    for section in ("model", "search"):
        for key in getattr(recipe, section).model_dump(exclude_none=True):
            assert f"\n{key} = " in written, key
    assert "[training.optimizer]" in written
    assert 'kind = "files"' in written


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/anna/data/train.de", "train.de"),
        ("C:\\Users\\anna\\train.de", "train.de"),
        ("C:/Users/anna/train.de", "train.de"),
        ("C:train.de", "train.de"),
        ("\\\\server\\share\\anna\\train.de", "train.de"),
        ("\\anna\\train.de", "train.de"),
        ("~/train.de", "train.de"),
        ("~anna/data/train.de", "train.de"),
        ("train.de", "train.de"),
        ("data/train.de", "data/train.de"),
    ],
)
def test_a_portable_recipe_has_no_place_on_a_machine(path: str, name: str) -> None:

    def corpora(path: str) -> list[CorpusChoice]:
        return [
            FilesCorpus(source=path, target=path),
            TabSeparatedCorpus(kind="tsv", path=path, source_column="/a", target_column="~b"),
            JsonLinesCorpus(kind="jsonl", path=path, source_key="/a", target_key="~b"),
            HubCorpus(kind="hub", name=path, source_column="/a", target_column="~b"),
        ]

    for corpus, shipped in zip(corpora(path), corpora(name), strict=True):
        for part in ("train", "validation", "test"):
            data = Data(train=MemoryCorpus(kind="memory")).model_copy(update={part: corpus, "folder": "/home/anna"})
            there = data.model_copy(update={part: shipped, "folder": None})
            assert portable(Recipe(data=data, seed=7)) == Recipe(data=there, seed=7)
