"""`tandem.train` from Python: pairs, files or a recipe in, a translator out."""

from pathlib import Path

import pytest

import tandem
from tandem.errors import RecipeError, TrainingError
from tandem.recipe import Data, FilesCorpus, MemoryCorpus, Recipe, dump_recipe, load_recipe, portable
from tandem.training.events import Finished
from tests.support.runs import Remember, number_pairs, tiny_recipe

SMALL = ("model.hidden=8", "model.embedding=6", "training.epochs=1", "training.precision=float32")
PAIRS = number_pairs(40)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A corpus as two parallel files."""
    paths = tmp_path / "train.de", tmp_path / "train.en"
    for side, path in enumerate(paths):
        path.write_text("".join(pair[side] + "\n" for pair in PAIRS), encoding="utf-8")
    return paths


def test_pairs_alone_will_do_and_the_choice_is_told_and_written(tmp_path: Path) -> None:
    said: list[str] = []
    translator = tandem.train(pairs=PAIRS, out=tmp_path / "run", settings=SMALL, device="cpu", notify=said.append)
    assert translator.translate(["eins zwei"])[0].score < 0
    beginnings = [line.split(":")[0] for line in said]
    for beginning in ("source tokens", "target tokens", "attention", "model", "schedule", "validation"):
        assert beginning in beginnings
    assert "training on cpu in float32" in said
    assert any(
        line.startswith("validation: on 40 of the 40 training pairs, since nothing is held back") for line in said
    )
    written = load_recipe(tmp_path / "run" / "recipe.toml")
    assert written == translator.recipe
    assert written.data.train == MemoryCorpus(kind="memory")
    assert (written.model.hidden, written.text.source.tokenizer) == (8, "whitespace")


def test_files_alone_will_do_and_the_written_recipe_trains_the_same_again(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    source, target = files
    first = tandem.train(source=source, target=target, out=tmp_path / "a", settings=SMALL, device="cpu")
    written = load_recipe(tmp_path / "a" / "recipe.toml")
    assert written.data.train == FilesCorpus(source=str(source), target=str(target))
    assert first.recipe == portable(written)
    again = tandem.train(tmp_path / "a" / "recipe.toml", out=tmp_path / "b", device="cpu")
    assert again.recipe == first.recipe
    texts = [pair[0] for pair in PAIRS]
    assert again.translate(texts) == first.translate(texts)


def test_validation_pairs_are_used_as_they_are(tmp_path: Path) -> None:
    said: list[str] = []
    validation = number_pairs(3, seed=9)
    tandem.train(pairs=PAIRS, validation_pairs=validation, out=tmp_path / "run", settings=SMALL, notify=said.append)
    assert not any("carved off" in line for line in said)
    assert any(line.startswith("40 training pairs in ") for line in said)


def test_test_pairs_are_what_the_run_is_scored_on(tmp_path: Path) -> None:
    said: list[str] = []
    test = [*number_pairs(5, seed=8), ("eins", " ")]
    tandem.train(pairs=PAIRS, test_pairs=test, out=tmp_path / "run", settings=SMALL, notify=said.append)
    assert "test: 5 pairs" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    (dropped,) = (line for line in said if line.startswith("test corpus: "))
    assert dropped.startswith("test corpus: dropped 1 of 6 pairs: 1 with an empty side. The first: pairs in memory, ")


def test_outputs_of_the_scored_corpus_that_end_at_the_limit_are_counted(tmp_path: Path) -> None:
    said: list[str] = []
    short = (*SMALL, "search.max_length_factor=0.01", "search.max_length_extra=0")
    tandem.train(pairs=PAIRS, test_pairs=PAIRS[:9], out=tmp_path / "run", settings=short, notify=said.append)
    assert said[-1].startswith(
        "scored: 9 of 9 outputs ended at the length limit, so their ends may be missing; a larger"
    )


def test_validation_and_test_files_may_stand_beside_pairs(files: tuple[Path, Path], tmp_path: Path) -> None:
    source, target = files
    tandem.train(
        pairs=PAIRS,
        validation_source=source,
        validation_target=target,
        test_source=source,
        test_target=target,
        out=tmp_path / "run",
        settings=SMALL,
    )
    data = load_recipe(tmp_path / "run" / "recipe.toml").data
    assert data.train == MemoryCorpus(kind="memory")
    assert data.validation == data.test == FilesCorpus(source=str(source), target=str(target))


def test_corpora_of_any_kind_are_given_as_a_recipe_names_them(tmp_path: Path) -> None:
    for role, pairs in (("train", PAIRS), ("dev", PAIRS[:4]), ("test", PAIRS[:3])):
        (tmp_path / f"{role}.tsv").write_text("".join(f"{de}\t{en}\n" for de, en in pairs), encoding="utf-8")
    data = {
        "folder": str(tmp_path),
        "train": {"kind": "tsv", "path": "train.tsv"},
        "validation": {"kind": "tsv", "path": "dev.tsv"},
        "test": {"kind": "tsv", "path": "test.tsv"},
    }
    tandem.train(data=data, out=tmp_path / "run", settings=SMALL)
    assert load_recipe(tmp_path / "run" / "recipe.toml").data == Data.model_validate(data)
    assert "test: 3 pairs" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match=r"tandem\.train\(data=.*\n  data\.tests: there is no such setting"):
        tandem.train(data={**data, "tests": {}}, out=tmp_path / "other")


def test_a_recipe_and_its_file_train_the_same_with_settings_over_it(files: tuple[Path, Path], tmp_path: Path) -> None:
    source, target = files
    tree = tiny_recipe().model_dump(exclude_none=True)
    tree["data"] = {"train": {"kind": "files", "source": source.name, "target": target.name}, "folder": str(tmp_path)}
    recipe = Recipe.model_validate(tree)
    (tmp_path / "mine.toml").write_text(dump_recipe(recipe), encoding="utf-8")
    settings = ["training.epochs=1"]
    one = tandem.train(recipe, out=str(tmp_path / "a"), settings=settings, device="cpu")
    two = tandem.train(str(tmp_path / "mine.toml"), out=tmp_path / "b", settings=settings, device="cpu")
    assert one.recipe == two.recipe
    assert one.recipe.training.epochs == 1
    assert one.translate(["eins", "zwei"]) == two.translate(["eins", "zwei"])


def test_a_recipe_of_pairs_in_memory_takes_them_and_goes_on_with_them(tmp_path: Path) -> None:
    validation = number_pairs(3, seed=9)
    recipe, out = tiny_recipe("training.epochs=1"), tmp_path / "run"
    tandem.train(recipe, pairs=PAIRS, validation_pairs=validation, out=out, device="cpu")
    heard = Remember()
    went_on = tandem.train(
        out=out,
        pairs=PAIRS,
        validation_pairs=validation,
        settings=["training.epochs=2"],
        device="cpu",
        resume=True,
        recorders=[heard],
    )
    assert went_on.translate(["eins"])[0].tokens
    assert isinstance(heard.events[-1], Finished)
    assert load_recipe(out / "recipe.toml").training.epochs == 2


def test_pairs_that_are_needed_again_are_asked_for(tmp_path: Path) -> None:
    tandem.train(pairs=PAIRS, out=tmp_path / "run", settings=SMALL, device="cpu")
    with pytest.raises(RecipeError, match=r"handed over from Python .* give them to tandem\.train again"):
        tandem.train(out=tmp_path / "run", resume=True)


def test_contradictions_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(RecipeError, match="nothing to train on: give a recipe, or pairs, or both a source and"):
        tandem.train(out=out)
    with pytest.raises(RecipeError, match="give both source and target: line n of one"):
        tandem.train(source="only", out=out)
    with pytest.raises(RecipeError, match="give pairs, or source and target files, not both"):
        tandem.train(pairs=PAIRS, source="a", target="b", out=out)
    with pytest.raises(RecipeError, match="a recipe names its corpus"):
        tandem.train(tiny_recipe(), source="a", target="b", out=out)
    files = tiny_recipe().model_dump(exclude_none=True) | {
        "data": {"train": {"kind": "files", "source": "a", "target": "b"}}
    }
    with pytest.raises(RecipeError, match="a recipe names its corpus"):
        tandem.train(Recipe.model_validate(files), pairs=PAIRS, out=out)
    with pytest.raises(RecipeError, match=r'A recipe whose data\.test is { kind = "memory" } takes test_pairs'):
        tandem.train(tiny_recipe(), pairs=PAIRS, test_pairs=PAIRS, out=out)
    with pytest.raises(RecipeError, match="give a recipe, or data, not both"):
        tandem.train(tiny_recipe(), data={"train": {"kind": "memory"}}, pairs=PAIRS, out=out)
    with pytest.raises(RecipeError, match="give both test_source and test_target"):
        tandem.train(pairs=PAIRS, test_source="a", out=out)
    with pytest.raises(RecipeError, match="give validation_pairs, or validation_source and validation_target files"):
        tandem.train(pairs=PAIRS, validation_pairs=PAIRS, validation_source="a", out=out)
    with pytest.raises(RecipeError, match=r"nothing\.toml: there is no such recipe"):
        tandem.train("nothing.toml", out=out)
    assert not out.exists()


def test_a_used_directory_and_faulty_settings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(TrainingError, match="not an empty directory"):
        tandem.train(pairs=PAIRS, out=tmp_path, settings=SMALL)
    with pytest.raises(RecipeError, match=r"model\.hiden: there is no such setting"):
        tandem.train(pairs=PAIRS, out=tmp_path / "run", settings=["model.hiden=3"])
