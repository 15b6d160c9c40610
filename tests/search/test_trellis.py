import torch

from tandem.search.trellis import ROOT, Trellis


def test_paths_are_read_from_the_root_to_their_ends() -> None:
    trellis = Trellis()
    root = torch.tensor([[ROOT, ROOT]])
    first = trellis.add(torch.tensor([[10, 11]]), torch.tensor([[-1.0, -2.0]]), root)
    second = trellis.add(torch.tensor([[12, 13]]), torch.tensor([[-3.0, -4.0]]), first[:, [1, 1]])
    ends = torch.stack([second[0, 1], first[0, 0], torch.tensor(ROOT), second[0, 0]])
    assert trellis.read(ends) == ([[11, 13], [10], [], [11, 12]], [[-2.0, -4.0], [-1.0], [], [-2.0, -3.0]])


def test_an_empty_trellis_has_only_empty_paths() -> None:
    assert Trellis().read(torch.tensor([ROOT, ROOT])) == ([[], []], [[], []])
