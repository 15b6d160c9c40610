"""What the benchmarks stand on: the check of the two sides, rounds, memory, corpora, runs that are done."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import copying, decoding, precision, sides, tutorial
from benchmarks.corpora import batch_rows, made_texts, open_corpus, rows_of
from benchmarks.memory import step_memory
from benchmarks.plan import QUICK
from benchmarks.report import ReportError, between
from benchmarks.rounds import alternate, compare, evenly, percentile
from benchmarks.same import DifferentError, check_same
from tandem import load
from tandem.batches import Batches
from tests.support.runs import saved, untrained

WORDS = (60, 50)


def both() -> tuple[Any, tutorial.Seq2Seq]:
    plain = sides.plain_model(WORDS, QUICK.sizes)
    return sides.tandem_model(WORDS, QUICK.sizes, plain.state_dict()), plain


def test_equal_models_pass_the_check_and_stay_as_they_are() -> None:
    ours, plain = both()
    before = {name: weight.clone() for name, weight in ours.state_dict().items()}
    check_same(ours, plain, WORDS, batch=8)
    assert all(torch.equal(weight, before[name]) for name, weight in ours.state_dict().items())
    assert all(torch.equal(weight, before[name]) for name, weight in plain.state_dict().items())
    assert (plain.decoder.rnn.dropout, plain.decoder.dropout.p, ours.decoder.dropout.p) == (0.5, 0.5, 0.5)


def test_a_tampered_model_is_caught() -> None:
    ours, plain = both()
    with torch.no_grad():
        plain.decoder.fc_out.bias[7] += 0.001
    with pytest.raises(DifferentError, match="the logits of the two sides differ by"):
        check_same(ours, plain, WORDS, batch=8)


def test_a_tampered_gradient_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, plain = both()
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", _unmasked)
    with pytest.raises(DifferentError, match="the gradients of the two sides differ by"):
        check_same(ours, plain, WORDS, batch=8)


def _unmasked(logits: torch.Tensor, gold: torch.Tensor, **_: object) -> torch.Tensor:
    return torch.nn.functional.nll_loss(logits.log_softmax(1), gold)


def test_the_sides_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []

    def turn(name: str) -> float:
        turns.append(name)
        return 5.0

    rates = alternate({"a": lambda: turn("a"), "b": lambda: turn("b")}, 3)
    assert "".join(turns) == "abababab"
    assert [len(rates["a"]), len(rates["b"])] == [3, 3]


def test_ratios_are_of_the_medians_and_the_median_of_ratios() -> None:
    found = compare({"plain": [1.0, 2.0, 4.0], "ours": [10.0, 6.0, 16.0]}, "plain")
    assert found["ours"] == {"median": 10.0, "ratio": 5.0, "ratio_of_rounds": 4.0, "rounds": [10.0, 6.0, 16.0]}


def test_samples_are_even_and_percentiles_the_nearest_rank() -> None:
    assert evenly(range(10), 2) == [2, 7]
    assert evenly([1, 2], 5) == [1, 2]
    assert percentile(range(100), 0.99) == 99
    assert percentile([3.0], 0.99) == 3.0


def test_memory_is_the_largest_sum_on_the_way() -> None:
    kept: list[torch.Tensor] = [torch.zeros(5000)]

    def step() -> None:
        kept.clear()  # was there before: giving it back counts as nothing
        first = torch.empty(1000)
        del first
        kept.extend([torch.empty(3000), torch.empty(2000)])
        kept.pop(0)

    found = step_memory(step)
    assert (found.peak, found.largest_block) == (4 * 5000, 4 * 3000)


def test_the_made_corpus_has_multi30ks_shape() -> None:
    texts = made_texts(8000, (600, 500), seed=1)
    lengths = np.array([[len(source.split()), len(target.split())] for source, target in texts])
    assert lengths.mean(axis=0) == pytest.approx([12.6, 13.1], abs=0.2)
    assert lengths.std(axis=0) == pytest.approx([4.2, 4.1], abs=0.3)
    assert np.corrcoef(lengths.T)[0, 1] == pytest.approx(0.86, abs=0.04)
    for side, size in ((0, 600), (1, 500)):
        assert len({word for pair in texts for word in pair[side].split()}) == size - 4


def test_the_sampled_batches_are_batches_of_the_whole_corpus() -> None:
    corpus = open_corpus(QUICK).train
    chosen = evenly(batch_rows(corpus, 8, by_length=True), 5)
    shapes = {
        batch.source.shape + batch.target.shape
        for batch in Batches(rows_of(corpus, np.concatenate(chosen)), 8, 1).epoch(3)
    }
    longest = [(corpus.source.lengths[rows].max(), corpus.target.lengths[rows].max()) for rows in chosen]
    assert {(shape[0], shape[1]) for shape in shapes} == {(source, 8) for source, _ in longest}


def test_a_run_is_decoded_with_its_own_weights_and_scored(tmp_path: Path) -> None:
    translator = untrained("lstm", "text.reverse_source=true", "search.max_length_extra=2")
    with torch.no_grad():
        translator.model.decoder.fc_out.bias[1:3] = -1e9  # <pad> and <sos>, which the tutorial's loop would put out
    directory = saved(translator, tmp_path / "checkpoint")
    figures = decoding.measure_decoding(QUICK, open_corpus(QUICK), directory)
    assert figures["weights"] == "trained"
    assert figures["quality"]["float32 greedy"].keys() == {"bleu", "signature", "differing"}
    assert figures["quality"]["float32 beam 5"]["differing"] == 0
    assert figures["quality"]["export float32 beam 5"]["differing"] == 0
    assert "export int8 greedy" in figures["quality"]
    one_by_one = decoding.OneByOne(load(directory))
    with torch.no_grad():
        translator.model.decoder.fc_out.bias[5] += 100
    with pytest.raises(DifferentError, match="Tandem makes"):
        decoding.check_same_translations(translator, one_by_one, ["eins zwei drei"])


def test_runs_of_the_precision_trial_that_are_done_are_not_done_again(tmp_path: Path) -> None:
    losses = {"float32": (2.0, 2.1), "bfloat16": (2.01, 2.15)}
    for name, of_seeds in losses.items():
        for seed, loss in enumerate(of_seeds, start=1):
            (tmp_path / f"{name}-{seed}").mkdir()
            lines = [{"event": "validated", "validation_loss": value} for value in (3.0, loss)]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (tmp_path / f"{name}-{seed}/metrics.jsonl").write_text(text, encoding="utf-8")
    figures = precision.measure_precision(precision.Trial(epochs=2, seeds=(1, 2), runs=tmp_path))
    assert figures["differences"] == [0.01, 0.05]
    assert figures["median_difference"] == 0.03
    assert not figures["within_target"]
    assert precision.precision_tables(figures)[0].rows[-1][-1] == "+0.0300"


def test_text_comes_between_the_markers_alone() -> None:
    page = "a\n<!-- benchmark: begin x -->\nold\n<!-- benchmark: end x -->\nb\n"
    once = between(page, "x", "new\n")
    assert once == "a\n<!-- benchmark: begin x -->\n\nnew\n\n<!-- benchmark: end x -->\nb\n"
    assert between(once, "x", "new\n") == once
    with pytest.raises(ReportError, match="the page needs one line <!-- benchmark: begin y -->"):
        between(page, "y", "new\n")


def test_no_name_or_number_of_the_test_is_in_training_and_each_is_scored_at_its_place() -> None:
    train, test = copying.made_pairs(200, 30)
    known = {word for pair in train for text in pair for word in text.split()}
    for source, target in test:
        words = {word for word in target.split() if word[0].isupper() or word.isdigit()}
        assert words
        assert words <= set(source.split())
        assert not words & known
    targets = [target for _, target in test]
    perfect = copying.scores(targets, targets, known)
    assert (perfect["words_right"], perfect["exact"]) == (100, 100)
    turned = [" ".join(reversed(target.split())) for target in targets]
    assert copying.scores(turned, targets, known)["words_right"] < 60
    assert copying.scores(["send"] * 30, targets, known)["words_right"] == 0
