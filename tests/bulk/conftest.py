"""What tests of bulk jobs share."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import tandem
from tandem.bulk.engines.local import LocalEngine
from tandem.bulk.shard_worker import ShardWorker
from tests.support.runs import untrained


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of an untrained model."""
    where = tmp_path_factory.mktemp("model") / "mine"
    untrained("gru").save(where)
    return tandem.export(where).directory


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards are done in this process, so that a test is quick."""

    def run(self: LocalEngine, job: Path, numbers: Sequence[int], *, workers: int, threads: int):  # type: ignore[no-untyped-def]
        worker = ShardWorker(job, threads=threads)
        for number in reversed(numbers):
            yield worker.run(number)

    monkeypatch.setattr(LocalEngine, "run", run)
