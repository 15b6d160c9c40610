"""A run that was stopped goes on as if it had never been, and what cannot go on says so."""

from pathlib import Path

import pytest

from tandem.checkpoint import read_current
from tandem.errors import CheckpointError, RecipeError
from tandem.recording import read_metrics
from tandem.run.train import resumed_recipe
from tandem.training.events import Event, Finished, Started, StepDone, Validated
from tests.support.runs import Remember, copied, run_tiny

LONG = ("training.epochs=4", "training.teacher_forcing.start=0.7", "training.learning_rate.schedule=linear")


class StopAt:
    """What a person does with Ctrl-C after so many steps."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.heard: list[Event] = []

    def record(self, event: Event) -> None:
        self.heard.append(event)
        if isinstance(event, StepDone) and event.step == self.step:
            raise KeyboardInterrupt

    def close(self) -> None:
        self.heard.append(Finished("closed", 0, 0.0))


def stopped(out: Path, step: int, *settings: str) -> StopAt:
    stop = StopAt(step)
    with pytest.raises(KeyboardInterrupt):
        run_tiny(out, *settings, recorders=[stop])
    return stop


def weights(run: Path, which: str) -> bytes:
    current = read_current(run)
    place = current.best if which == "best" else current.last
    return (run / place / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("model.cell=gru", "training.optimizer.name=sgd", "training.optimizer.momentum=0.9", "training.keep=bleu"),
        ("training.optimizer.name=adamw", "training.learning_rate.schedule=plateau", "training.accumulate=2"),
    ],
    ids=["adam", "sgd", "adamw"],
)
def test_a_resumed_run_ends_with_the_same_bytes_as_one_that_never_stopped(
    settings: tuple[str, ...], tmp_path: Path
) -> None:
    settings = (*LONG, *settings)
    run_tiny(tmp_path / "whole", *settings)
    stopped(tmp_path / "stopped", 8, *settings)
    run_tiny(tmp_path / "stopped", *settings, resume=True)
    for which in ("best", "last"):
        assert weights(tmp_path / "stopped", which) == weights(tmp_path / "whole", which)
    assert read_current(tmp_path / "stopped") == read_current(tmp_path / "whole")
    rows, whole = (
        [
            {key: row[key] for key in ("event", "step", "loss", "validation_loss", "scores", "best") if key in row}
            for row in read_metrics(tmp_path / name / "metrics.jsonl")
            if row["event"] in {"step", "validated"}
        ]
        for name in ("stopped", "whole")
    )
    assert rows == whole


def test_an_interruption_is_told_and_everything_is_closed(tmp_path: Path) -> None:
    stop = stopped(tmp_path, 8)
    last, closed = stop.heard[-2:]
    assert isinstance(last, Finished)
    assert last.reason == "interrupted"
    assert closed == Finished("closed", 0, 0.0)
    assert read_metrics(tmp_path / "metrics.jsonl")[-1]["reason"] == "interrupted"
    assert not (tmp_path / "encoded").exists()
    assert read_current(tmp_path).last == "checkpoints/epoch-001"
    assert "the run was interrupted" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_finished_run_can_be_given_more_epochs(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    heard = Remember()
    result = run_tiny(run, "training.epochs=3", resume=True, recorders=[heard])
    assert [event.epoch for event in heard.events if isinstance(event, Validated)] == [3]
    assert isinstance(heard.events[0], Started)
    assert heard.events[0].first_step == 10
    assert result.translator.recipe.training.epochs in {2, 3}
    assert resumed_recipe(run, []).training.epochs == 3
    assert read_current(run).last == "checkpoints/epoch-003"


def test_a_finished_run_that_is_resumed_changes_nothing(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    before = read_current(run), weights(run, "best")
    heard = Remember()
    run_tiny(run, resume=True, recorders=[heard])
    assert [type(event) for event in heard.events] == [Started, Finished]
    assert (read_current(run), weights(run, "best")) == before


def test_a_run_that_was_killed_while_saving_goes_on(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    for leftover in ("checkpoints/.epoch-003.partial", "checkpoints/epoch-003", "resume/epoch-003", "encoded"):
        (run / leftover).mkdir()
        (run / leftover / "half").write_text("written", encoding="utf-8")
    (run / "current.json.partial").write_text("{", encoding="utf-8")
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "step", "st')
    run_tiny(run, "training.epochs=4", resume=True)
    assert read_current(run).last == "checkpoints/epoch-004"
    assert not list(run.rglob("half"))


def test_resuming_what_is_no_run_says_so(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CheckpointError, match=r"current\.json: missing: .* holds no run, or one .*: start anew"):
            resumed_recipe(place, [])


def test_resuming_a_run_that_never_validated_says_so(tmp_path: Path) -> None:
    stopped(tmp_path / "run", 2)
    with pytest.raises(CheckpointError, match="stopped before the end of its first epoch"):
        run_tiny(tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "setting",
    [
        "model.hidden=9",
        "model.cell=gru",
        "model.tie_output=true",
        "text.source.tokenizer=bpe",
        "text.reverse_source=true",
        "training.optimizer.name=sgd",
        "training.keep=bleu",
    ],
)
def test_another_model_cannot_go_on_with_the_run(setting: str, shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    before = (run / "recipe.toml").read_bytes()
    name = setting.split("=")[0]
    name = "text.source" if name.startswith("text.source.") else name
    with pytest.raises(RecipeError, match=f"a run that goes on keeps its {name}"):
        run_tiny(run, setting, resume=True)
    assert (run / "recipe.toml").read_bytes() == before


@pytest.mark.parametrize("name", ["optimizer.safetensors", "progress.json"])
def test_a_damaged_resume_state_is_named_and_translating_still_works(name: str, shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    path = run / read_current(run).resume / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"{name}: damaged"):
        run_tiny(run, resume=True)
