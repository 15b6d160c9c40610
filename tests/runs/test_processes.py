"""Runs that several processes train: stopped, killed, resumed by others, and joined by torchrun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest
import torch

from tandem import train
from tandem.build import build_model
from tandem.errors import ArgumentError, RecipeError
from tandem.model_files import sizes_of
from tandem.model_paths import read_current
from tandem.recording import Recorder
from tandem.runs.corpora import GivenPairs, prepare_corpora
from tandem.runs.launching import recipe_for
from tandem.runs.validation import Validator
from tandem.training import LoopProgress
from tandem.training.events import Event, Finished, StepDone
from tandem.training.group import Alone, PeerLost
from tests.support.runs import number_pairs, tiny_recipe

_SETTINGS = ("training.shards=4", "training.exact_sum=true", "training.save_steps=2", "training.batch_size=16")
PAIRS, HELD_BACK = number_pairs(90), number_pairs(30, seed=2)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def _train(out: Path, processes: int, *recorders: Recorder, resume: bool = False) -> list[str]:
    sentences: list[str] = []
    train(
        tiny_recipe(*_SETTINGS),
        out=out,
        pairs=PAIRS,
        validation_pairs=HELD_BACK,
        processes=processes,
        recorders=recorders,
        notify=sentences.append,
        resume=resume,
        device="cpu",
    )
    return sentences


class _AtStep:
    """Sends a signal to a process that trains, or to this one, after a step."""

    def __init__(self, step: int, number: int, *, to_worker: int | None) -> None:
        self.step, self.number, self.to_worker = step, number, to_worker
        self.reasons: list[str] = []

    def record(self, event: Event) -> None:
        if isinstance(event, Finished):
            self.reasons.append(event.reason)
        if isinstance(event, StepDone) and event.step == self.step:
            self.step = -1
            os.kill(os.getpid() if self.to_worker is None else _workers(os.getpid())[self.to_worker], self.number)

    def close(self) -> None:
        pass


def _workers(launcher: int) -> list[int]:
    """The processes that train, in the order of their ranks."""
    children = [
        int(child)
        for thread in Path(f"/proc/{launcher}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
    return sorted(c for c in children if b"tandem.runs.worker" in Path(f"/proc/{c}/cmdline").read_bytes())


def _weights(out: Path) -> list[bytes]:
    current = read_current(out)
    files = [f"{current.last}/model.safetensors", f"{current.resume}/optimizer.safetensors"]
    return [(out / file).read_bytes() for file in files]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that one process has trained, with one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("whole") / "run"
    _train(out, 1)
    torch.set_num_threads(threads)
    return out


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc for the processes")
def test_a_training_goes_on_without_a_process_that_was_killed(tmp_path: Path, whole: Path) -> None:
    sentences = _train(tmp_path / "run", 2, _AtStep(5, signal.SIGKILL, to_worker=1))
    assert "process 1 of 2 was killed by SIGKILL. The training goes on from its last save with 1 process" in sentences
    assert _weights(tmp_path / "run") == _weights(whole)


class _Lost(Alone):
    """A group in which another process has died when translations are shared."""

    def share(self, value: object) -> NoReturn:
        raise PeerLost("another process does not answer")


def test_a_process_that_dies_during_a_validation_is_not_taken_for_a_model_that_diverges() -> None:
    recipe = tiny_recipe(*_SETTINGS)
    corpus = prepare_corpora(recipe, GivenPairs(PAIRS, HELD_BACK))
    model = build_model(recipe, *sizes_of(corpus.source_tokenizer, corpus.target_tokenizer))
    validator = Validator(recipe, corpus, torch.device("cpu"), lambda _: None, _Lost())
    with pytest.raises(PeerLost):
        validator.validate(model, torch.float32, LoopProgress())
    with pytest.raises(PeerLost):
        validator.calibrate(model, torch.float32, LoopProgress())


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc for the processes")
def test_nothing_is_left_of_a_training_whose_launching_process_was_killed(tmp_path: Path, whole: Path) -> None:
    out, temporary = tmp_path / "run", tmp_path / "temporary"
    temporary.mkdir()
    code = f"from pathlib import Path; from {__name__} import _train; _train(Path({str(out)!r}), 2)"
    paths = os.pathsep.join(path for path in sys.path if path)
    places = {"PYTHONPATH": paths, "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | places) as launcher:
        while not (out / "current.json").exists() and launcher.poll() is None:
            time.sleep(0.01)
        workers = _workers(launcher.pid)
        launcher.kill()
    assert len(workers) == 2
    while any(Path(f"/proc/{worker}/cmdline").exists() for worker in workers):
        time.sleep(0.01)
    assert list(temporary.glob("tandem-*")) == []
    _train(out, 3, resume=True)
    assert _weights(out) == _weights(whole)


def test_a_signal_stops_all_processes_and_others_go_on(tmp_path: Path, whole: Path) -> None:
    at_step = _AtStep(3, signal.SIGTERM, to_worker=None)
    with pytest.raises(KeyboardInterrupt, match="stopped by SIGTERM"):
        _train(tmp_path / "run", 2, at_step)
    assert not (tmp_path / "run" / "run.lock").exists()
    _train(tmp_path / "run", 3, resume=True)
    assert _weights(tmp_path / "run") == _weights(whole)


def test_torchrun_starts_the_processes(tmp_path: Path) -> None:
    for name, column in (("a", 0), ("b", 1)):
        (tmp_path / name).write_text("".join(f"{pair[column]}\n" for pair in PAIRS), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = ["-m", "tandem", "train", "a", "b", "--out", "run", "--device", "cpu"]
    small = {"model.hidden": 8, "model.embedding": 6, "training.epochs": 1, "training.passes": 1}
    settings = [word for name, value in small.items() for word in ("--set", f"{name}={value}")]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [*command, *words, *settings],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "training.shards: 1 -> 8" in done.stdout + done.stderr
    assert done.stdout.count("tandem translate run --help") == 1
    assert (tmp_path / "run" / "report.html").exists()


def test_more_processes_than_shards_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"training\.shards is 4, but 5 processes were asked for"):
        recipe_for(tiny_recipe(*_SETTINGS), 5, lambda _: None)


def test_a_recipe_without_shards_gets_some() -> None:
    sentences: list[str] = []
    assert recipe_for(tiny_recipe(), 2, sentences.append).training.shards == 8
    assert recipe_for(tiny_recipe(), 12, sentences.append).training.shards == 12
    assert recipe_for(tiny_recipe(), 1, sentences.append) == tiny_recipe()
    assert sentences[0].startswith("training.shards: 1 -> 8, so that processes can share each batch")


def test_an_exact_sum_needs_shards() -> None:
    with pytest.raises(RecipeError, match="exact_sum adds the gradients of shards, but shards is 1"):
        tiny_recipe("training.exact_sum=true")


@pytest.mark.parametrize("processes", [0, 1.5, "2"])
def test_the_number_of_processes_is_checked(tmp_path: Path, processes: int) -> None:
    with pytest.raises(ArgumentError, match=r"processes is .*, but must be a whole number, at least 1"):
        _train(tmp_path / "run", processes)
