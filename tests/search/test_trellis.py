import numpy as np

from tandem.search.trellis import ROOT, Trellis


def test_paths_are_read_from_the_root_to_their_ends() -> None:
    trellis = Trellis()
    root = np.array([[ROOT, ROOT]])
    first = trellis.add(np.array([[10, 11]]), np.array([[-1.0, -2.0]]), root)
    second = trellis.add(np.array([[12, 13]]), np.array([[-3.0, -4.0]]), first[:, [1, 1]])
    ends = np.array([second[0, 1], first[0, 0], ROOT, second[0, 0]])
    assert trellis.read(ends) == ([[11, 13], [10], [], [11, 12]], [[-2.0, -4.0], [-1.0], [], [-2.0, -3.0]])


def test_an_empty_trellis_has_only_empty_paths() -> None:
    assert Trellis().read(np.array([ROOT, ROOT])) == ([[], []], [[], []])
