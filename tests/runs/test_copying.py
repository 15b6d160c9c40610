"""Corpora and runs of models that copy."""

from pathlib import Path

import pytest
import torch

from tandem.runs.corpora import GivenPairs, PreparedCorpus, prepare_corpora
from tandem.runs.execution import run_recipe
from tandem.text.copying import Copying
from tests.support.runs import number_pairs, tiny_recipe

COPYING = ("model.attention=luong", "model.copy=true", "text.source.min_count=2", "text.target.min_count=2")
PAIRS = [("sag Zoë eins", "one said Zoë"), ("sag Ana eins", "one said Ana"), ("sag eins", "one said"), ("sag", "said")]
GIVEN = GivenPairs(PAIRS, [("Kim sag eins Kim", "one said Kim"), ("eins", "one")])


def prepared(*settings: str, given: GivenPairs = GIVEN) -> PreparedCorpus:
    return prepare_corpora(tiny_recipe(*settings), given)


@pytest.mark.parametrize("reverse", [False, True])
def test_batches_hold_what_may_be_copied_and_the_cache_keeps_both_kinds_apart(reverse: bool) -> None:
    order = f"text.reverse_source={reverse}".lower()
    plain = prepared(order, *(setting for setting in COPYING if "copy" not in setting))
    corpus = prepared(order, *COPYING)
    assert prepared(order, *COPYING).key == corpus.key != plain.key
    (without,) = plain.validation.epoch(0)
    (batch,) = corpus.validation.epoch(0)
    assert without.copies is None
    assert batch.copies is not None
    assert torch.equal(batch.source, without.source)
    size = len(corpus.target_tokenizer)
    assert torch.equal(torch.where(batch.target < size, batch.target, 0), without.target)
    _, first, *others, last, _ = batch.copies[:, 1].tolist()  # Kim sag eins Kim
    assert first == last >= size
    assert first not in others
    assert batch.target[3, 1] == size + 1
    assert (batch.copies[0] == -1).all()
    assert (batch.copies[:, 0] == -1).tolist() == [True, False, True, True, True, True]
    assert not [message for message in corpus.messages if "nothing" in message or "warning" in message]


def test_a_training_that_cannot_learn_to_copy_says_so() -> None:
    messages = prepared("model.attention=luong", "model.copy=true").messages
    assert [message for message in messages if message.startswith("warning: model.copy is on, but no training")]
    assert "raise text.source.min_count and text.target.min_count to 2 or more" in messages[-1]


def test_a_run_that_copies_tells_the_loss_of_the_model_that_it_keeps(tmp_path: Path) -> None:
    given = GivenPairs([*PAIRS * 5, *number_pairs(12)], [*(GIVEN.validation or ()), *number_pairs(4, seed=2)])
    forcing = "training.teacher_forcing.start=0.5"
    settings = (*COPYING, forcing, "training.label_smoothing=0.1", "text.source.min_count=6", "text.target.min_count=6")
    result = run_recipe(tiny_recipe(*settings), tmp_path / "run", device="cpu", given=given)
    translator, pairs = result.translator, list(given.validation or ())
    scores = translator.score([source for source, _ in pairs], [target for _, target in pairs])
    tokens = sum(len(score.token_scores) for score in scores)
    assert result.evaluation.score("loss") == pytest.approx(-sum(s.log_probability for s in scores) / tokens, rel=1e-4)
    table = Copying(translator.source_tokenizer, translator.target_tokenizer).table
    assert table.target_size == len(translator.target_tokenizer)
