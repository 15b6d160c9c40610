"""A run's directory: what lies in it, what is kept, and that nothing is trained over something else."""

import json
from pathlib import Path

import pytest

from tandem.errors import CorpusError, TrainingError
from tandem.model_paths import read_current
from tandem.recipe import FilesCorpus, load_recipe
from tandem.recording import read_metrics
from tandem.runs.corpora import GivenPairs
from tandem.runs.execution import run_recipe
from tandem.training.events import Event, Validated
from tests.support.runs import number_pairs, run_tiny, tiny_recipe


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_finished_run_holds_these_things(shared: Path) -> None:
    assert names(shared) == {
        "recipe.toml",
        "metrics.jsonl",
        "provenance.json",
        "report.html",
        "scores.json",
        "tensorboard",
        "checkpoints",
        "resume",
        "current.json",
    }
    assert load_recipe(shared / "recipe.toml") == tiny_recipe()
    assert names(shared / "tensorboard") != set()
    assert shared.name in (shared / "report.html").read_text(encoding="utf-8")


def test_metrics_tell_the_whole_training(shared: Path) -> None:
    rows = read_metrics(shared / "metrics.jsonl")
    assert [row["event"] for row in rows] == ["started", "step", "validated", "step", "validated", "finished"]
    assert [row["step"] for row in rows] == [0, 5, 5, 10, 10, 10]
    assert rows[2]["scores"].keys() == {"bleu", "chrf", "exact"}
    assert len(rows[2]["samples"]) == 3


@pytest.mark.parametrize("keep_last", [1, 3])
def test_the_pointer_names_the_best_and_the_last_and_only_the_last_are_kept_beside(
    keep_last: int, tmp_path: Path
) -> None:
    seen: list[tuple[int, bool]] = []

    class Look:
        """Looks at the directory after every epoch."""

        def record(self, event: Event) -> None:
            if not isinstance(event, Validated):
                return
            seen.append((event.epoch, event.best))
            best = max(epoch for epoch, was_best in seen if was_best)
            current = read_current(tmp_path)
            assert current.best == f"checkpoints/epoch-{best:03d}"
            assert current.last == f"checkpoints/epoch-{event.epoch:03d}"
            assert current.resume == f"resume/step-{event.step:08d}-validated"
            last = range(max(1, event.epoch - keep_last + 1), event.epoch + 1)
            assert names(tmp_path / "checkpoints") == {f"epoch-{epoch:03d}" for epoch in (best, *last)}
            assert names(tmp_path / "resume") == {Path(current.resume).name}

        def close(self) -> None:
            pass

    settings = ("training.epochs=5", "training.optimizer.learning_rate=0.5", "training.clip_norm=off")
    run_tiny(tmp_path, *settings, f"training.keep_last={keep_last}", recorders=[Look()])
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4, 5]
    assert {best for _, best in seen} == {True, False}  # else the test sees one case only


@pytest.mark.parametrize("kind", ["run", "export", "other files", "a file"])
def test_a_directory_in_use_is_refused(kind: str, shared: Path, tmp_path: Path) -> None:
    out, message = {
        "run": (
            shared,
            "this is not an empty directory: it holds a run. Continue it with --resume, choose another",
        ),
        "export": (tmp_path / "exported", "it holds an export. Choose another with --out"),
        "other files": (tmp_path, "this is not an empty directory, and not a run either. Choose another with --out"),
        "a file": (tmp_path / "thesis.txt", "this is a file, and a run needs a directory. Choose another with --out"),
    }[kind]
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "encoder.onnx").touch()
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(TrainingError, match=message):
        run_tiny(out)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_an_empty_directory_and_a_deep_new_one_will_do(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "c"
    run_tiny(out, "training.epochs=1")
    assert (out / "current.json").exists()


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_missing_corpus_is_known_before_anything_is_made(part: str, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    missing = FilesCorpus(source="no.de", target="no.en", kind="files")
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={part: missing})})
    with pytest.raises(CorpusError, match=r"no\.de: there is no such file"):
        run_recipe(recipe, tmp_path / "out", given=GivenPairs(number_pairs(20), number_pairs(4, seed=2)))
    assert not (tmp_path / "out").exists()


def test_a_run_is_scored_on_its_test_corpus(tmp_path: Path) -> None:
    for side, name in enumerate(("test.de", "test.en")):
        text = "".join(pair[side] + "\n" for pair in number_pairs(7, seed=5))
        (tmp_path / name).write_text(text, encoding="utf-8")
    recipe = tiny_recipe("training.epochs=1", f"data.folder={tmp_path}")
    test = FilesCorpus(source="test.de", target="test.en")
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"test": test})})
    result = run_recipe(recipe, tmp_path / "out", given=GivenPairs(number_pairs(20), number_pairs(4, seed=2)))
    assert (result.evaluated_on, result.evaluation.pairs) == ("test", 7)
    assert result.report == tmp_path / "out" / "report.html"
    assert "test: 7 pairs" in result.report.read_text(encoding="utf-8")


def test_current_json_is_for_people_too(shared: Path) -> None:
    content = json.loads((shared / "current.json").read_text(encoding="utf-8"))
    assert list(content) == ["best", "last", "resume", "sha256"]
    assert all((shared / content[key]).is_dir() for key in ("best", "last", "resume"))


def test_a_corpus_that_cannot_be_prepared_leaves_the_directory_free(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"raise data\.max_tokens"):
        run_tiny(tmp_path / "run", "data.max_tokens=1", pairs=[("eins zwei", "one two"), ("zwei drei", "two three")])
    run_tiny(tmp_path / "run")
    assert (tmp_path / "run" / "current.json").exists()
