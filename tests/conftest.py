"""What every test may rely on: one thread, a fixed seed, and no hurry."""

import signal
from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

# The gate must say the same today and tomorrow, on a busy machine too.
settings.register_profile("tandem", deadline=None, derandomize=True, database=None)
settings.load_profile("tandem")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c() -> None:
    """Shells have what they start in the background ignore Ctrl-C; what it does is tested there, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def cache_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prepared corpora are not put into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TANDEM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    torch.manual_seed(1)
