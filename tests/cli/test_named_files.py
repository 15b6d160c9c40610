"""Files without an option: the obvious is done, or it is said what to type."""

import json
from pathlib import Path

import pytest

from tandem.cli.corpora import CorpusOptions, ReferencesOptions
from tandem.cli.named_files import models_and_corpus, recipe_and_corpus, stem
from tandem.errors import CorpusError
from tandem.recipe import load_recipe
from tests.support.console import Tandem
from tests.support.runs import number_pairs

PAIRS = number_pairs(20)
SMALL = [
    part
    for setting in ("model.hidden=8", "model.embedding=6", "training.epochs=1", "training.precision=float32")
    for part in ("--set", setting)
]


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ("", {}),
        ("a.csv", {"csv": "a.csv"}),
        ("A.CSV", {"csv": "A.CSV"}),
        ("a.csv.xz", {"csv": "a.csv.xz"}),
        ("x/a.tsv", {"tsv": "x/a.tsv"}),
        ("a.tab.gz", {"tsv": "a.tab.gz"}),
        ("a.jsonl", {"jsonl": "a.jsonl"}),
        ("a.ndjson.zst", {"jsonl": "a.ndjson.zst"}),
        ("a.parquet", {"parquet": "a.parquet"}),
        ("a.de a.en", {"source": "a.de", "target": "a.en"}),
        ("a.de.gz a.txt", {"source": "a.de.gz", "target": "a.txt"}),
        ("source target", {"source": "source", "target": "target"}),
    ],
)
def test_names_tell_what_files_are(files: str, options: dict[str, str]) -> None:
    recipe, found = recipe_and_corpus([Path(name) for name in files.split()], CorpusOptions(columns="1,2"))
    assert recipe is None
    assert found == CorpusOptions(options, "1,2")


@pytest.mark.parametrize("name", ["multi30k", "scan.toml", "recipes/cmudict.toml"])
def test_a_built_in_recipe_is_named_alone_or_as_its_file(name: str) -> None:
    assert recipe_and_corpus([Path(name)], CorpusOptions()) == (Path(name), CorpusOptions())


def test_a_recipe_is_told_by_its_suffix() -> None:
    assert recipe_and_corpus([Path("a.toml")], CorpusOptions()) == (Path("a.toml"), CorpusOptions())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            "notes.txt",
            r"notes\.txt: its name does not show what it contains\. .* as well: notes\.txt TARGETS\. .* --tsv",
        ),
        ("a.xlsx", r"a\.xlsx: a table must be text\. Save it as CSV \(UTF-8\) .* and give that file: a\.csv"),
        ("a.feather", r"a\.feather: a table must be text\."),
        ("a.docx", r"a\.docx: a document cannot be read as pairs"),
        ("a.zip", r"a\.zip: this is an archive\. Unpack it"),
        ("a.json", r"a\.json: if this file has one JSON object per line, give --jsonl a\.json"),
        ("folder", r"folder: this is a folder; name the files in it"),
        ("run", r"run: this is a run; to continue its training, type: tandem train --resume --out run"),
        ("none.de", r"none\.de: there is no such file"),
        ("captions", r"captions: this is a corpus that Tandem knows; give --corpus captions"),
        ("a.xlsx notes.txt", r"a\.xlsx: a table must be text"),
        (
            "a.csv b.csv",
            r"a\.csv b\.csv: without options, give one recipe \(\.toml\), or one table .* --validation-csv",
        ),
        ("a.toml a.csv", r"a\.toml a\.csv: without options, give one recipe"),
        ("a.de a.en b.de", r"a\.de a\.en b\.de: without options, give one recipe"),
    ],
)
def test_of_others_it_is_said_what_to_type(files: str, said: str, elsewhere: Path) -> None:
    for name in ("notes.txt", "a.xlsx", "a.feather", "a.docx", "a.zip", "a.json"):
        (elsewhere / name).touch()
    (elsewhere / "folder").mkdir()
    (elsewhere / "run").mkdir()
    (elsewhere / "run" / "current.json").touch()
    with pytest.raises(CorpusError, match=said):
        recipe_and_corpus([Path(name) for name in files.split()], CorpusOptions())


def test_a_corpus_is_named_once() -> None:
    with pytest.raises(CorpusError, match=r"a\.csv: the corpus is named twice, by this file and by an option"):
        recipe_and_corpus([Path("a.csv")], CorpusOptions({"tsv": "b.tsv"}))


def test_data_may_follow_the_models(elsewhere: Path) -> None:
    (elsewhere / "t.de").touch()
    models, options = models_and_corpus([Path("runs/a"), Path("runs/b"), Path("t.csv")], CorpusOptions())
    assert (models, options) == ([Path("runs/a"), Path("runs/b")], CorpusOptions({"csv": "t.csv"}))
    models, options = models_and_corpus([Path("runs/a"), Path("t.de"), Path("t.en")], CorpusOptions())
    sides = {"source": "t.de", "target": "t.en"}
    assert (models, options) == ([Path("runs/a")], CorpusOptions(sides))
    assert models_and_corpus([Path("runs/a")], CorpusOptions()) == ([Path("runs/a")], CorpusOptions())
    (elsewhere / "m.csv").mkdir()
    assert models_and_corpus([Path("m.csv")], CorpusOptions()) == ([Path("m.csv")], CorpusOptions())
    references = models_and_corpus([Path("runs/a"), Path("t.de"), Path("t.en")], ReferencesOptions())[1]
    assert references == ReferencesOptions(sides)


@pytest.mark.parametrize(
    ("name", "expected"), [("x/a.de.gz", "a.de"), ("a.csv.xz", "a"), ("a.v2.tsv", "a.v2"), (".gz", ".gz")]
)
def test_a_run_is_called_as_its_files_are(name: str, expected: str) -> None:
    assert stem(name) == expected


def test_files_alone_train_and_measure(tandem: Tandem, elsewhere: Path) -> None:
    (elsewhere / "pairs.csv").write_text("".join(f"{a};{b}\n" for a, b in [("de", "en"), *PAIRS]), encoding="utf-8")
    for side, name in enumerate(("a.de", "a.en")):
        (elsewhere / name).write_text("".join(pair[side] + "\n" for pair in PAIRS), encoding="utf-8")
    found = tandem("train", "pairs.csv", *SMALL)
    assert (found.code, "pairs.csv: semicolon-separated, a header: columns 'de', 'en'\n" in found.out) == (0, True)
    assert load_recipe("runs/pairs/recipe.toml").data.train.kind == "csv"
    assert tandem("train", "a.de", "a.en", *SMALL).code == 0
    assert load_recipe("runs/a.de-a.en/recipe.toml").data.train.kind == "files"
    measured = [tandem("evaluate", "runs/pairs", *files, "--json") for files in (["pairs.csv"], ["a.de", "a.en"])]
    scores = [json.loads(outcome.out)["scores"] for outcome in measured]
    assert scores[0] == scores[1]
    assert len(tandem("score", "runs/pairs", "pairs.csv").lines) == 20
