import pytest
import torch

from tandem.search import Step
from tandem.search.continuations import GROUP, best_continuations, make_bans
from tests.search.tables import TableState

BATCH, WIDTH = 6, 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("levels", [2, 10**6])
@pytest.mark.parametrize("count", [2, 10, 5000])
@pytest.mark.parametrize("vocabulary", [5, GROUP, GROUP + 1, 2 * GROUP, 3 * GROUP + 5])
def test_they_are_the_beginning_of_all_continuations_sorted(
    vocabulary: int, count: int, levels: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(vocabulary)
    logits = torch.randint(levels, (BATCH * WIDTH, vocabulary), generator=generator).to(dtype) / levels
    logits[:, 1] = -torch.inf
    live_scores = -torch.randint(levels, (BATCH, WIDTH), generator=generator).double() / levels
    live_scores = live_scores.sort(dim=1, descending=True).values
    live_scores[0, 2:] = -torch.inf
    at_limit = torch.tensor([False, True, False, False, True, False]).repeat_interleave(WIDTH)
    eos, banned = vocabulary - 2, [0, vocabulary // 2, vocabulary - 1]
    step = Step(logits, logits.logsumexp(dim=1), TableState(torch.arange(BATCH * WIDTH)))

    found = best_continuations(step, live_scores, count, eos, make_bans(banned, torch.device("cpu")), at_limit)

    token_scores = logits.double() - step.log_normaliser.double()[:, None]
    token_scores[:, banned] = -torch.inf
    token_scores[at_limit] = token_scores[at_limit].where(torch.arange(vocabulary) == eos, -torch.inf)
    scores = (token_scores + live_scores.view(-1, 1)).view(BATCH, -1)
    ordered, places = scores.sort(dim=1, descending=True, stable=True)
    for sentence in range(BATCH):
        possible = min(count, int((ordered[sentence] > -torch.inf).sum()))
        assert possible > 0
        expected = places[sentence, :possible]
        assert torch.equal(found.scores[sentence, :possible], ordered[sentence, :possible])
        assert bool((found.scores[sentence, possible:] == -torch.inf).all())
        assert torch.equal(found.tokens[sentence, :possible], expected % vocabulary)
        assert torch.equal(found.parents[sentence, :possible], expected // vocabulary)
        rows = sentence * WIDTH + expected // vocabulary
        assert torch.equal(found.token_scores[sentence, :possible], token_scores[rows, expected % vocabulary])
    assert int(found.tokens.min()) >= 0
    assert int(found.tokens.max()) < vocabulary


def test_a_row_without_a_number_has_no_continuation() -> None:
    logits = torch.zeros(2, 5)
    logits[0] = torch.nan
    step = Step(logits, logits.logsumexp(dim=1), TableState(torch.arange(2)))
    nothing = make_bans((), torch.device("cpu"))
    found = best_continuations(step, torch.zeros(1, 2, dtype=torch.float64), 3, 3, nothing, None)
    assert found.parents.tolist() == [[1, 1, 1]]
    assert found.tokens.tolist() == [[0, 1, 2]]
