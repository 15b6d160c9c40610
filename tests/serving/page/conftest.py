"""What the tests of the page share: a tab of a browser, and the servers that it looks at."""

from collections.abc import Iterator

import pytest

from benchmarks.browser import Page, opened_browser
from tests.serving.page.real import served, write_models
from tests.serving.page.stub import Stub, stubbed
from tests.serving.page.watched import Watched, watching


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab of a browser whose user reads English and wants no motion."""
    with opened_browser(tmp_path_factory.mktemp("profile")) as page:
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        page.call("Network.setUserAgentOverride", userAgent="test", acceptLanguage="en")
        yield page


@pytest.fixture
def server() -> Iterator[Stub]:
    """A stand-in for the server, with a toy for a model."""
    with stubbed() as stub:
        yield stub


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A stand-in for a server with two runs."""
    with watching() as state:
        yield state


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real server, with models that are small."""
    folder = tmp_path_factory.mktemp("models")
    write_models(folder)
    with served(folder) as address:
        yield address
