"""The command line on tables of lemmas, forms and tags."""

import json
from pathlib import Path

from tests.runs.test_features import forms
from tests.support.console import Tandem

SMALL = (
    "--set",
    "training.epochs=1",
    "--set",
    "training.passes=1",
    "--set",
    "model.hidden=8",
    "--set",
    "model.embedding=8",
)


def write(path: Path, separator: str, header: str = "") -> None:
    rows = [separator.join((word, form, f'"{tags}"' if separator == ";" else tags)) for word, form, tags in forms(30)]
    path.write_text("\n".join([*([header] if header else []), *rows]) + "\n", encoding="utf-8")


def test_a_table_with_a_column_of_features_just_works(tandem: Tandem, tmp_path: Path) -> None:
    write(Path("forms.csv"), ";", "Wort;Form;features")
    trained = tandem("train", "forms.csv", "--out", "run", *SMALL)
    assert trained.code == 0
    message = (
        "features: column 'features', beside the source in column 'Wort' and the target in column 'Form'; choose others"
    )
    assert message in trained.out + trained.err
    assert "and 6 of features" in trained.out + trained.err
    found = tandem("translate", "run", "--json", stdin="abç\tV;PST\nabç\n".encode())
    assert [json.loads(line)["source"] for line in found.lines] == ["abç\tV;PST", "abç"]
    evaluated = tandem("evaluate", "run", "--csv", "forms.csv")
    assert "columns Wort,Form,features: those that the model was trained on" in evaluated.err
    bare = tandem("evaluate", "run", "--csv", "forms.csv", "--columns", "Wort,Form")
    assert "forms.csv: no column of features is given, so only the text after a tab" in bare.err
    assert "features" in tandem("describe", "run").out


def test_what_does_not_fit_is_said(tandem: Tandem) -> None:
    write(Path("forms.tsv"), "\t", "lemma\tform\tmsd")
    wrong = tandem("train", "--tsv", "forms.tsv", "--columns", "lemma,form,tags", "--out", "run")
    assert (
        "forms.tsv line 1: the header has no column called 'tags'; its columns are 'lemma', 'form', 'msd'" in wrong.err
    )
    many = tandem("train", "--tsv", "forms.tsv", "--columns", "1,2,3,4", "--out", "run")
    assert (
        "--columns 1,2,3,4: name two columns with a comma between, such as 1,2 or de,en; a third one has features"
        in (many.err)
    )
    alone = tandem("train", "--features", "forms.tsv", "--out", "run")
    assert "give both --source FILE and --target FILE" in alone.err


def test_a_recipe_with_features_is_described(tandem: Tandem) -> None:
    Path("my.toml").write_text(
        'data.train = { kind = "tsv", path = "x.tsv", features_column = 3 }\n[text.features]\n', encoding="utf-8"
    )
    found = tandem("describe", "my.toml", "--vocabularies", "30,40,9")
    assert "30 source and 40 target tokens, and 9 of features" in found.out
    assert (
        "give three numbers of tokens, such as 8000,6000,40"
        in tandem("describe", "my.toml", "--vocabularies", "30,40").err
    )
