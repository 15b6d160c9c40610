"""Each kind of corpus opens itself, and finds its files where a recipe says or where they were moved to."""

import gzip
import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from tandem.corpora.captions import captions
from tandem.corpora.kinds import KINDS
from tandem.errors import CorpusError, RecipeError
from tandem.recipe import (
    FilesCorpus,
    HubCorpus,
    JsonLinesCorpus,
    MemoryCorpus,
    NamedCorpus,
    ParquetCorpus,
    TabSeparatedCorpus,
)


def test_options_and_endings_name_one_kind_each() -> None:
    names = [option.name for kind in KINDS for option in kind.options]
    endings = [ending for kind in KINDS for ending in kind.endings]
    assert len(set(names)) == len(names)
    assert len(set(endings)) == len(endings)
    for kind in KINDS:
        assert {*kind.path_settings, *kind.column_settings} <= kind.model_fields.keys()
        assert next(iter(kind.model_fields)) == "kind"


def test_files_of_every_kind_lie_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.de").write_text("eins\n", encoding="utf-8")
    (tmp_path / "a.en.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "a.tsv").write_text("one\tx\teins\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(json.dumps({"de": "eins", "en": "one"}), encoding="utf-8")
    parquet.write_table(pyarrow.table({"de": ["eins"], "en": ["one"]}), tmp_path / "a.parquet")
    choices = (
        FilesCorpus(source="a.de", target="a.en.gz"),
        TabSeparatedCorpus(kind="tsv", path="a.tsv", source_column=3, target_column=1),
        JsonLinesCorpus(kind="jsonl", path="a.jsonl", source_key="de", target_key="en"),
        ParquetCorpus(kind="parquet", path="a.parquet", source_column="de", target_column="en"),
    )
    for choice in choices:
        assert list(choice.open(str(tmp_path))) == [("eins", "one")]
        with pytest.raises(CorpusError, match="there is no such file"):
            list(choice.open(str(tmp_path / "elsewhere")))


def test_absolute_paths_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.de").write_text("eins\n", encoding="utf-8")
    choice = FilesCorpus(source=str(tmp_path / "a.de"), target=str(tmp_path / "a.de"))
    assert list(choice.open("/elsewhere")) == [("eins", "eins")]


@pytest.mark.parametrize("given", ["old/de/a", "{}/old/de/a"], ids=["relative", "absolute"])
@pytest.mark.parametrize("now", ["old/de/a", "de/a", "a"])
def test_files_that_were_moved_are_found_in_the_folder(
    given: str, now: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = given.format(tmp_path)
    (tmp_path / "new" / now).parent.mkdir(parents=True)
    (tmp_path / "new" / now).write_text('{"source": "eins", "target": "one"}\n', encoding="utf-8")
    choice = JsonLinesCorpus(kind="jsonl", path=path)
    assert list(choice.open(str(tmp_path / "new"))) == [("eins", "one")]
    assert FilesCorpus(source=path, target=path).open("new").files == (Path("new") / now,) * 2
    assert TabSeparatedCorpus(kind="tsv", path=path).open("new").files == (Path("new") / now,)
    said = (
        r"old/de/a: there is no such file, and no a in data\.folder \(elsewhere\)\. Check the path, or name the folder"
    )
    with pytest.raises(CorpusError, match=said):
        choice.open("elsewhere")


def test_one_file_is_not_taken_for_both_sides(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("eins\n", encoding="utf-8")
    with pytest.raises(
        CorpusError, match=r"train: this is the only file in data\.folder for both de/train and en/train"
    ):
        FilesCorpus(source="de/train", target="en/train").open(str(tmp_path))


def test_a_file_of_a_windows_path_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("eins\tone\n", encoding="utf-8")
    choice = TabSeparatedCorpus(kind="tsv", path="C:\\data\\a.tsv")
    assert list(choice.open(str(tmp_path))) == [("eins", "one")]


def test_captions_have_three_splits() -> None:
    for split in ("train", "validation", "test"):
        corpus = NamedCorpus(kind="named", name="captions", split=split).open(None)
        assert tuple(corpus) == getattr(captions(), split)
        assert corpus.name == f"captions ({split})"


def test_a_hub_corpus_is_not_fetched_before_it_is_read() -> None:
    choice = HubCorpus(kind="hub", name="x/y", split="dev", source_column="a", target_column="b", config="c")
    assert choice.open(None).name == "x/y (c, dev)"


def test_unknown_names_and_absent_pairs_say_so() -> None:
    with pytest.raises(CorpusError, match="no corpus called 'wmt'; the known ones are: captions, multi30k"):
        NamedCorpus(kind="named", name="wmt").open(None)
    with pytest.raises(RecipeError, match=r"handed over from Python .* give them to tandem\.train again"):
        MemoryCorpus(kind="memory").open(None)


def test_a_path_without_parts_in_a_missing_folder_is_left_to_who_opens_it(tmp_path: Path) -> None:
    corpus = FilesCorpus(source="", target="/").open(str(tmp_path / "missing"))
    with pytest.raises(CorpusError):
        list(corpus)
