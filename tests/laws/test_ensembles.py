"""What holds of every ensemble of models."""

from functools import cache
from pathlib import Path

import pytest
import torch

from tandem.errors import CheckpointError
from tandem.models import CellType
from tandem.models.reversing import reversed_sources
from tandem.names import Averaging
from tandem.translation import Translator, load
from tandem.translation.constructors import translator_from_members
from tandem.translation.messages import Translation
from tests.support.models import CELL_TYPES
from tests.support.runs import number_pairs, saved, untrained

PAIRS = number_pairs(12, seed=3)
SOURCES, TARGETS = [source for source, _ in PAIRS], [target for _, target in PAIRS]
AVERAGINGS = pytest.mark.parametrize("averaging", ["arithmetic", "geometric"])


@cache
def model_of(cell: CellType, seed: int, *, reverse: bool = False) -> Translator:
    return untrained(cell, f"seed={seed}", f"text.reverse_source={str(reverse).lower()}")


def ensemble(averaging: Averaging, *of: Translator) -> Translator:
    members = [member for translator in of for member in translator.members]
    tokenizers = of[0].source_tokenizer, of[0].target_tokenizer
    return translator_from_members(members, *tokenizers, device=torch.device("cpu"), averaging=averaging)


def assert_same(found: list[Translation], expected: list[Translation]) -> None:
    assert [t.text for t in found] == [t.text for t in expected]
    assert [t.token_scores for t in found] == [pytest.approx(t.token_scores, abs=1e-5) for t in expected]


@AVERAGINGS
@pytest.mark.parametrize("cell", CELL_TYPES)
@pytest.mark.parametrize("beam", [1, 3])
def test_copies_of_a_model_translate_and_score_as_it_does(cell: CellType, averaging: Averaging, beam: int) -> None:
    model = model_of(cell, 1)
    for copies in (1, 4):
        several = ensemble(averaging, *[model] * copies)
        settings = model.search_settings(beam=beam)
        assert_same(several.translate(SOURCES, settings), model.translate(SOURCES, settings))
        for found, expected in zip(several.score(SOURCES, TARGETS), model.score(SOURCES, TARGETS), strict=True):
            assert found.token_scores == pytest.approx(expected.token_scores, abs=1e-5)


@AVERAGINGS
@pytest.mark.parametrize("beam", [1, 3])
def test_what_an_ensemble_writes_it_scores_the_same_whichever_way_its_members_read(
    averaging: Averaging, beam: int
) -> None:
    both = ensemble(averaging, model_of("lstm", 1), model_of("lstm", 2, reverse=True), model_of("gru", 3))
    made = both.translate(SOURCES, both.search_settings(beam=beam))
    scored = both.score(SOURCES, [t.text for t in made])
    assert [s.token_scores for s in scored] == [pytest.approx(t.token_scores, abs=1e-5) for t in made]


@AVERAGINGS
def test_the_order_of_the_members_does_not_matter(averaging: Averaging) -> None:
    one, other = model_of("lstm", 1), model_of("lstm", 2, reverse=True)
    settings = one.search_settings(beam=3)
    assert_same(
        ensemble(averaging, one, other).translate(SOURCES, settings),
        ensemble(averaging, other, one).translate(SOURCES, settings),
    )


def test_the_mean_of_probabilities_is_taken_token_by_token() -> None:
    members = [model_of("lstm", seed).score(SOURCES, TARGETS) for seed in (1, 2)]
    both = ensemble("arithmetic", model_of("lstm", 1), model_of("lstm", 2)).score(SOURCES, TARGETS)
    for of_both, *of_each in zip(both, *members, strict=True):
        shares = torch.tensor([score.token_scores for score in of_each], dtype=torch.float64).exp()
        assert of_both.token_scores == pytest.approx(shares.mean(dim=0).log().tolist(), abs=1e-5)


def test_sources_are_turned_within_their_frame() -> None:
    source = torch.tensor([[2, 2, 2], [5, 6, 3], [7, 3, 1], [8, 1, 1], [3, 1, 1]])
    turned = reversed_sources(source, torch.tensor([5, 3, 2]))
    assert turned.T.tolist() == [[2, 8, 7, 5, 3], [2, 6, 3, 1, 1], [2, 3, 1, 1, 1]]


def test_a_single_path_and_a_list_of_one_are_the_same(tmp_path: Path) -> None:
    path = saved(model_of("lstm", 1), tmp_path / "one")
    one, listed = load(path, device="cpu"), load([path], device="cpu")
    assert listed.translate(SOURCES) == one.translate(SOURCES)
    assert len(load([path, path], device="cpu").members) == 2


def test_members_of_different_vocabularies_are_refused_by_their_first_difference(tmp_path: Path) -> None:
    one = saved(model_of("lstm", 1), tmp_path / "one")
    other = saved(untrained(pairs=[("eins", "one"), ("null", "zero")]), tmp_path / "other")
    with pytest.raises(
        CheckpointError,
        match=r"one and .*other: the members of an ensemble must share their vocabularies, but on the source side "
        r"token 4 is '▁vier' in the first, '▁eins' in the second \(10 and 6 tokens\)\. "
        r"Train the members on the same data",
    ):
        load([one, other], device="cpu")


def test_what_an_ensemble_is_not() -> None:
    both = ensemble("arithmetic", model_of("lstm", 1), model_of("lstm", 2))
    with pytest.raises(ValueError, match="this is an ensemble of 2 models"):
        _ = both.model
    with pytest.raises(ValueError, match="averaging is 'harmonic', but it must be one of arithmetic, geometric"):
        ensemble("harmonic", model_of("lstm", 1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no model to load"):
        load([])
