"""Whatever happens to a run's directory: foreign files and links stay as they are, and what was saved can be loaded."""

import shutil
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import tandem
from tandem.checkpoint import load_checkpoint
from tandem.errors import TandemError
from tandem.model_paths import read_current
from tandem.runs.corpora import GivenPairs
from tandem.runs.lock import locked
from tandem.runs.session import Run
from tandem.runs.stopping import Stopping
from tandem.training.events import Event, StepDone
from tests.support.runs import copied, number_pairs, tiny_recipe

GIVEN = GivenPairs(number_pairs(16), number_pairs(4, seed=2))
FOREIGN = (
    "notes.txt",
    "checkpoints/.DS_Store",
    "checkpoints/copy/model.safetensors",
    "checkpoints/epoch-001/notes.txt",
    "resume/step-1/progress.json",
    "tensorboard/notes.txt",
)
LINKS = (
    "latest",
    "checkpoints/best",
    "checkpoints/epoch-003",
    "checkpoints/.epoch-002.partial",
    "recipe.toml.partial",
    "current.json.partial",
    "resume/.step-00000003.partial",
)


class Killed(BaseException):
    """The end of a process, as far as one process can play it."""


class EndAt:
    """Ends the training at a step: as a kill would, or as Ctrl-C does."""

    def __init__(self, step: int, *, killed: bool) -> None:
        self.step, self.killed = step, killed

    def record(self, event: Event) -> None:
        if isinstance(event, StepDone) and event.step == self.step:
            if self.killed:
                raise Killed
            signal.raise_signal(signal.SIGINT)

    def close(self) -> None:
        pass


def train(out: Path, epochs: int, end: EndAt | None = None, *, resume: bool = True) -> None:
    """Train, without the report; what Tandem refuses with a sentence is no matter here."""
    recipe = tiny_recipe(f"training.epochs={epochs}", "training.save_steps=1")
    with suppress(TandemError, KeyboardInterrupt, Killed), Stopping(lambda _: None) as stopping, locked(out):
        run = Run(recipe, out, device="cpu", resume=resume, given=GIVEN, recorders=[end] if end else [])
        with stopping.patient():
            run.go(stopping)


def contents(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


class RunDirectory(RuleBasedStateMachine):
    """Trainings, stops, kills, readers, foreign files and links, in any order."""

    def __init__(self, first: Path, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.run = copied(first, folder / "run")
        self.victim = self.folder / "victim"
        copied(self.run / "checkpoints" / "epoch-001", self.victim / "epoch-001")
        (self.victim / "model.safetensors").write_text("work", encoding="utf-8")
        self.before = contents(self.victim)
        self.foreign: dict[Path, str] = {}
        self.links: list[Path] = []
        self.epochs = 1
        self.averages = 0

    @rule(more=st.integers(0, 1))
    def go_on(self, more: int) -> None:
        self.epochs += more
        train(self.run, self.epochs)

    @rule(steps=st.integers(1, 2), killed=st.booleans())
    def end(self, steps: int, killed: bool) -> None:
        self.epochs += 1
        done = int(read_current(self.run).resume.split("-")[1])
        train(self.run, self.epochs, EndAt(done + steps, killed=killed))

    @rule(name=st.sampled_from(["checkpoints/epoch-002", "checkpoints/.epoch-003.partial", "resume/step-00000099"]))
    def leave_what_a_killed_saving_leaves(self, name: str) -> None:
        if not (self.run / name).exists() and not (self.run / name).is_symlink():
            (self.run / name).mkdir(parents=True)
            (self.run / name / "model.safetensors").write_text("half", encoding="utf-8")

    @rule()
    def translate(self) -> None:
        assert tandem.load(self.run, device="cpu").translate(["eins zwei"])

    @rule()
    def average(self) -> None:
        self.averages += 1
        best = self.run / str(read_current(self.run).best)
        tandem.average([self.run, best], out=self.folder / f"mean-{self.averages}", device="cpu")

    @rule(name=st.sampled_from(FOREIGN))
    def put_a_foreign_file(self, name: str) -> None:
        path = self.run / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"work {len(self.foreign)}", encoding="utf-8")
        self.foreign[path] = path.read_text(encoding="utf-8")

    @precondition(lambda self: not self.links)
    @rule(name=st.sampled_from(LINKS))
    def plant_a_link(self, name: str) -> None:
        link = self.run / name
        if not link.exists() and link not in self.links:
            link.symlink_to(self.victim)
            self.links.append(link)

    @precondition(lambda self: self.links)
    @rule()
    def take_a_link_away(self) -> None:
        self.links.pop().unlink()

    @invariant()
    def foreign_files_and_links_are_as_they_were(self) -> None:
        assert contents(self.victim) == self.before
        assert {path: path.read_text(encoding="utf-8") for path in self.foreign} == self.foreign
        assert [link for link in self.links if not link.is_symlink()] == []

    @invariant()
    def what_was_saved_can_be_loaded(self) -> None:
        current = read_current(self.run)
        for name in (current.best, current.last, current.resume):
            load_checkpoint(self.run / str(name))

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


def test_any_sequence_loses_nothing(tmp_path: Path) -> None:
    train(tmp_path / "first", 1, resume=False)
    numbers = count()

    class Here(RunDirectory):
        """Each time in a folder of its own."""

        def __init__(self) -> None:
            super().__init__(tmp_path / "first", tmp_path / str(next(numbers)))

    run_state_machine_as_test(Here, settings=settings(max_examples=6, stateful_step_count=10))
