import pytest
import torch
from torch import Tensor

from tandem.analysis import ContextReader, Phrase, context_plane
from tandem.analysis.plane import NEIGHBOURS, measure_groups, nearest, principal_plane
from tandem.batches import pad_sentences
from tandem.models import CellType
from tandem.text.codec import frame
from tests.support.models import CELL_TYPES
from tests.support.runs import untrained

TEXTS = ["eins zwei", "drei", "zwei eins", "", "vier fünf sechs eins", "drei drei drei", "eins"]


def cloud(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def test_the_plane_keeps_distances_of_what_is_flat() -> None:
    flat = cloud(20, 2) @ torch.linalg.qr(cloud(9, 2, 1))[0].T + cloud(1, 9, 2)  # (20, 2) (2, 9) -> (20, 9)
    places, shares = principal_plane(flat)
    assert torch.cdist(places, places).numpy() == pytest.approx(torch.cdist(flat, flat).double().numpy(), abs=1e-4)
    assert sum(shares) == pytest.approx(100)
    assert shares[0] >= shares[1] > 0


def test_the_first_axis_is_where_most_of_the_difference_is() -> None:
    stretched = cloud(50, 6) * torch.tensor([1.0, 9.0, 1.0, 1.0, 4.0, 1.0])
    places, shares = principal_plane(stretched)
    assert abs(torch.corrcoef(torch.stack([places[:, 0], stretched[:, 1].double()]))[0, 1]) > 0.98
    assert abs(torch.corrcoef(torch.stack([places[:, 1], stretched[:, 4].double()]))[0, 1]) > 0.95
    variances = stretched.var(0)
    assert shares[0] == pytest.approx(float(100 * variances[1] / variances.sum()), rel=0.1)


def test_the_signs_do_not_depend_on_those_of_the_contexts_axes() -> None:
    rows = cloud(12, 5)
    places, _ = principal_plane(rows)
    turned, _ = principal_plane(rows @ torch.linalg.qr(cloud(5, 5, 3))[0])
    assert turned.numpy() == pytest.approx(places.numpy(), abs=1e-5)
    farthest = places.abs().argmax(0)
    assert all(places[row, axis] > 0 for axis, row in enumerate(farthest))


@pytest.mark.parametrize("rows", [torch.ones(1, 3), torch.ones(4, 3), cloud(3, 1), cloud(2, 5)])
def test_any_number_of_contexts_has_a_place(rows: Tensor) -> None:
    places, shares = principal_plane(rows)
    assert places.shape == (len(rows), 2)
    assert places.isfinite().all()
    assert 0 <= sum(shares) <= 100.001


def test_neighbours_are_the_nearest_of_all_texts_and_never_the_phrase_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.analysis.plane._READ_TOGETHER", 16)
    texts = [f"text {number}" for number in range(100)]
    rows = dict(zip(texts, cloud(100, 4), strict=True))
    heard: list[int] = []
    found = nearest(texts[:7], texts, lambda some: torch.stack([rows[text] for text in some]), heard.append)
    for phrase, neighbours in zip(texts, found, strict=False):
        distances = {text: float((rows[phrase] - rows[text]).norm()) for text in texts if text != phrase}
        expected = sorted(distances, key=lambda text: distances[text])[:NEIGHBOURS]
        assert [neighbour.text for neighbour in neighbours] == expected
        assert [n.distance for n in neighbours] == pytest.approx([distances[text] for text in expected], rel=1e-5)
    assert heard == [16, 32, 48, 64, 80, 96, 100]


def test_few_texts_give_few_neighbours() -> None:
    found = nearest(["a", "b"], ["a", "b"], lambda some: torch.tensor([[float(ord(text))] for text in some]))
    assert [[neighbour.text for neighbour in neighbours] for neighbours in found] == [["b"], ["a"]]


def test_groups_that_lie_together_are_told_from_those_that_don_t() -> None:
    names = [name for name in "abcd" for _ in range(5)]
    centres = cloud(4, 6).repeat_interleave(5, 0)
    tight = measure_groups(centres + 0.01 * cloud(20, 6, 1), names)
    loose = measure_groups(cloud(20, 6, 1), names)
    assert tight is not None
    assert loose is not None
    assert tight.within < 0.1 * tight.between
    assert tight.silhouette > 0.9
    assert tight.nearest == 100
    assert abs(loose.silhouette) < 0.3
    assert loose.within == pytest.approx(loose.between, rel=0.2)
    assert tight.nearest_by_chance == pytest.approx(100 * 4 / 19)
    assert (tight.phrases, tight.groups) == (20, 4)


def test_the_silhouette_is_that_of_its_definition() -> None:
    found = measure_groups(torch.tensor([[0.0], [1.0], [10.0], [12.0]]), ["a", "a", "b", "b"])
    assert found is not None
    expected = [(11 - 1) / 11, (10 - 1) / 10, (9.5 - 2) / 9.5, (11.5 - 2) / 11.5]
    assert found.silhouette == pytest.approx(sum(expected) / 4)
    assert (found.within, found.between) == pytest.approx((1.5, 10.5))


@pytest.mark.parametrize("names", [["", "", "", ""], ["a", "a", "a", "a"], ["a", "a", "b", ""], ["a", "b", "c", "d"]])
def test_without_two_groups_of_two_there_is_nothing_to_measure(names: list[str]) -> None:
    assert measure_groups(cloud(4, 3), names) is None


@pytest.mark.parametrize("cell", CELL_TYPES)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_context_is_the_encoder_s_final_state_of_all_layers(cell: CellType, reverse: bool) -> None:
    translator = untrained(cell, f"text.reverse_source={str(reverse).lower()}", "model.layers=2")
    read = ContextReader(translator)
    found = read(TEXTS)
    for text, row in zip(TEXTS, found, strict=True):
        ids = frame(translator.source_tokenizer.encode(text), reverse=translator.recipe.text.reverse_source)
        source, lengths = pad_sentences([ids])
        with torch.no_grad():
            state = translator.model.encoder(source, lengths)
        expected = state.hidden if state.cell is None else state.cell
        assert row.numpy() == pytest.approx(expected[:, 0].flatten().numpy(), abs=1e-5)
    assert ("cells" in read.state) == (cell == "lstm")


def test_phrases_are_placed_with_what_belongs_to_them() -> None:
    phrases = [Phrase(text, "even" if number % 2 else "odd") for number, text in enumerate(TEXTS)]
    plane = context_plane(untrained(), "it", phrases, [text.upper() for text in TEXTS], TEXTS, "these")
    assert [(p.text, p.group, p.translation) for p in plane.phrases] == [
        (p.text, p.group, p.text.upper()) for p in phrases
    ]
    assert all(len(phrase.neighbours) == NEIGHBOURS for phrase in plane.phrases)
    assert plane.grouping is not None
    assert plane.grouping.groups == 2
