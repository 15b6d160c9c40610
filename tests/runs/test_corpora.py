"""Corpora are read, split, cut and encoded as the recipe says, and what was left out is told."""

from pathlib import Path

import pytest
import torch

from tandem.corpora.pairs import Pair
from tandem.errors import CorpusError
from tandem.recipe import Data, FilesCorpus, Recipe
from tandem.runs import corpora as preparing
from tandem.runs.corpora import GivenPairs, PreparedCorpus, encode_pairs, prepare_corpora, read_first_pairs
from tandem.text import EOS_ID, SOS_ID
from tests.support.runs import number_pairs, tiny_recipe

PAIRS = [Pair(*pair) for pair in number_pairs(30)]


def prepared(recipe: Recipe, pairs: list[Pair] = PAIRS) -> PreparedCorpus:
    return prepare_corpora(recipe, GivenPairs(pairs, pairs[:2]))


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_encoded_is_the_pairs_framed_and_reversed_where_asked(reverse: bool) -> None:
    corpus = prepared(tiny_recipe(f"text.reverse_source={str(reverse).lower()}", "training.batch_size=4"))
    found = set()
    for batch in corpus.train.epoch(1):
        for column in range(batch.source.shape[1]):
            source = batch.source[: batch.source_lengths[column], column].tolist()
            target = batch.target[: batch.target_lengths[column], column].tolist()
            assert (source[0], source[-1], target[0], target[-1]) == (SOS_ID, EOS_ID, SOS_ID, EOS_ID)
            inner = source[1:-1][::-1] if reverse else source[1:-1]
            found.add((corpus.source_tokenizer.decode(inner), corpus.target_tokenizer.decode(target[1:-1])))
    assert found == set(PAIRS)


def test_bpe_dropout_cuts_the_training_pairs_alone_and_makes_no_other_corpus() -> None:
    bpe = ("text.source.tokenizer=bpe", "text.target.tokenizer=bpe", "text.reverse_source=true")
    dropouts = ("text.source.bpe_dropout=0.4", "text.target.bpe_dropout=0.4")
    plain, dropped = prepared(tiny_recipe(*bpe)), prepared(tiny_recipe(*bpe, *dropouts))
    assert (plain.key, plain.messages) == (dropped.key, dropped.messages)
    for ours, others in zip(plain.validation.epoch(0), dropped.validation.epoch(0), strict=True):
        assert all(torch.equal(*parts) for parts in zip(ours, others, strict=True))
    tokens = [
        [batch.source_lengths.sum() + batch.target_tokens for batch in c.train.epoch(1)] for c in (plain, dropped)
    ]
    assert sum(tokens[1]) > 1.2 * sum(tokens[0])
    found = set()
    for batch in dropped.train.epoch(1):
        for column, lengths in enumerate(zip(batch.source_lengths, batch.target_lengths, strict=True)):
            source, target = batch.source[1 : lengths[0] - 1, column], batch.target[1 : lengths[1] - 1, column]
            texts = (
                dropped.source_tokenizer.decode(source.flip(0).tolist()),
                dropped.target_tokenizer.decode(target.tolist()),
            )
            found.add(texts)
    assert found == set(PAIRS)


def test_pairs_with_too_many_tokens_are_left_out_and_counted() -> None:
    corpus = prepared(tiny_recipe("data.max_tokens=3"))
    long = sum(len(pair.source.split()) > 3 for pair in PAIRS)
    assert 0 < long < len(PAIRS)
    said = f"dropped {long} of 30 training pairs, with more than 3 tokens on a side (data.max_tokens)"
    assert said in corpus.messages
    assert any(message.startswith(f"{30 - long} training pairs in ") for message in corpus.messages)


@pytest.mark.parametrize("pair", [("eins zwei drei vier", "one"), ("eins", "one two three four")])
def test_either_side_may_be_too_long(pair: tuple[str, str]) -> None:
    assert len(prepared(tiny_recipe("data.max_tokens=3"), [Pair("eins", "one"), Pair(*pair)]).train.corpus) == 1


def test_given_tokenizers_are_used_as_they_are() -> None:
    first = prepared(tiny_recipe())
    tokenizers = first.source_tokenizer, first.target_tokenizer
    given = GivenPairs([Pair("neu", "new")], [Pair("neu", "new")])
    learnt = prepare_corpora(tiny_recipe(), given)
    second = prepare_corpora(tiny_recipe(), given, tokenizers=tokenizers)
    assert [second.source_tokenizer.to_json(), second.target_tokenizer.to_json()] == [t.to_json() for t in tokenizers]
    assert second.source_tokenizer.to_json() != learnt.source_tokenizer.to_json()
    assert second.key == learnt.key  # it tells the corpus
    assert next(second.train.epoch(1)).source.flatten().tolist() == [SOS_ID, 0, EOS_ID]


def test_the_number_of_loader_workers_is_the_recipes() -> None:
    assert [prepared(tiny_recipe(f"data.loader_workers={n}")).train.workers for n in (0, 3)] == [0, 3]


def test_faulty_pairs_are_dropped_and_counted_or_stop_it(tmp_path: Path) -> None:
    for name, content in (("a", "eins\n\ndrei\n"), ("b", "one\ntwo\nthree\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    files = FilesCorpus(source="a", target="b")
    data = Data(train=files, validation=files, folder=str(tmp_path))
    corpus = prepare_corpora(tiny_recipe().model_copy(update={"data": data}))
    assert corpus.validation_pairs == [("eins", "one"), ("drei", "three")]
    assert corpus.messages[0].startswith("a and b: dropped 1 of 3 pairs: 1 with an empty side")
    data = data.model_copy(update={"on_error": "stop"})
    with pytest.raises(CorpusError, match="line 2: the text is empty"):
        prepare_corpora(tiny_recipe().model_copy(update={"data": data}))


def test_pairs_to_be_measured_on_are_encoded_whatever_their_length() -> None:
    corpus = prepared(tiny_recipe())
    long = Pair("eins zwei " * 300, "one")
    encoded = encode_pairs(
        tiny_recipe("data.max_tokens=2"), [long, PAIRS[0]], corpus.source_tokenizer, corpus.target_tokenizer
    )
    assert encoded.source.lengths.tolist() == [602, len(PAIRS[0].source.split()) + 2]


def test_a_recipe_is_chosen_from_the_first_pairs_and_the_number_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_LOOKED_AT", 10)
    for side, name in enumerate(("a", "b")):
        (tmp_path / name).write_text("".join(f"{pair[side]}\n" for pair in PAIRS), encoding="utf-8")
    files = Data(train=FilesCorpus(source="a", target="b"), folder=str(tmp_path))
    memory = Data.model_validate({"train": {"kind": "memory"}})
    assert read_first_pairs(files, None) == read_first_pairs(memory, GivenPairs(PAIRS)) == (PAIRS[:10], 30)
    assert read_first_pairs(memory, GivenPairs(PAIRS[:7])) == (PAIRS[:7], 7)


def test_limits_that_would_cut_training_targets_are_warned_of_before_the_training() -> None:
    pairs = [*PAIRS, Pair("eins", "one " * 30)]
    low = ("search.max_length_factor=1", "search.max_length_extra=5")
    warned = [line for line in prepared(tiny_recipe(*low), pairs).messages if line.startswith("warning: ")]
    assert warned == [
        "warning: 3.2 % of the training targets are longer than an output may be, which is 1 x the source's tokens + "
        "5: raise search.max_length_factor or search.max_length_extra, or give --max-length-factor or "
        "--max-length-extra when you translate"
    ]
    assert not any("warning" in line for line in prepared(tiny_recipe("search.max_length_extra=40"), pairs).messages)
    assert not any("warning" in line for line in prepared(tiny_recipe(*low), [*PAIRS * 4, pairs[-1]]).messages)


def test_what_is_learnt_by_heart_is_validated_on_too() -> None:
    recipe = tiny_recipe("data.validation_fraction=0")
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"validation": None})})
    corpus = prepare_corpora(recipe, GivenPairs(PAIRS))
    assert len(corpus.train.corpus) == len(PAIRS)
    assert set(corpus.validation_pairs) == set(PAIRS)
    assert any(line.startswith("validation: on 30 of the 30 training pairs") for line in corpus.messages)
