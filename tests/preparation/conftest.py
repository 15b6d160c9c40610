"""A corpus in shards, prepared without waiting."""

import os
from pathlib import Path

import pytest

from tandem.corpora.parallel_files import ShardedFiles
from tandem.preparation import sharded
from tests.preparation.sharded_corpora import PAIRS, write


@pytest.fixture
def in_shards(tmp_path: Path) -> ShardedFiles:
    return write(tmp_path / "corpus", PAIRS, [1, 30, 31, 90])[0]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, and without waiting for others or for the disk."""
    monkeypatch.setattr(sharded, "cores", lambda: 1)
    monkeypatch.setattr(sharded, "_POLL", 0.01)
    monkeypatch.setattr(os, "fsync", lambda _: None)
