import torch

from tandem.search.devices import score_dtype, should_look


def test_scores_are_summed_in_the_finest_type_that_the_device_has() -> None:
    assert score_dtype(torch.device("cpu")) == torch.float64
    assert score_dtype(torch.device("mps")) == torch.float32


def test_the_host_waits_for_another_device_only_now_and_then() -> None:
    assert all(should_look(torch.device("cpu"), time) for time in range(8))
    assert sum(should_look(torch.device("cuda"), time) for time in range(8)) == 2
