"""The engines `daft` and `ray` have every shard done, whichever workers are lost: with stand-ins, and as they are."""

import os
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tandem.bulk import BulkRequest, run_bulk
from tandem.bulk.bulk_job import BulkJob, BulkOptions
from tandem.bulk.engines import bulk_engine, daft_engine, remote
from tandem.bulk.engines.remote import RemoteWorker, ShardsLeft
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import Ledger, ShardDone
from tandem.errors import TandemError
from tandem.names import BulkEngineName, Device
from tests.support.cluster_engines import StandInDaft, StandInRay
from tests.support.runs import number_pairs

NUMBERS = range(7)


class Worker:
    """Does shards without a model. Shard 99 cannot be done; one that is `unseen` leaves no record."""

    unseen: tuple[int, ...] = ()

    def __init__(self, job: Path, *, threads: int) -> None:
        assert threads == 3
        self.ledger = Ledger(BulkFolder(job))

    def run(self, number: int) -> ShardDone:
        if number == 99:
            raise TandemError("the input was changed")
        path = self.ledger.folder.shard(number, ".txt")
        path.write_text(f"{number}\n")
        done = self.ledger.measured(
            number, path.name, lines=1, faults=0, at_limit=0, seconds=0.1, cpu_seconds=0.1, ended=0.0
        )
        if number not in self.unseen:
            self.ledger.write(done)
        return done


class Processes:
    """Does shards like `Worker`, until it is stopped."""

    made: ClassVar[list["Processes"]] = []

    def __init__(self, job: Path, threads: int) -> None:
        self.worker = Worker(job, threads=threads)
        self.stopped = False
        self.made.append(self)

    def done(self, number: int) -> ShardDone:
        return self.worker.run(number)

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("tandem.bulk.shard_worker.ShardWorker", Worker)
    monkeypatch.setattr(daft_engine, "ShardProcesses", Processes)
    return described(tmp_path / "job", "cpu")


def described(path: Path, device: Device) -> Path:
    path.mkdir(exist_ok=True)
    options = BulkOptions("translate", {}, "plain", "", (), "", "record", device, "float32", "arithmetic")
    BulkJob((), (), options, 1, len(NUMBERS), "").write(BulkFolder(path))
    BulkFolder(path).make()
    return path


def done_by(name: BulkEngineName, module: Any, job: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setitem(sys.modules, name, module)
    with closing(bulk_engine(name).run(job, NUMBERS, workers=2, threads=3)) as results:
        return [done.number for done in results]


@pytest.mark.parametrize("losses", [[], [4], [0, 1, 2, 3, 4, 5, 6], [5, 5]])
def test_ray_has_every_shard_done_once_and_ends_its_actors(
    job: Path, losses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = StandInRay(losses)
    assert sorted(done_by("ray", ray, job, monkeypatch)) == list(NUMBERS)
    assert not ray.alive
    assert not ray.connected
    assert ray.most == 2  # one shard an actor: what waits, waits here
    assert ray.calls[0]["address"] == "local"
    assert ray.calls[0]["num_cpus"] == 6
    assert ray.calls[1] == {"num_cpus": 3, "num_gpus": 0}


def test_ray_waits_for_no_actor_that_the_cluster_has_no_room_for(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = StandInRay(room=1)
    assert sorted(done_by("ray", ray, job, monkeypatch)) == list(NUMBERS)
    assert ray.most == 1
    assert not ray.alive


def test_ray_gives_a_shard_up_after_three_actors(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = StandInRay([3, 3, 3])
    with pytest.raises(TandemError, match=r"shard 3 was tried 3 times.*\(last reason: The actor died unexpectedly\)"):
        done_by("ray", ray, job, monkeypatch)
    assert not ray.alive
    assert not ray.connected


def test_ray_without_room_or_without_workers_that_start_is_an_error(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TandemError, match=r"no worker could be started within 600 seconds.* 3 .*0\.5 are free"):
        done_by("ray", StandInRay(room=0), job, monkeypatch)
    with pytest.raises(TandemError, match=r"all nodes of the Ray cluster are lost"):
        done_by("ray", StandInRay(room=0, node=False), job, monkeypatch)
    with pytest.raises(TandemError, match=r"6 workers ended while they started .*the same versions of Python"):
        done_by("ray", StandInRay(starts=False), job, monkeypatch)


def test_ray_of_the_caller_stays_connected(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = StandInRay()
    ray.connected = True
    done_by("ray", ray, job, monkeypatch)
    assert ray.connected
    assert "address" not in ray.calls[0]


def test_ray_address_that_does_not_answer_is_an_error(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(TandemError, match=f"RAY_ADDRESS={address}: cannot connect to a Ray cluster at this address"):
        done_by("ray", StandInRay(), job, monkeypatch)


def test_a_model_on_a_gpu_asks_for_one(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray, daft = StandInRay(), StandInDaft(runner="ray")
    done_by("ray", ray, described(job, "cuda"), monkeypatch)
    BulkFolder(job).empty("ledger")
    done_by("daft", daft, described(job, "cuda"), monkeypatch)
    assert ray.calls[1] == {"num_cpus": 3, "num_gpus": 1}
    assert daft.options == {"max_concurrency": 2, "use_process": True, "gpus": 1}


@pytest.mark.parametrize("losses", [[], [0], [0, 0], [2, 6, 6]])
def test_daft_on_ray_has_every_shard_done(job: Path, losses: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    daft = StandInDaft(losses, runner="ray")
    assert sorted(done_by("daft", daft, job, monkeypatch)) == list(NUMBERS)
    assert len(daft.queries) <= len(losses) + 1
    assert daft.parts == [len(numbers) for numbers in daft.queries]  # one part is done by one actor
    assert daft.threads is None


def test_daft_on_this_machine_has_every_shard_done_by_the_processes_of_local(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "made", [])
    daft = StandInDaft()
    assert sorted(done_by("daft", daft, job, monkeypatch)) == list(NUMBERS)
    assert daft.threads == 2
    assert [each.stopped for each in Processes.made] == [True]


def test_the_processes_of_daft_end_with_its_query(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Processes, "made", [])
    monkeypatch.setitem(sys.modules, "daft", StandInDaft())
    with closing(bulk_engine("daft").run(job, NUMBERS, workers=2, threads=3)) as results:
        next(results)
        assert [each.stopped for each in Processes.made] == [False]
    assert [each.stopped for each in Processes.made] == [True]


def test_what_a_process_of_daft_meets_is_raised(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "daft", StandInDaft())
    with pytest.raises(TandemError, match=r"^the input was changed$"):
        list(bulk_engine("daft").run(job, [99], workers=2, threads=3))


def test_daft_is_given_up_after_three_queries_without_a_shard(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daft = StandInDaft([3] * 9, runner="ray")
    with pytest.raises(TandemError, match=r"ended 3 times before any shard was done .*left are 1 shards \(3\)"):
        done_by("daft", daft, job, monkeypatch)
    assert Ledger(BulkFolder(job)).record(6) is not None
    assert [query for query in daft.queries if query != [3]] == [[0, 1, 2, 3, 4, 5, 6], [5, 6, 3, 4], [4, 3]]


@pytest.mark.parametrize("name", ["daft", "ray"])
def test_an_engine_that_is_not_installed_is_an_error(
    name: BulkEngineName, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TandemError, match=rf'--engine {name} needs .*: pip install "tandem-seq2seq\[{name}\]"'):
        done_by(name, None, job, monkeypatch)


def test_what_a_worker_meets_is_raised_with_its_place(job: Path, tmp_path: Path) -> None:
    left = ShardsLeft(job, [99])
    with pytest.raises(TandemError, match=r"the input was changed \(shard 99, on .+\)"):
        left.done(RemoteWorker(str(job), 3).answer(99))
    with pytest.raises(TandemError, match=r"nothing: there is no job in this folder\. .*every node sees"):
        left.done(RemoteWorker(str(tmp_path / "nothing"), 3).answer(0))


def test_a_record_that_is_not_seen_here_is_an_error(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "unseen", (1,))
    monkeypatch.setattr(remote, "_VISIBLE_SECONDS", 0.0)
    with pytest.raises(TandemError, match=r"done shard 1, but nothing is seen here.*every node sees"):
        ShardsLeft(job, [1]).done(RemoteWorker(str(job), 3).answer(1))


@pytest.fixture
def quiet_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("quiet_ray")
@pytest.mark.parametrize("name", ["daft", "ray"])
def test_the_bytes_are_those_of_the_engine_local(name: BulkEngineName, model: Path, tmp_path: Path) -> None:
    pytest.importorskip(name, reason=f"the extra {name} is not installed")
    source = tmp_path / "in"
    source.write_text("\n".join(line for line, _ in number_pairs(40, seed=8)), encoding="utf-8", newline="\n")
    outputs = []
    for engine in ("local", name):
        run_bulk(
            BulkRequest(
                [model],
                [str(source)],
                tmp_path / engine,
                engine=engine,
                workers=2,
                shard_lines=4,
                search={"batch_size": 2, "beam": 2},
            )
        )
        outputs.append((tmp_path / engine / "output" / "in").read_bytes())
    assert outputs[0] == outputs[1] != b""
