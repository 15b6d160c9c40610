import random
from dataclasses import replace

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from tandem.metrics import bleu
from tandem.metrics.bootstrap import (
    Resampling,
    bleu_of_sums,
    bleu_statistics,
    difference_interval,
    interval,
    perplexity_of_sums,
    resampled,
)

WORDS = ["a", "man", "rides", "red", "bikes", "and", "two", "dogs", "run", "home", ".", "Paris", ",", "3.5", "don't"]
SETTINGS = Resampling(samples=200, seed=1)


def corpus(seed: int, sentences: int = 80) -> tuple[list[str], list[list[str]]]:
    """Translations of which about two words in three are right; some references are several, some lines empty."""
    rng = random.Random(seed)
    references = [
        [" ".join(rng.choices(WORDS, k=rng.randrange(1, 12))) for _ in range(rng.choice([1, 1, 2, 3]))]
        for _ in range(sentences)
    ]
    hypotheses = [
        " ".join(w if rng.random() < 0.67 else rng.choice(WORDS) for w in rng.choice(r).split() if rng.random() < 0.9)
        for r in references
    ]
    return hypotheses, references


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lowercase", [False, True])
def test_the_sums_give_the_very_bleu_of_the_corpus(seed: int, lowercase: bool) -> None:
    hypotheses, references = corpus(seed)
    statistics = bleu_statistics([h.upper() for h in hypotheses], references, lowercase=lowercase)
    expected = bleu([h.upper() for h in hypotheses], references, lowercase=lowercase).value
    assert bleu_of_sums(statistics.sum(0)) == pytest.approx(expected, rel=1e-12)


def test_every_row_of_sums_is_scored_as_by_sacrebleu() -> None:
    hypotheses, references = corpus(3, 300)
    rows = bleu_statistics([*hypotheses, "", "a", "a man"], [*references, ["home"], ["a"], ["two dogs"]])
    expected = [
        BLEU.compute_bleu(list(row[2:6]), list(row[6:]), int(row[0]), int(row[1]), smooth_method="exp").score
        for row in rows.tolist()
    ]
    assert bleu_of_sums(rows) == pytest.approx(expected, rel=1e-12)
    assert min(expected) == 0 < max(expected)


def test_a_resample_is_sentences_drawn_with_replacement() -> None:
    statistics = bleu_statistics(*corpus(4))
    drawn = resampled([statistics], SETTINGS, bleu_of_sums)[0]
    rng = np.random.default_rng(SETTINGS.seed)
    rows = [rng.integers(len(statistics), size=len(statistics)) for _ in range(SETTINGS.samples)]
    assert drawn == pytest.approx([float(bleu_of_sums(statistics[row].sum(0))) for row in rows])


def test_the_interval_holds_the_middle_of_the_resamples_and_narrows_with_more_sentences() -> None:
    few, many = (bleu_statistics(*corpus(5, sentences)) for sentences in (50, 800))
    settings = Resampling(samples=1000)
    wide, narrow = interval([few], settings), interval([many], settings)
    samples = resampled([few], settings, bleu_of_sums)[0]
    assert np.mean((wide.low <= samples) & (samples <= wide.high)) == pytest.approx(0.95, abs=0.002)
    assert wide.low < wide.value < wide.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2
    inner = interval([few], replace(settings, confidence=0.5))
    assert wide.low < inner.low < inner.high < wide.high


def test_a_seed_draws_the_same_and_another_one_others() -> None:
    statistics = [bleu_statistics(*corpus(6))]
    assert interval(statistics, SETTINGS) == interval(statistics, SETTINGS)
    assert interval(statistics, SETTINGS) != interval(statistics, replace(SETTINGS, seed=2))


def test_systems_are_compared_on_the_same_sentences() -> None:
    hypotheses, references = corpus(7)
    one = bleu_statistics(hypotheses, references)
    other = bleu_statistics([hypotheses[0], *(text + " home" for text in hypotheses[1:])], references)
    same = difference_interval([one], [one], SETTINGS)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    gain, loss = difference_interval([one], [other], SETTINGS), difference_interval([other], [one], SETTINGS)
    assert (gain.value, gain.low, gain.high) == pytest.approx((-loss.value, -loss.high, -loss.low))
    alone = interval([one], SETTINGS)
    assert gain.high - gain.low < alone.high - alone.low  # a hard sentence is hard for both


def test_several_systems_are_their_mean() -> None:
    hypotheses, references = corpus(8)
    one = bleu_statistics(hypotheses, references)
    other = bleu_statistics([text + " home" for text in hypotheses], references)
    mean = interval([one, other], SETTINGS)
    assert mean.value == pytest.approx((bleu_of_sums(one.sum(0)) + bleu_of_sums(other.sum(0))) / 2)
    assert interval([one, one], SETTINGS) == interval([one], SETTINGS)
    half = difference_interval([one, other], [other], SETTINGS)
    whole = difference_interval([one], [other], SETTINGS)
    assert (2 * half.value, 2 * half.low, 2 * half.high) == pytest.approx((whole.value, whole.low, whole.high))


def test_a_perplexity_is_of_all_tokens_together_and_has_an_interval_like_any_figure() -> None:
    rng = np.random.default_rng(2)
    tokens = rng.integers(1, 20, size=100)
    table = np.stack([tokens * rng.uniform(1, 3, size=100), tokens], axis=1)
    found = interval([table], SETTINGS, perplexity_of_sums)
    assert found.value == pytest.approx(np.exp(table[:, 0].sum() / tokens.sum()))
    assert found.low < found.value < found.high
    worse = table * [1.1, 1]
    lost = difference_interval([worse], [table], SETTINGS, perplexity_of_sums)
    assert 0 < lost.low < lost.high


def test_what_does_not_fit_together_is_said() -> None:
    statistics = bleu_statistics(*corpus(9))
    with pytest.raises(ValueError, match=r"\[79, 80\] sentences"):
        difference_interval([statistics], [statistics[1:]], SETTINGS)
    with pytest.raises(ValueError, match="no system"):
        interval([], SETTINGS)
    with pytest.raises(ValueError, match="no system"):
        difference_interval([statistics], [], SETTINGS)
    with pytest.raises(ValueError, match="2 hypotheses but 1"):
        bleu_statistics(["a", "b"], [["a"]])


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"seed": -1}, {"confidence": 1.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=str(*wrong.values())):
        Resampling(**wrong)  # type: ignore[arg-type]


def test_the_signature_names_what_was_drawn() -> None:
    assert Resampling(500, 7).signature == "bs:500|seed:7|ci:95"
