"""A model is replaced while it is used, and nobody notices but by the translations."""

import asyncio
import os
from pathlib import Path

import pytest

from tandem import load
from tandem.errors import CheckpointError
from tandem.serving.models import Loading, Models
from tandem.serving.refusals import Refusal
from tandem.serving.sources import Source
from tests.serving.desk import Alone
from tests.support.runs import copied, saved, untrained


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return saved(untrained("gru"), tmp_path / "model")


def models_of(checkpoint: Path) -> tuple[Models, list[Alone], list[str]]:
    made: list[Alone] = []
    messages: list[str] = []

    def make_translating(_: str, translator: object) -> Alone:
        made.append(Alone(translator))  # type: ignore[arg-type]
        return made[-1]

    loading = Loading(lambda paths: load(paths, device="cpu"), make_translating)
    return Models([Source("mine", (checkpoint,))], loading, messages.append), made, messages


def test_a_model_that_is_used_ends_after_its_last_use(checkpoint: Path) -> None:
    async def scene() -> None:
        models, made, messages = models_of(checkpoint)
        old = models.find("mine")
        with old.in_use():
            await models.reload()
            assert models.find(None) is not old
            await asyncio.sleep(0.01)
            ended = [each.closed for each in made]
        await asyncio.sleep(0.01)
        assert (ended, [each.closed for each in made]) == ([False, False], [True, False])
        assert messages == ["mine: reloaded"]
        await models.close()
        assert made[1].closed

    asyncio.run(scene())


def test_only_what_has_changed_is_loaded_anew(checkpoint: Path, tmp_path: Path) -> None:
    async def scene() -> None:
        models, made, _ = models_of(checkpoint)
        await models.reload(changed=True)
        assert len(made) == 1
        other = saved(untrained("lstm"), tmp_path / "other")
        checkpoint.rename(tmp_path / "away")
        await models.reload(changed=True)  # nothing is there for a moment
        assert len(made) == 1
        copied(other, checkpoint)
        os.utime(checkpoint / "format.json", ns=(1, 1))
        await models.reload(changed=True)
        assert models.find("mine").translator.recipe.model.cell == "lstm"
        await models.reload(changed=True)
        assert len(made) == 2

    asyncio.run(scene())


def test_a_model_that_cannot_be_loaded_anew_stays(checkpoint: Path) -> None:
    async def scene() -> None:
        models, _, messages = models_of(checkpoint)
        old = models.find("mine")
        (checkpoint / "model.safetensors").write_bytes(b"")
        await models.reload()
        assert models.find("mine") is old
        assert messages[0].startswith("mine: the old model is kept, since the new one cannot be loaded: ")

    asyncio.run(scene())


def test_models_that_come_later_are_loaded_once_they_are_there(checkpoint: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    messages: list[str] = []

    async def scene() -> None:
        loading = Loading(lambda paths: load(paths, device="cpu"), lambda _, translator: Alone(translator))
        sources = [Source("first", (first,)), Source("mine", (checkpoint,))]
        models = Models(sources, loading, messages.append, later=True)
        with pytest.raises(Refusal, match="model: no model is loaded yet: a run has one after its first validation"):
            models.find(None)
        await models.reload(changed=True)
        assert list(models.served) == ["mine"]
        copied(checkpoint, first)
        await models.reload(changed=True)
        assert list(models.served) == ["first", "mine"]  # as they were named
        assert models.find(None).name == "first"
        await models.close()

    asyncio.run(scene())
    assert messages == ["mine: loaded", "first: loaded"]


def test_one_that_cannot_be_loaded_is_told_once_until_it_changes(checkpoint: Path) -> None:
    weights = (checkpoint / "model.safetensors").read_bytes()
    messages: list[str] = []

    async def scene() -> None:
        loading = Loading(lambda paths: load(paths, device="cpu"), lambda _, translator: Alone(translator))
        models = Models([Source("mine", (checkpoint,))], loading, messages.append, later=True)
        (checkpoint / "model.safetensors").write_bytes(b"")
        for _ in range(3):
            await models.reload(changed=True)
        assert models.served == {}
        (checkpoint / "model.safetensors").write_bytes(weights)
        os.utime(checkpoint / "format.json", ns=(1, 1))
        await models.reload(changed=True)
        assert list(models.served) == ["mine"]
        await models.close()

    asyncio.run(scene())
    assert [message.partition(": /")[0] for message in messages] == ["mine: cannot be loaded", "mine: loaded"]


def test_a_model_that_is_not_there_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no such run, checkpoint or export"):
        models_of(tmp_path / "nothing")
