"""What every test may rely on: one thread, a fixed seed, and no hurry."""

import pytest
import torch
from hypothesis import settings

# The gate must say the same today and tomorrow, on a busy machine too.
settings.register_profile("tandem", deadline=None, derandomize=True, database=None)
settings.load_profile("tandem")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    torch.manual_seed(1)
