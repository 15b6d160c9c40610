import math

import pytest

from tandem.metrics import perplexity


@pytest.mark.parametrize("classes", [1, 2, 10_000])
def test_a_uniform_guess_has_the_perplexity_of_its_choices(classes: int) -> None:
    assert perplexity(math.log(classes)) == pytest.approx(classes)


@pytest.mark.parametrize("loss", [710.0, 1e9, math.inf])
def test_a_loss_too_large_gives_infinity(loss: float) -> None:
    assert perplexity(loss) == math.inf


def test_not_a_number_stays_not_a_number() -> None:
    assert math.isnan(perplexity(math.nan))
