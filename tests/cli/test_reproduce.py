"""`tandem reproduce`: all of it once, and nothing twice."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from tandem.cli.training import TrainingPlan
from tandem.metrics import bleu
from tandem.metrics.bootstrap import Resampling
from tandem.recipe import load_recipe
from tandem.runs.execution import run_recipe
from tandem.translation import load
from tandem_reproduction import Plan, reproduce
from tests.support.console import Tandem
from tests.support.runs import number_pairs

RECIPE = """
[data]
train = { source = "train.de", target = "train.en" }
validation = { source = "dev.de", target = "dev.en" }
test = { source = "test.de", target = "test.en" }
[model]
hidden = 8
embedding = 6
[training]
epochs = 1
batch_size = 16
precision = "float32"
"""
SMALL = ("reproduce", "--recipe", "recipe.toml", "--seeds", 1, "--members", 3, "--samples", 20, "--out", "out")


class Whole(NamedTuple):
    """A reproduction that is done, in a folder that is not to be changed, and what was said."""

    folder: Path
    said: list[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder, said = tmp_path_factory.mktemp("whole"), list[str]()
    for seed, (name, count) in enumerate({"train": 30, "dev": 6, "test": 8}.items()):
        pairs = number_pairs(count, seed=seed)
        (folder / f"{name}.de").write_text("".join(f"{de}\n" for de, _ in pairs), encoding="utf-8")
        (folder / f"{name}.en").write_text("".join(f"{en}\n" for _, en in pairs), encoding="utf-8")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    plan = Plan(load_recipe(folder / "recipe.toml", [f"data.folder={folder}"]), seeds=1, members=3)
    reproduce(
        plan,
        folder / "out",
        lambda recipe, run, resume: run_recipe(recipe, run, device="cpu", resume=resume),
        resampling=Resampling(20),
        device="cpu",
        notify=said.append,
    )
    return Whole(folder, said)


@pytest.fixture
def here(whole: Whole, elsewhere: Path) -> None:
    """A copy of it in the current folder."""
    shutil.copytree(whole.folder, elsewhere, dirs_exist_ok=True)


def test_it_trains_measures_and_writes(whole: Whole) -> None:
    assert [line for line in whole.said if line.startswith("training")][-1] == "training 7 of 7: layers-4-1"
    assert "working out reversed-1+reversed-2+reversed-3.beam-12" in whole.said
    assert len(set(whole.said)) == len(whole.said)
    claims = json.loads((whole.folder / "out" / "reproduction.json").read_text(encoding="utf-8"))
    assert [claim["section"][:3] for claim in claims] == ["3.3", "3.4", "3.6", "3.2", "3.2", "3.6", "3.7"]
    made = load([whole.folder / "out" / "runs" / f"reversed-{seed}" for seed in (1, 2, 3)], device="cpu")
    pairs = number_pairs(8, seed=2)
    texts = [t.text for t in made.translate([de for de, _ in pairs], made.search_settings(beam=12))]
    expected = bleu(texts, [[en] for _, en in pairs]).value
    assert claims[2]["rows"][2]["found"]["value"] == pytest.approx(expected)


@pytest.mark.usefixtures("here")
def test_nothing_is_done_twice(tandem: Tandem) -> None:
    def stamps() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in Path("out").glob("*/**/*")}

    before, page = stamps(), Path("out/reproduction.md").read_bytes()
    found = tandem(*SMALL)
    assert (found.code, found.err) == (0, "")
    assert "working out" not in found.out
    assert found.out.count("is done already") == 7
    assert "Reversing the source lowers perplexity" in found.out
    assert stamps() == before
    assert Path("out/reproduction.md").read_bytes() == page


@pytest.mark.usefixtures("here")
def test_other_weights_are_measured_anew(tandem: Tandem) -> None:
    runs = Path("out/runs")
    shutil.rmtree(runs / "reversed-2")
    shutil.copytree(runs / "reversed-1", runs / "reversed-2")
    recipe = runs / "reversed-2" / "recipe.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("seed = 1", "seed = 2"), encoding="utf-8")
    out = tandem(*SMALL).out
    assert "working out reversed-2.beam-12" in out
    assert "working out reversed-1.beam-12" not in out


@pytest.mark.usefixtures("here")
def test_it_goes_on_where_it_was_stopped(tandem: Tandem, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, bool]] = []

    def stop(plan: TrainingPlan, console: object, *, device: str, resume_command: str) -> None:
        begun.append((plan.out.name, plan.resume))
        assert resume_command.startswith("tandem reproduce --recipe recipe.toml")
        raise typer.Exit(130)

    (Path("out/runs/forward-1/report.html")).unlink()  # as if it had been stopped before its end
    monkeypatch.setattr("tandem.cli.training.train_plan", stop)
    assert tandem(*SMALL).code == 130
    assert begun == [("forward-1", True)]


@pytest.mark.usefixtures("here")
def test_runs_of_another_recipe_are_not_taken_for_ours(tandem: Tandem) -> None:
    found = tandem(*SMALL, "--set", "training.epochs=2")
    assert found.code == 1
    assert "out/runs/reversed-1: was trained with another recipe: [training] differs" in found.err
    assert "another recipe" not in tandem(*SMALL, "--set", "search.beam=3").err


@pytest.mark.usefixtures("here")
def test_a_test_corpus_is_needed_before_anything_is_trained(tandem: Tandem) -> None:
    Path("recipe.toml").write_text(RECIPE.replace("test = {", "# test = {"), encoding="utf-8")
    found = tandem(*SMALL[:-1], "other")
    assert (found.code, found.err) == (
        1,
        "tandem: data.test: a reproduction is measured on a test corpus; name one in the recipe\n",
    )
    assert not Path("other").exists()
