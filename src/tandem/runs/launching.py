"""A training by several processes of this machine: they are started, followed, and replaced by fewer when one dies."""

import json
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from torch.distributed import TCPStore  # type: ignore[attr-defined]

from tandem.errors import RecipeError, TrainingError
from tandem.model_paths import is_model
from tandem.processes import Started, cores, start_worker
from tandem.recipe import Recipe, dump_recipe
from tandem.recording import Recorder
from tandem.runs.corpora import GivenPairs
from tandem.runs.relaying import Relayed
from tandem.runs.stopping import Stopping
from tandem.runs.worker import LOST, Job, write_given
from tandem.terminal import Notify, OnProgress

SHARDS = 8
"""The shards that a run gets when several processes train it and its recipe cuts batches into none."""
ALLOCATION = {"MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_MMAP_THRESHOLD_": str(2**33)}
"""Variables by which glibc keeps freed memory: else it is given back at each step, and cleared anew for the next."""
_LOOK = 0.05  # seconds between two looks at the processes
_GRACE = 5.0  # seconds that the other processes get to notice that one has died, before they are killed
_LAST = 500  # the characters of a log that a message quotes at most


def recipe_for(recipe: Recipe, processes: int, notify: Notify) -> Recipe:
    """Return the recipe with batches cut into shards, where several processes train it. RecipeError for too many."""
    shards = recipe.training.shards
    if processes > 1 and shards == 1:
        shards = max(SHARDS, processes)
        notify(
            f"training.shards: 1 -> {shards}, so that processes can share each batch; any number of processes up to "
            f"{shards} draws the same random numbers"
        )
        training = recipe.training.model_copy(update={"shards": shards})
        return recipe.model_copy(update={"training": training})
    if processes > shards:
        raise RecipeError(
            f"training.shards is {shards}, but {processes} processes were asked for, each of which takes a shard of "
            "each batch: ask for fewer, or set training.shards to more"
        )
    return recipe


@dataclass(frozen=True)
class _Death:
    """A process that has ended without saying why."""

    rank: int
    code: int
    log: Path

    def sentence(self, processes: int) -> str:
        """Say which process died, and of what."""
        if self.code < 0:
            with suppress(ValueError):
                name = signal.Signals(-self.code).name
                return f"process {self.rank} of {processes} was killed by {name}"
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = f": {lines[-1][-_LAST:]}" if lines else ""
        return f"process {self.rank} of {processes} has ended with exit code {self.code}{last} (all of it: {self.log})"


def train_together(
    recipe: Recipe,
    job: Job,
    processes: int,
    *,
    given: GivenPairs | None,
    stopping: Stopping,
    recorders: Sequence[Recorder],
    on_progress: OnProgress,
    notify: Notify,
) -> None:
    """Train by so many processes of this machine, and by one fewer each time that one of them dies.

    Raise the error that a process has reported, and TrainingError where the last one has died. After a signal that
    `stopping` has received the processes stop and are saved; the caller checks it.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tandem-processes-"))
        removal = stack.enter_context(ExitStack())
        removal.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "recipe.toml").write_text(dump_recipe(recipe), encoding="utf-8", newline="\n")
        write_given(given, folder)
        while True:
            (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8", newline="\n")
            relayed = Relayed(recorders, on_progress, notify)
            death = _Round(folder, processes, relayed, stopping).run()
            if death is None or stopping.asked:
                return
            if death.code >= 0:
                removal.pop_all()  # the message names the log
            what, processes = death.sentence(processes), processes - 1
            if not processes:
                raise TrainingError(f"{what}. Go on with --resume, if it has saved anything, or start anew")
            saved = is_model(Path(job.out))
            notify(
                f"{what}. The training goes on {'from its last save' if saved else 'from its beginning'} with "
                f"{processes} process{'es' * (processes > 1)}"
            )
            job = replace(job, resume=saved, reasons=[] if saved else job.reasons)


class _Round:
    """The processes from their start until all have ended."""

    def __init__(self, folder: Path, processes: int, relayed: Relayed, stopping: Stopping) -> None:
        self._folder = folder
        self._processes = processes
        self._relayed = relayed
        self._stopping = stopping
        self._lines: SimpleQueue[tuple[int, bytes]] = SimpleQueue()

    def run(self) -> _Death | None:
        """Follow the processes to their end; return the one that has died, if one has. Raise an error of theirs."""
        store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        started: list[Started] = []
        readers: list[threading.Thread] = []
        try:
            for rank in range(self._processes):
                started.append(self._start(rank, store.port))
                readers.append(threading.Thread(target=self._read, args=(rank, started[-1].stdout), daemon=True))
                readers[-1].start()
            self._follow(started)
        finally:
            for process in started:
                process.kill()
                process.wait()
            for reader in readers:
                reader.join()
            for process in started:
                for stream in (process.stdin, process.stdout):
                    stream.close()  # type: ignore[union-attr]
        self._hand_on()
        for error in self._relayed.ended.values():
            if error is not None:
                raise error
        return self._first_death(started)

    def _start(self, rank: int, port: int) -> Started:
        """Start a process with the environment that torchrun gives; the store that they meet at is ours."""
        own = {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "GROUP_RANK": 0,
            "WORLD_SIZE": self._processes,
            "LOCAL_WORLD_SIZE": self._processes,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
            "TORCHELASTIC_RUN_ID": "tandem",
            "TORCHELASTIC_RESTART_COUNT": 0,
            "TORCHELASTIC_USE_AGENT_STORE": True,
        }
        usual: dict[str, object] = {"OMP_NUM_THREADS": max(1, cores() // self._processes), **ALLOCATION}
        if sys.platform == "linux":
            usual["GLOO_SOCKET_IFNAME"] = "lo"  # else gloo needs a host name that can be resolved
        return start_worker(
            "tandem.runs.worker",
            [str(self._folder)],
            lambda environment: {key: str(value) for key, value in (usual | environment | own).items()},
            _log(self._folder, rank),
        )

    def _read(self, rank: int, stream: IO[bytes]) -> None:
        for line in stream:
            self._lines.put((rank, line))

    def _hand_on(self, wait: float = 0.0) -> None:
        """Hand on what the processes have told, and wait for the first line."""
        with suppress(Empty):
            self._relayed.take(*(self._lines.get(timeout=wait) if wait else self._lines.get_nowait()))
            while True:
                self._relayed.take(*self._lines.get_nowait())

    def _follow(self, started: Sequence[Started]) -> None:
        """Hand on what the processes tell until they have ended, or one has died and the others had time to notice."""
        told, left = False, _GRACE
        while any(process.poll() is None for process in started):
            self._hand_on(_LOOK)
            if self._stopping.asked and not told:
                for process in started:
                    process.send_signal(signal.SIGTERM)
                told = True
            if any(process.poll() not in (None, 0) for process in started):
                left -= _LOOK
                if left <= 0:
                    return

    def _first_death(self, started: Sequence[Started]) -> _Death | None:
        """Return the process that has died; what the others say is only that they have lost it."""
        dead = [
            _Death(rank, process.returncode, _log(self._folder, rank))
            for rank, process in enumerate(started)
            if process.returncode != 0 or rank not in self._relayed.ended
        ]
        return min(dead, key=lambda death: (death.code == LOST, death.code >= 0, death.rank), default=None)


def _log(folder: Path, rank: int) -> Path:
    return folder / f"process-{rank}.log"
