"""A search takes no more memory than it may, and says what is too much."""

import pytest

from tandem.errors import MemoryShortage
from tandem.translation import settings as searching
from tandem.translation.settings import SearchSettings, check_beam
from tests.support.runs import untrained


def settings(beam: int = 5, batch_size: int = 256, extra: int = 10) -> SearchSettings:
    return SearchSettings(beam, 1.0, 2.0, extra, batch_size=batch_size)


def test_a_batch_is_cut_by_what_it_takes() -> None:
    assert settings().rows([10] * 300, 1000) == 256
    assert settings(batch_size=7).rows([10] * 300, 1000) == 7
    assert settings().rows([10] * 300, 2**20) == 2**25 // (5 * 2**20)
    assert settings(beam=1).rows([1000] * 300, 1000) == 2**16 // 1000
    assert settings().rows([1000] * 300, 1000) == 2**16 // (5 * 1000)
    assert settings(beam=100, extra=10_000).rows([12] * 300, 100) == 2**26 // (200 * 10_021)


def test_what_is_too_much_for_one_text_is_refused_with_the_beam_that_is_not() -> None:
    with pytest.raises(MemoryShortage, match=r"beam of 10,000 computes 10,000,000,000 scores .* the beam to 268 "):
        check_beam(10_000, 1_000_000)
    check_beam(268, 1_000_000)
    check_beam(1, 2**40)  # greedy search: a model of such a vocabulary takes more itself
    with pytest.raises(MemoryShortage, match=r"outputs of up to 10,020 tokens .* lower the beam to 3,348 \(--beam\)"):
        settings(beam=10_000, extra=10_000).rows([12], 100)


def test_a_beam_for_which_there_is_no_room_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_MOST_LOGITS_OF_ONE", 30)
    translator = untrained()
    with pytest.raises(MemoryShortage, match=r"lower the beam to \d"):
        translator.translate(["eins"], translator.search_settings(beam=9))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"beam": 10_001}, r"beam \(10001\) must be at least 1 and at most 10,000"),
        ({"n_best": 10**12}, r"n_best \(1000000000000\) must be"),
        ({"batch_size": 2 * 10**18}, r"batch_size \(2000000000000000000\) must be at least 1 and at most 100,000"),
        ({"length_penalty": 1000.0}, r"length_penalty \(1000\.0\) must be at least 0 and at most 5"),
        ({"length_penalty": float("nan")}, r"length_penalty \(nan\) must be"),
    ],
)
def test_settings_beyond_their_bounds_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        untrained().search_settings(**given)  # type: ignore[arg-type]


def test_an_output_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    translator = untrained()
    whole = translator.translate(["eins zwei drei vier"], translator.search_settings(beam=1))[0]
    monkeypatch.setattr("tandem.translation.outputs.LONGEST_OUTPUT", 20)
    assert sum(map(len, whole.tokens)) > 20
    cut = translator.translate(["eins zwei drei vier"], translator.search_settings(beam=1))[0]
    assert cut.tokens == whole.tokens[: len(cut.tokens)]
    assert sum(map(len, cut.tokens)) <= 20 < sum(map(len, whole.tokens[: len(cut.tokens) + 1]))
    assert cut.token_scores == whole.token_scores[: len(cut.tokens)]
    assert cut.stopped == "limit"
    assert whole.text.startswith(cut.text)
