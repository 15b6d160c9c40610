"""A corpus in shards: patterns find its files, in natural order, and it is the corpus of the files joined."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.corpora.kinds import AnyCorpus
from tandem.corpora.pairs import Corpus, Fault, Pair
from tandem.corpora.parallel_files import FilesCorpus, ParallelFiles, SeveralTargets, ShardedFiles
from tandem.corpora.patterns import find_shards, is_literal, is_pattern, without_wildcards
from tandem.errors import CorpusError


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n", encoding="utf-8")


def found(folder: Path, *patterns: str) -> list[tuple[str, ...]]:
    return [tuple(p.relative_to(folder).as_posix() for p in paths) for paths in find_shards(patterns, str(folder))]


def test_files_are_paired_by_what_stars_stand_for_in_natural_order(tmp_path: Path) -> None:
    write(tmp_path, *(f"train.{n}.{side}" for n in ("10", "2", "1", "2b") for side in ("de", "en")), "train.de")
    assert found(tmp_path, "train.*.de", "train.*.en") == [
        (f"train.{n}.de", f"train.{n}.en") for n in ("1", "2", "2b", "10")
    ]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("??.de", "??.en"), ["01", "02"]),
        (("[0-9]1.de", "[0-9]1.en"), ["01"]),
        (("[!0]*.de", "[!0]*.en"), ["10"]),
        (("0*[12].de", "0*[12].en"), ["01", "02"]),
    ],
)
def test_other_wildcards(patterns: tuple[str, str], names: list[str], tmp_path: Path) -> None:
    write(tmp_path, *(f"{name}.{side}" for name in ("01", "02", "10") for side in ("de", "en")))
    expected = [(f"{name}.de", f"{name}.en") for name in names]
    if "??" in patterns[0]:
        expected.append(("10.de", "10.en"))
    assert found(tmp_path, *patterns) == expected


def test_folders_may_have_stars_and_sides_may_lie_apart(tmp_path: Path) -> None:
    write(tmp_path, "a1/s.de", "a2/s.de", "t/1.en", "t/2.en", "tags/1", "tags/2")
    assert found(tmp_path, "a*/s.de", "t/*.en", "tags/*") == [
        ("a1/s.de", "t/1.en", "tags/1"),
        ("a2/s.de", "t/2.en", "tags/2"),
    ]


def test_a_shard_without_partner_is_named(tmp_path: Path) -> None:
    write(tmp_path, *(f"{n}.de" for n in range(1, 9)), "3.en", "9.en")
    with pytest.raises(CorpusError, match=r"1\.de, .*6\.de and 2 more: no file of \*\.en matches them"):
        found(tmp_path, "*.de", "*.en")
    write(tmp_path, *(f"{n}.en" for n in range(1, 9)))
    with pytest.raises(CorpusError, match=r"9\.en: no file of \*\.de matches it: the characters for"):
        found(tmp_path, "*.de", "*.en")


def test_patterns_must_match_and_be_alike(tmp_path: Path) -> None:
    write(tmp_path, "1.de", "1.en")
    with pytest.raises(CorpusError, match=rf"\*\.fr: no file matches this pattern \(looked for in {tmp_path}"):
        found(tmp_path, "*.de", "*.fr")
    with pytest.raises(CorpusError, match=r"\*\.de and 1\.en: files belong together .* the one has 1 of these, and"):
        FilesCorpus(source="*.de", target="1.en").open(str(tmp_path))


def test_a_file_that_is_called_like_a_pattern_is_found(tmp_path: Path) -> None:
    write(tmp_path, "[a]/tr*.de", "[a]/tr1.de", "[a]/tr1.en", "[a]/1.x", "a/2.x")
    assert is_literal("[a]/tr*.de", str(tmp_path))
    assert not is_literal("[a]/t*.de", str(tmp_path))
    opened = FilesCorpus(source="[a]/tr*.de", target="[a]/tr1.en").open(str(tmp_path))
    assert isinstance(opened, ParallelFiles)
    assert opened.source.name == "tr*.de"
    assert found(tmp_path, "[a]/*.x") == [("[a]/1.x",)]  # the folder that exists, not the folder a


def test_one_shard_is_a_plain_corpus(tmp_path: Path) -> None:
    write(tmp_path, "train.1.de", "train.1.en")
    assert FilesCorpus(source="train.*.de", target="train.*.en").open(str(tmp_path)) == ParallelFiles(
        tmp_path / "train.1.de", tmp_path / "train.1.en"
    )


def test_shards_that_were_moved_are_found_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, *(f"de/{n}.txt" for n in (1, 2)), *(f"en/{n}.txt" for n in (1, 2)))
    corpus = FilesCorpus(source="/gone/de/*.txt", target="/gone/en/*.txt").open(str(tmp_path))
    assert [path.relative_to(tmp_path).as_posix() for path in corpus.files] == [
        "de/1.txt",
        "de/2.txt",
        "en/1.txt",
        "en/2.txt",
    ]


def shards(folder: Path, features: bool = False, write: Callable[[Path, str], object] = Path.write_text) -> AnyCorpus:
    for n in range(3):
        write(folder / f"{n}.de", f"a{n}\n\nb{n}\n")
        write(folder / f"{n}.en", f"x{n}\ny\nz{n}")
        write(folder / f"{n}.tags", f"N\nV\n{n}\n")
    return FilesCorpus(
        source=str(folder / "*.de"), target=str(folder / "*.en"), features=str(folder / "*.tags") if features else None
    )


def rows(corpus: Corpus) -> list[Pair | Fault]:
    return list(corpus.rows(100))


def test_it_is_the_corpus_of_the_files_joined(tmp_path: Path) -> None:
    corpus = shards(tmp_path, features=True).open(None)
    assert isinstance(corpus, ShardedFiles)
    assert [pair for pair in rows(corpus) if isinstance(pair, Pair)] == [
        pair for n in range(3) for pair in (Pair(f"a{n}\tN", f"x{n}"), Pair(f"b{n}\t{n}", f"z{n}"))
    ]
    faults = [fault.place for fault in rows(corpus) if isinstance(fault, Fault)]
    assert faults == [f"{tmp_path / f'{n}.de'} line 2" for n in range(3)]
    assert corpus.name == "*.de and *.en"
    assert corpus.layout == "parallel lines with features in 3 shards"
    assert corpus.has_features
    assert len(corpus.files) == 9
    assert corpus.warnings() == []


def test_a_shard_with_more_lines_on_a_side_is_named(tmp_path: Path) -> None:
    corpus = shards(tmp_path).open(None)
    (tmp_path / "1.en").write_text("x\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=re.escape(f"{tmp_path / '1.de'} has 3 lines and {tmp_path / '1.en'} has 1")):
        rows(corpus)


def test_compressed_shards_are_read_and_their_pairs_estimated(tmp_path: Path) -> None:
    for name in ("plain", "packed"):
        (tmp_path / name).mkdir()
    plain = shards(tmp_path / "plain").open(None)
    packed = shards(tmp_path / "packed", write=lambda path, text: path.write_bytes(gzip.compress(text.encode())))
    assert [pair for pair in rows(packed.open(None)) if isinstance(pair, Pair)] == [
        pair for pair in rows(plain) if isinstance(pair, Pair)
    ]
    assert plain.estimated_pairs() == packed.open(None).estimated_pairs() == 9


def test_shards_have_several_targets(tmp_path: Path) -> None:
    shards(tmp_path)
    source, target = (str(tmp_path / f"*.{side}") for side in ("de", "en"))
    choices = [FilesCorpus(source=source, target=one) for one in (target, source)]
    corpus = SeveralTargets([choice.open(None) for choice in choices])
    assert [pair.source for pair in rows(corpus) if isinstance(pair, Pair)] == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert corpus.references[2:4] == [("x1", "a1"), ("z1", "b1")]
    assert corpus.name == "*.de and *.en and *.de"


def test_what_a_pattern_is() -> None:
    assert [is_pattern(name) for name in ("a*", "a?", "a[bc]", "a[b", "a]")] == [True, True, True, False, False]
    assert without_wildcards("train.*.de") == "train.de"
    assert without_wildcards("part-?????-of-00016") == "part-of-00016"
    assert without_wildcards("*") == "*"
