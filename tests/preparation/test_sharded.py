"""A corpus in shards is prepared as the files one after the other."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.corpora.memory import InMemory
from tandem.corpora.parallel_files import ParallelFiles, ShardedFiles
from tandem.errors import CorpusError
from tandem.preparation import shard_work, sharded
from tandem.preparation.cache import ACCOUNT, FAULTY, Prepared, clear, entries
from tandem.preparation.preparation import prepare_corpus
from tests.preparation.sharded_corpora import PAIRS, tokens, write
from tests.preparation.small_corpora import contents, sources

pytestmark = pytest.mark.usefixtures("quick")


def unnamed(prepared: Prepared) -> dict[str, bytes]:
    """All files but those that tell the names of the corpus's files."""
    return {name: content for name, content in contents(prepared.folder).items() if name not in (ACCOUNT, FAULTY)}


words = st.text("abc ä", max_size=6)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    copying=st.booleans(),
    fraction=st.sampled_from([0.0, 0.2]),
    apart=st.booleans(),
    lowercase=st.booleans(),
)
def test_it_is_prepared_as_the_files_one_after_the_other(
    data: st.DataObject, copying: bool, fraction: float, apart: bool, lowercase: bool, tmp_path: Path
) -> None:
    pairs = [("one b", "zwei"), ("two", "a"), *data.draw(st.lists(st.tuples(words, words), min_size=2, max_size=20))]
    cuts = data.draw(st.lists(st.integers(1, len(pairs) - 1), min_size=1, max_size=4, unique=True).map(sorted))
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    both = write(folder, pairs, cuts)
    validation = InMemory(PAIRS[:5], "other") if apart else None
    found, whole = (
        prepare_corpus(
            sources(one, validation, fraction=fraction, lowercase=lowercase),
            tokens(copying),
            folder / f"cache {number}",
        )
        for number, one in enumerate(both)
    )
    assert unnamed(found) == unnamed(whole)
    faulty = [len((one.folder / FAULTY).read_text(encoding="utf-8").splitlines()) for one in (found, whole)]
    assert faulty[0] == faulty[1]
    dropped = [
        [line.partition(" The first: ")[0].rpartition(": dropped")[2] for line in p.messages] for p in (found, whole)
    ]
    assert dropped[0] == dropped[1]
    assert len(found.files["train"]) == 2 * len(both[0].shards)


def test_over_all_cores_it_is_the_same(
    in_shards: ShardedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = prepare_corpus(sources(in_shards), tokens(), tmp_path / "one")
    monkeypatch.setattr(sharded, "cores", lambda: 2)
    assert contents(prepare_corpus(sources(in_shards), tokens(), tmp_path / "two").folder) == contents(one.folder)


def test_a_faulty_pair_may_stop_it_and_what_others_counted_is_kept(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", [*PAIRS, ("", "x")], [100])[0]
    with pytest.raises(CorpusError, match=r"s\.1\.de line 21: the text is empty.* Or leave such pairs out"):
        prepare_corpus(sources(corpus, on_error="stop"), tokens(), tmp_path / "cache")
    (entry,) = entries(tmp_path / "cache")
    assert entry.pairs is None
    assert entry.size > 1000
    assert clear(tmp_path / "cache") == []
    assert not (tmp_path / "cache").exists()


def test_errors_of_workers_reach_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharded, "cores", lambda: 2)
    corpus = write(tmp_path / "corpus", PAIRS, [50])[0]
    with (tmp_path / "corpus" / "s.1.en").open("a", encoding="utf-8") as file:
        file.write("one more\n")
    with pytest.raises(CorpusError, match=r"s\.1\.de has 70 lines and .*s\.1\.en has 71"):
        prepare_corpus(sources(corpus), tokens(), tmp_path / "cache")
    with pytest.raises(OSError, match="No space left"):
        shard_work.unpack_result(shard_work.pack_result(full_disk, 1))


def full_disk(_: int) -> bool:
    raise OSError(28, "No space left on device", "file")


def test_a_corpus_whose_every_pair_is_faulty_is_refused_but_not_a_shard(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", [*[("", "x")] * 1100, *PAIRS], [1100])[0]
    assert len(prepare_corpus(sources(corpus), tokens(), tmp_path / "cache").train) > 50
    nothing = write(tmp_path / "nothing", [("", "x")] * 10, [5])[0]
    with pytest.raises(CorpusError, match="no pair is left: dropped 10 of 10 pairs"):
        prepare_corpus(sources(nothing), tokens(), tmp_path / "cache")


@pytest.mark.parametrize("stage", ["counted", "encoded"])
def test_a_shard_that_changes_meanwhile_stops_it(stage: str, in_shards: ShardedFiles, tmp_path: Path) -> None:
    def change(what: str, done: int, _: int | None) -> None:
        if what == f"{stage} shards" and done == 1:
            (tmp_path / "corpus" / "s.1.de").write_text("other\n" * 29, encoding="utf-8")

    with pytest.raises(CorpusError, match=r"s\.1\.de and s\.1\.en: it was changed while it was read"):
        prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", on_progress=change)


def test_a_preparation_under_way_is_not_cleared(in_shards: ShardedFiles, tmp_path: Path) -> None:
    remaining: list[list[str]] = []

    def try_to_clear(what: str, done: int, _: int | None) -> None:
        if what.endswith("shards"):
            remaining.append(clear(tmp_path / "cache"))

    prepared = prepare_corpus(sources(in_shards), tokens(), tmp_path / "cache", on_progress=try_to_clear)
    assert all("it is being prepared" in reasons[0] for reasons in remaining)
    assert clear(tmp_path / "cache") == []
    assert not prepared.folder.exists()


def test_a_damaged_one_is_made_anew(in_shards: ShardedFiles, tmp_path: Path) -> None:
    first = prepare_corpus(sources(in_shards), tokens(), tmp_path)
    expected, said = contents(first.folder), list[str]()
    path = first.folder / "train.source.ids"
    path.write_bytes(expected[path.name][:-4])
    found = prepare_corpus(sources(in_shards), tokens(), tmp_path, notify=said.append)
    assert contents(found.folder) == expected
    assert said == [f"corpus: what was prepared in {first.folder} is damaged; it is made anew"]
    path.write_bytes(bytes(len(expected[path.name])))
    assert contents(prepare_corpus(sources(in_shards), tokens(), tmp_path, verify=True).folder) == expected


def test_corpora_that_are_not_in_shards_keep_their_place_in_the_cache(tmp_path: Path) -> None:
    """Old caches stay valid: the names here are those that earlier versions gave."""
    whole = write(tmp_path / "corpus", PAIRS, [50])[1]
    assert prepare_corpus(sources(whole), tokens(), tmp_path).folder.name == "6873ff884ce3e76ce2f129a0ba143794"
    validation = ParallelFiles(tmp_path / "corpus" / "s.1.de", tmp_path / "corpus" / "s.1.en")
    assert (
        prepare_corpus(sources(whole, validation), tokens(True), tmp_path).folder.name
        == "9a6169c53ba5b2c5fe58454a71596b73"
    )
