"""Scoring many targets of a source: what they share is read once, and each score is what it is alone."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.batches import pad_sentences
from tandem.engines import torch_engine
from tandem.engines.prepared_model import PreparedModel
from tandem.models import CellType
from tandem.models.coins import draw_coins
from tandem.models.prefixes import target_tree
from tandem.models.prepared_decoder import DecoderState
from tandem.text import EOS_ID, SOS_ID
from tandem.text.codec import frame
from tandem.translation import scoring
from tandem.translation.translator import Translator
from tests.support.models import CELL_TYPES
from tests.support.runs import NUMBERS, untrained

KINDS = [(cell, tied, reverse) for cell in CELL_TYPES for tied in (False, True) for reverse in (False, True)]
TARGETS = st.lists(st.sampled_from(["one", "two", "three", "nonsense"]), max_size=5).map(" ".join)
LISTS = st.lists(
    st.tuples(st.lists(st.sampled_from(list(NUMBERS)), max_size=6).map(" ".join), st.lists(TARGETS, max_size=9)),
    min_size=1,
    max_size=4,
)


@cache
def model_of(cell: CellType, tied: bool, reverse: bool) -> Translator:
    wanted = (f"model.tie_output={tied}".lower(), f"text.reverse_source={reverse}".lower())
    return untrained(cell, "model.init_range=0.8", *wanted)


@torch.no_grad()
def alone(translator: Translator, source: str, target: str) -> list[float]:
    """By the model that is trained: one pair, whole logits."""
    encoder_reads = frame(translator.source_tokenizer.encode(source), reverse=translator.recipe.text.reverse_source)
    ids, lengths = pad_sentences([encoder_reads])
    wanted = torch.tensor([SOS_ID, *translator.target_tokenizer.encode(target), EOS_ID])[:, None]
    coins = draw_coins(len(wanted) - 1, 1, 1.0, by_token=False)
    features = translator.model.features(ids, wanted, coins, lengths)
    scores = translator.model.decoder.fc_out(features).log_softmax(2)
    return [float(value) for value in scores.gather(2, wanted[1:, :, None]).flatten()]


@pytest.mark.parametrize(("cell", "tied", "reverse"), KINDS)
@settings(max_examples=5)
@given(lists=LISTS, most=st.sampled_from([1, 7, 10_000]), block=st.sampled_from([1, 60, 10_000]))
def test_each_target_of_a_list_scores_as_it_does_alone(
    cell: CellType, tied: bool, reverse: bool, lists: list[tuple[str, list[str]]], most: int, block: int
) -> None:
    translator = model_of(cell, tied, reverse)
    pairs = [(source, target) for source, targets in lists for target in targets]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "_MOST_TARGET_TOKENS", most)
        patch.setattr(torch_engine, "_BLOCK", block)
        found = translator.score([source for source, _ in pairs], [target for _, target in pairs], 2)
    for (source, target), score in zip(pairs, found, strict=True):
        assert score.token_scores == pytest.approx(alone(translator, source, target), abs=1e-4)


@given(
    targets=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=9),
    data=st.data(),
)
def test_a_tree_of_targets_holds_each_beginning_of_each_root_once(
    targets: list[list[int]], data: st.DataObject
) -> None:
    roots = data.draw(st.lists(st.integers(0, 2), min_size=len(targets), max_size=len(targets)))
    tree, places = target_tree(*pad_sentences(targets), torch.tensor(roots), torch.device("cpu"))
    spelt: list[tuple[int, ...]] = []
    before: list[tuple[int, ...]] = [(root,) for root in range(max(roots) + 1)]
    tokens = iter(tree.tokens.tolist())
    for level in tree.levels:
        parents = range(level.size) if level.parents is None else level.parents.tolist()
        before = [(*before[parent], next(tokens)) for parent in parents]
        spelt += before
    assert len(set(spelt)) == len(spelt)
    for n, target in enumerate(targets):
        assert [spelt[places[t, n]] for t in range(len(target))] == [
            (roots[n], *target[: t + 1]) for t in range(len(target))
        ]


def test_each_source_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    translator = model_of("lstm", False, False)
    read: list[int] = []
    start = PreparedModel.start

    def counted(self: PreparedModel, source: torch.Tensor, *more: torch.Tensor) -> DecoderState:
        read.append(source.shape[1])
        return start(self, source, *more)

    monkeypatch.setattr(PreparedModel, "start", counted)
    translator.score(["eins", "zwei", "eins", "eins"] * 50, ["one"] * 200)
    assert read == [2]
