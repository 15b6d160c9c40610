"""What an evaluation reports is what a plain loop over the model finds."""

import math
import unicodedata
from collections.abc import Callable
from functools import cache

import pytest
import torch

from tandem.errors import ArgumentError, CorpusError
from tandem.metrics import bleu, exact
from tandem.models import CellType
from tandem.runs import evaluate
from tandem.runs.likelihoods import Likelihood
from tandem.text import EOS_ID, SOS_ID
from tandem.text.codec import frame
from tandem.translation.translator import Translator
from tests.support.models import CELL_TYPES
from tests.support.runs import number_pairs, untrained

PAIRS = number_pairs(70, seed=4)
"""More than one batch of 64."""


@cache
def model_of(cell: CellType) -> Translator:
    reverse = "true" if cell == "gru" else "false"
    return untrained(cell, f"text.reverse_source={reverse}")


def plain_loop(translator: Translator, source: str, target: str, *, forced: bool) -> tuple[float, int, int]:
    """One pair, one token at a time: nats, tokens, and how many were the first choice."""
    model = translator.model
    ids = frame(translator.source_tokenizer.encode(source), reverse=translator.recipe.text.reverse_source)
    wanted = [*translator.target_tokenizer.encode(target), EOS_ID]
    nats, correct = 0.0, 0
    with torch.no_grad():
        hidden, cell = model.encoder(torch.tensor(ids)[:, None])
        token = SOS_ID
        for gold in wanted:
            logits, hidden, cell = model.decoder(torch.tensor([token]), hidden, cell)
            nats -= float(logits.log_softmax(dim=1)[0, gold])
            best = int(logits.argmax())
            correct += best == gold
            token = gold if forced else best
    return nats, len(wanted), correct


@pytest.mark.parametrize("cell", CELL_TYPES)
def test_the_numbers_are_those_of_a_plain_loop(cell: CellType) -> None:
    translator = model_of(cell)
    found = evaluate(translator, PAIRS)
    forced = [plain_loop(translator, *pair, forced=True) for pair in PAIRS]
    free = [plain_loop(translator, *pair, forced=False) for pair in PAIRS]
    nats, tokens, correct = (sum(column) for column in zip(*forced, strict=True))
    assert found.score("loss") == pytest.approx(nats / tokens, rel=1e-5)
    assert found.score("perplexity") == pytest.approx(math.exp(nats / tokens), rel=1e-4)
    assert found.score("token_accuracy") == pytest.approx(100 * correct / tokens)
    assert found.score("free_running_loss") == pytest.approx(sum(nats for nats, _, _ in free) / tokens, rel=1e-4)
    characters = sum(len(target) for _, target in PAIRS)
    assert found.score("bits_per_character") == pytest.approx(nats / math.log(2) / characters, rel=1e-5)
    signatures = {score.name: score.signature for score in found.scores}
    assert f"tokens:{tokens}|" in signatures["loss"]
    assert signatures["loss"].startswith("teacher-forced|")
    assert signatures["free_running_loss"].startswith("free-running|")
    assert signatures["bits_per_character"].endswith(f"|characters:{characters}")


def test_a_source_that_repeats_has_several_references() -> None:
    translator = model_of("lstm")
    sources = ["eins zwei", "drei", "vier fünf"]
    made = [translation.text for translation in translator.translate(sources)]
    pairs = [
        ("eins zwei", "something else"),
        ("drei", "wrong"),
        ("eins zwei", made[0]),
        ("vier fünf", "wrong"),
        ("drei", "wrong"),
    ]
    found = evaluate(translator, pairs)
    assert (found.sources, found.pairs) == (3, 5)
    assert found.translations == made
    references = [["something else", made[0]], ["wrong"], ["wrong"]]
    assert found.score("exact") == exact(made, references).value == pytest.approx(100 / 3)
    assert found.score("bleu") == bleu(made, references).value


@pytest.mark.parametrize("form", ["NFD", "no-break spaces", "doubled spaces", "space at the end"])
def test_references_that_are_the_same_to_a_reader_have_the_same_scores(form: str) -> None:
    translator = model_of("lstm")
    pairs = [(source, f"{target} año") for source, target in PAIRS]
    write: dict[str, Callable[[str], str]] = {
        "NFD": lambda text: unicodedata.normalize("NFD", text),
        "no-break spaces": lambda text: text.replace(" ", "\xa0"),
        "doubled spaces": lambda text: text.replace(" ", "  "),
        "space at the end": lambda text: text + " \n",
    }
    written = [(write[form](source), write[form](target)) for source, target in pairs]
    assert evaluate(translator, written).scores == evaluate(translator, pairs).scores
    rate = "character_edit_rate"
    assert evaluate(translator, written, raw=True).score(rate) != evaluate(translator, pairs).score(rate)


def test_sources_are_told_apart_as_the_model_reads_them() -> None:
    pairs = [("eins zwei", "one two"), ("Eins  zwei", "one, two"), ("drei", "three")]
    counts = {
        lowercase: [
            evaluate(untrained("lstm", f"text.source.lowercase={lowercase}"), pairs, raw=raw).sources
            for raw in (False, True)
        ]
        for lowercase in ("true", "false")
    }
    assert counts == {"true": [2, 3], "false": [3, 3]}


def test_a_list_of_targets_is_several_references() -> None:
    translator = model_of("lstm")
    (made,) = [translation.text for translation in translator.translate(["drei"])]
    found = evaluate(translator, [("eins", ["one", "one"]), ("drei", ("three", made))])
    assert [result.references for result in found.results] == [("one", "one"), ("three", made)]
    assert (found.pairs, found.sources, found.score("exact")) == (4, 2, 50)
    with pytest.raises(CorpusError, match="pairs, pair 1: the list of targets is empty"):
        evaluate(translator, [("eins", [])])


def test_perfect_translations_have_perfect_scores() -> None:
    translator = model_of("rnn")
    sources = [source for source, _ in PAIRS]
    pairs = [(s, t.text) for s, t in zip(sources, translator.translate(sources), strict=True) if t.text]
    found = evaluate(translator, pairs)
    assert len(pairs) > 40
    assert found.score("exact") == 100
    assert found.score("bleu") == pytest.approx(100)
    assert (found.score("ter"), found.score("word_edit_rate"), found.score("token_edit_rate")) == (0, 0, 0)


def test_signatures_tell_the_search_the_case_and_the_tokens() -> None:
    translator = model_of("lstm")
    plain = {score.name: score.signature for score in evaluate(translator, PAIRS[:5]).scores}
    assert plain["bleu"].endswith("|norm:nfc+space|search:beam:2|lp:1")
    assert "norm" not in plain["token_edit_rate"]  # its tokens are the tokenizer's
    raw = {score.name: score.signature for score in evaluate(translator, PAIRS[:5], raw=True).scores}
    assert raw["exact"].endswith("|norm:none|search:beam:2|lp:1")
    assert "case:mixed" in plain["bleu"]
    assert "|tok:word|search:beam:2" in plain["token_edit_rate"]
    greedy = translator.search_settings(beam=1, batch_size=3)
    lower = {score.name: score.signature for score in evaluate(translator, PAIRS[:5], greedy, lowercase=True).scores}
    assert "case:lc" in lower["bleu"]
    assert lower["bleu"].endswith("|search:greedy")
    assert all(score.signature for score in evaluate(translator, PAIRS[:5]).scores)


def test_samples_are_the_first_sources_with_their_translations() -> None:
    translator = model_of("lstm")
    found = evaluate(translator, PAIRS)
    assert [(sample.source, sample.reference) for sample in found.samples] == PAIRS[:10]
    assert [sample.translation for sample in found.samples] == found.translations[:10]
    with pytest.raises(KeyError):
        found.score("blue")


def test_progress_is_told_of_each_part_of_the_work() -> None:
    translator = model_of("lstm")
    heard: list[tuple[str, int, int | None]] = []
    evaluate(
        translator,
        PAIRS,
        translator.search_settings(batch_size=32),
        on_progress=lambda *call: heard.append(call),
    )
    texts, likelihoods = "translating", "likelihoods of the targets"
    assert [call for call in heard if call[0] == texts] == [(texts, done, 70) for done in (0, 32, 64, 70)]
    assert [call for call in heard if call[0] == likelihoods] == [(likelihoods, done, 140) for done in (0, 70, 140)]
    assert list(dict.fromkeys(what for what, _, _ in heard)) == [texts, "scores of the translations", likelihoods]


def test_likelihoods_are_per_token_and_in_their_units() -> None:
    found = Likelihood(tokens=10, nll=20.0, correct=3)
    assert (found.loss, found.accuracy) == (2.0, 30.0)


def test_nothing_to_evaluate_is_refused() -> None:
    with pytest.raises(CorpusError, match="pairs is empty: a score needs"):
        evaluate(model_of("lstm"), [])
    with pytest.raises(ArgumentError, match=r"translator is of type str, but must be a Translator, as tandem\.load"):
        evaluate("runs/mine", PAIRS)  # type: ignore[arg-type]


def test_a_score_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(KeyError, match=r"there is no score 'blue'; the scores are .*bleu"):
        evaluate(model_of("lstm"), PAIRS).score("blue")
