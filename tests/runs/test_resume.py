"""A run that was stopped goes on as if it had never been, and what cannot go on says so."""

import json
import pickletools
import shutil
from functools import cache
from pathlib import Path

import pytest
import torch

from tandem.checkpoint import load_checkpoint
from tandem.errors import CheckpointError, CorpusError, RecipeError
from tandem.model_paths import read_current
from tandem.recording import read_metrics
from tandem.runs.corpora import GivenPairs, prepare_corpora
from tandem.runs.likelihoods import measure_likelihood
from tandem.runs.recipe_choice import read_run_recipe
from tandem.training.events import Event, Finished, Started, StepDone, Validated
from tandem.translation import load
from tests.support.runs import (
    Pairs,
    Remember,
    StopAfter,
    assert_same_run,
    copied,
    number_pairs,
    run_tiny,
    stopped,
    tiny_recipe,
)

# Five steps an epoch, or three where two batches make one.
LONG = ("training.epochs=3", "training.teacher_forcing.start=0.7", "training.learning_rate.schedule=linear")
KINDS = {
    "adam": LONG,
    "sgd": (
        *LONG,
        "model.cell=gru",
        "training.optimizer.name=sgd",
        "training.optimizer.momentum=0.9",
        "training.keep=bleu",
        "training.keep_last=2",
        "training.teacher_forcing.by_token=true",
        "training.average_decay=0.9",
        "model.tie_output=true",
    ),
    "adamw": (
        *LONG,
        "training.optimizer.name=adamw",
        "training.learning_rate.schedule=plateau",
        "training.learning_rate.patience=1",
        "training.accumulate=2",
        "model.output_dropout=0.3",
        "model.word_dropout=0.1",
        "model.attention=luong",
        "text.source={tokenizer='bpe', max_size=40, bpe_dropout=0.3}",
        "text.target={tokenizer='bpe', max_size=40, bpe_dropout=0.2}",
        "text.reverse_source=true",
        "training.r_drop=2.0",
        "model.bidirectional=true",
    ),
    "paper": (
        "model.attention=luong",
        "model.copy=true",
        "text.source.min_count=50",
        "text.target.min_count=50",
        "training.epochs=1.5",
        "training.gradient_per=sentence",
        "training.optimizer={name='sgd', learning_rate=0.7}",
        "training.learning_rate={schedule='halving', halve_after=0.4, halve_every=0.2}",
        "training.save_steps=1",
    ),
}


@cache
def whole(kind: str, base: Path) -> Path:
    """A run that was never stopped."""
    run_tiny(base / f"whole-{kind}", *KINDS[kind])
    return base / f"whole-{kind}"


@pytest.mark.parametrize(
    ("kind", "steps"),
    [("adam", (1, 5)), ("adam", (2, 3, 6, 10, 14)), ("sgd", (4, 8)), ("adamw", (3, 5)), ("paper", (5, 7))],
)
def test_a_run_stopped_anywhere_ends_like_one_that_never_stopped(
    kind: str, steps: tuple[int, ...], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = tmp_path / "run"
    for count, step in enumerate(steps):
        stopped(run, step, *KINDS[kind], resume=count > 0)
        assert read_metrics(run / "metrics.jsonl")[-1]["reason"] == "interrupted"
    run_tiny(run, *KINDS[kind], resume=True)
    assert_same_run(run, whole(kind, tmp_path_factory.getbasetemp()))


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (("training.save_steps=2",), {2: 2, 4: 4, 5: 4, 6: 6, 8: 8}),
        (("training.save_minutes=1e-9",), {step: step for step in range(1, 11)}),
        ((), {5: None, 6: 5, 10: 5}),
    ],
)
def test_a_power_cut_loses_no_more_than_was_asked_for(
    settings: tuple[str, ...],
    kept: dict[int, int | None],
    tmp_path: Path,
) -> None:
    seen: dict[int, int | None] = {}

    class Look:
        """At what is there when a step is told of: whoever pulls the plug then finds this."""

        def record(self, event: Event) -> None:
            if isinstance(event, StepDone):
                there = (tmp_path / "current.json").exists()
                state = read_current(tmp_path).resume if there else None
                seen[event.step] = int(state.split("-")[1]) if state else None
                assert not state or [path.name for path in (tmp_path / "resume").iterdir()] == [Path(state).name]

        def close(self) -> None:
            pass

    run_tiny(tmp_path, *settings, recorders=[Look()])
    assert {step: seen[step] for step in kept} == kept


def test_a_resume_state_is_a_whole_checkpoint_and_nothing_is_pickled(tmp_path: Path) -> None:
    stopped(tmp_path, 3, *LONG)
    current = read_current(tmp_path)
    assert (current.best, current.last, current.resume) == (None, None, "resume/step-00000003")
    state = tmp_path / current.resume
    assert load(state, device="cpu").translate(["eins zwei"])[0].tokens
    names = {"optimizer.safetensors", "random.safetensors", "progress.json", "provenance.json"}
    model = {"model.safetensors", "recipe.toml", "source.tokenizer.json", "target.tokenizer.json", "format.json"}
    assert {path.name for path in state.iterdir()} == names | model
    for name in names:
        with pytest.raises(ValueError, match=r"opcode|exhausted|invalid|could not|arg"):
            list(pickletools.genops((state / name).read_bytes()))
    progress = json.loads((state / "progress.json").read_text(encoding="utf-8"))
    assert (progress["epoch"], progress["step"], progress["batches"]) == (0, 3, 3)
    assert [step["step"] for step in progress["held"]] == [1, 2, 3]


def test_what_a_cut_off_run_left_is_not_among_the_last_that_are_kept(tmp_path: Path) -> None:
    run_tiny(tmp_path, "training.epochs=2", "training.keep_last=3")
    for left in ("epoch-003", ".epoch-003.partial"):
        (tmp_path / "checkpoints" / left).mkdir()
        (tmp_path / "checkpoints" / left / "model.safetensors").write_bytes(b"half")
    run_tiny(tmp_path, "training.epochs=4", "training.keep_last=3", resume=True)
    kept = sorted((tmp_path / "checkpoints").iterdir())
    assert [path.name for path in kept if path.name > "epoch-001"] == ["epoch-002", "epoch-003", "epoch-004"]
    assert all(load_checkpoint(path) for path in kept)


def test_a_run_without_a_best_checkpoint_says_what_to_name(tmp_path: Path) -> None:
    stopped(tmp_path, 1)
    with pytest.raises(CheckpointError, match=r"no best checkpoint yet.*--resume --out .*newest state: .*step-0+1$"):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_an_interruption_is_told_and_everything_is_closed(tmp_path: Path) -> None:
    stop = stopped(tmp_path, 8)
    last = stop.heard[-1]
    assert isinstance(last, Finished)
    assert last.reason == "interrupted"
    assert stop.closed
    assert read_metrics(tmp_path / "metrics.jsonl")[-1]["reason"] == "interrupted"
    assert read_current(tmp_path).last == "checkpoints/epoch-001"
    assert read_current(tmp_path).resume == "resume/step-00000008"
    assert "the run was interrupted" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_session_begins_where_the_last_one_ended_and_tells_nothing_twice(tmp_path: Path) -> None:
    stopped(tmp_path, 7)
    heard = Remember()
    run_tiny(tmp_path, resume=True, recorders=[heard])
    started = heard.events[0]
    assert isinstance(started, Started)
    assert (started.first_step, started.first_epoch) == (7, 1)
    assert [event.step for event in heard.events if isinstance(event, StepDone)] == [8, 9, 10]


def test_a_run_that_ended_with_a_part_of_an_epoch_is_given_no_more(tmp_path: Path) -> None:
    run_tiny(tmp_path, "training.epochs=1.4")
    assert read_current(tmp_path).last == "checkpoints/epoch-002"
    message = (
        r"training\.epochs: this run ended with a part of epoch 2, after step 7, and cannot have more. Start a new one"
    )
    for epochs in ("1.6", "2", "3"):
        with pytest.raises(RecipeError, match=message):
            run_tiny(tmp_path, f"training.epochs={epochs}", resume=True)
    run_tiny(tmp_path, "training.epochs=1.4", resume=True)  # nothing is left to do, and that is no error


@pytest.mark.parametrize("wanted", ["1.2", "1.4", "1.6", "2"])
def test_a_run_inside_its_last_epoch_may_be_given_another_end(wanted: str, tmp_path: Path) -> None:
    """Also one that it is beyond already: then it is validated where it stands."""
    stopped(tmp_path / "run", 7, "training.epochs=1.6")
    run_tiny(tmp_path / "run", f"training.epochs={wanted}", resume=True)
    end = max(7, round(5 * float(wanted)))
    assert read_current(tmp_path / "run").resume == f"resume/step-{end:08d}-validated"
    if end > 5 * float(wanted):
        return
    run_tiny(tmp_path / "whole", f"training.epochs={wanted}")
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_finished_run_can_be_given_more_epochs(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    heard = Remember()
    run_tiny(run, "training.epochs=3", resume=True, recorders=[heard])
    assert [event.epoch for event in heard.events if isinstance(event, Validated)] == [3]
    assert read_run_recipe(run, []).training.epochs == 3
    assert read_current(run).last == "checkpoints/epoch-003"
    run_tiny(tmp_path / "whole", "training.epochs=3")
    assert_same_run(run, tmp_path / "whole")


def test_a_finished_run_that_is_resumed_changes_nothing(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    heard = Remember()
    run_tiny(run, resume=True, recorders=[heard])
    assert [type(event) for event in heard.events] == [Started, Finished]
    assert_same_run(run, shared)


def test_a_signal_between_two_sessions_saves_nothing_anew(tmp_path: Path) -> None:
    stopped(tmp_path, 2)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "resume").rglob("*")}
    stop = StopAfter(2)
    with pytest.raises(KeyboardInterrupt):
        run_tiny(tmp_path, "training.epochs=9", resume=True, recorders=[stop])
    assert [event.step for event in stop.heard if isinstance(event, StepDone)] == [3]
    assert not before.keys() & set((tmp_path / "resume").rglob("*"))


def test_a_run_that_was_killed_while_saving_goes_on(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    leftovers = ("checkpoints/.epoch-003.partial", "checkpoints/epoch-003", "resume/step-00000015")
    for leftover in leftovers:
        (run / leftover).mkdir()
        (run / leftover / "recipe.toml").write_text("half", encoding="utf-8")
    (run / "current.json.partial").write_text("{", encoding="utf-8")
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "step", "st')
    run_tiny(run, "training.epochs=4", resume=True)
    assert read_current(run).last == "checkpoints/epoch-004"
    assert not [path for path in run.rglob("*") if path.is_file() and path.read_bytes() == b"half"]
    assert not list(run.rglob("*partial"))


def test_resuming_what_is_no_run_says_so(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CheckpointError, match=r"current\.json: missing: .* holds no run, or one .*: start anew"):
            read_run_recipe(place, [])
        with pytest.raises(CheckpointError, match="holds no run"):
            run_tiny(place, resume=True)
    assert not (tmp_path / "nowhere").exists()


def test_a_run_without_its_resume_state_can_be_translated_with_and_no_more(shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    shutil.rmtree(run / "resume")
    with pytest.raises(
        CheckpointError, match=r"step-00000010-validated: missing: without its state for resuming.*start a new run"
    ):
        run_tiny(run, resume=True)
    assert load(run, device="cpu").translate(["eins zwei"])[0].tokens


def test_with_an_average_the_state_has_the_weights_that_are_trained_on_as_well(tmp_path: Path) -> None:
    """They are those of the same run without one. What is validated, kept and loaded is the average."""
    plain, averaged = tmp_path / "plain", tmp_path / "averaged"
    run_tiny(plain)
    run_tiny(averaged, "training.average_decay=0.9")
    states = [run / read_current(run).resume for run in (plain, averaged)]
    expected, trained, average = (
        (states[0] / "model.safetensors").read_bytes(),
        (states[1] / "trained.safetensors").read_bytes(),
        (states[1] / "model.safetensors").read_bytes(),
    )
    assert trained == expected != average
    last = averaged / "checkpoints" / "epoch-002"
    assert (last / "model.safetensors").read_bytes() == average
    assert not (last / "trained.safetensors").exists()
    validated = read_metrics(averaged / "metrics.jsonl")[-2]
    corpus = prepare_corpora(tiny_recipe(), GivenPairs(number_pairs(40), number_pairs(8, seed=2))).validation
    model, device = load_checkpoint(last).model.eval(), torch.device("cpu")
    measured = measure_likelihood(model, corpus.epoch(0), device, torch.float32, teacher_forcing=1.0)
    assert validated["validation_loss"] == pytest.approx(measured.loss)
    with pytest.raises(
        RecipeError, match=r"cannot change when a run is resumed:\n  training\.average_decay: 0\.9 -> 0\.0\n"
    ):
        run_tiny(averaged, resume=True)
    (states[1] / "trained.safetensors").write_bytes(trained[:-1])
    with pytest.raises(CheckpointError, match=r"trained\.safetensors: damaged"):
        run_tiny(averaged, "training.average_decay=0.9", resume=True)


@pytest.mark.parametrize("name", ["optimizer.safetensors", "random.safetensors", "progress.json", "model.safetensors"])
def test_a_damaged_resume_state_is_named_and_translating_still_works(name: str, shared: Path, tmp_path: Path) -> None:
    run = copied(shared, tmp_path / "run")
    path = run / read_current(run).resume / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"{name}: damaged"):
        run_tiny(run, resume=True)
    assert load(run, device="cpu").translate(["eins zwei"])[0].tokens


def test_another_corpus_cannot_go_on_with_the_run_and_the_same_one_elsewhere_can(tmp_path: Path) -> None:
    def files(folder: Path, pairs: Pairs) -> tuple[str, ...]:
        folder.mkdir()
        for side, name in enumerate(("a", "b")):
            text = "".join(pair[side] + "\n" for pair in pairs)
            (folder / name).write_text(text, encoding="utf-8")
        train = 'data.train={ kind = "files", source = "a", target = "b" }'
        return train, f"data.folder={folder}"

    out = tmp_path / "run"
    run_tiny(out, *files(tmp_path / "here", number_pairs(40)), "training.epochs=1")
    same, other = files(tmp_path / "there", number_pairs(40)), files(tmp_path / "other", number_pairs(41))
    before = read_current(out)
    with pytest.raises(RecipeError, match="run: this is not the corpus that the run has been trained on: its files"):
        run_tiny(out, *other, "training.epochs=2", resume=True)
    assert read_current(out) == before
    said: list[str] = []
    run_tiny(out, *same, "training.epochs=2", resume=True, notify=said.append)
    assert "training.epochs: 1 -> 2" in said
    assert not any("data." in line for line in said)  # where it lies makes no difference
    assert read_current(out) != before


def test_data_that_were_moved_are_named_by_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before, now = tmp_path / "before", tmp_path / "now"
    before.mkdir()
    for side, name in enumerate(("a", "b")):
        (before / name).write_text("".join(pair[side] + "\n" for pair in number_pairs(40)), encoding="utf-8")
    train = f'data.train={{ kind = "files", source = "{before.as_posix()}/a", target = "before/b" }}'
    run_tiny(tmp_path / "run", train, "training.epochs=1")
    before.rename(now)
    with pytest.raises(CorpusError, match=r"a: there is no such file\. Check the path\. Where it was moved, name the"):
        run_tiny(tmp_path / "run", train, "training.epochs=2", resume=True)
    run_tiny(tmp_path / "run", train, "training.epochs=2", f"data.folder={now}", resume=True)
    assert read_current(tmp_path / "run").last == "checkpoints/epoch-002"
