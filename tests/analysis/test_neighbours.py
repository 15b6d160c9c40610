"""The nearest training sentences are exact, and what the cache has is what would be computed."""

from pathlib import Path

import pytest
import torch

from tandem.analysis import neighbours
from tandem.analysis.contexts import ContextReader
from tandem.analysis.neighbours import TrainingIndex, TrainingPairs
from tandem.analysis.plane import principal_plane
from tandem.errors import CorpusError
from tandem.preparation.cache import CONTEXTS, clear, contexts_in, entries
from tandem.recipe import Data
from tandem.translation.translator import Translator
from tests.support.runs import number_pairs, untrained

PAIRS = [*number_pairs(60), *number_pairs(60)[:20], ("eins zwei drei vier", "another target")]
SOURCES = list(dict.fromkeys(source for source, _ in PAIRS))
TEXT = "eins sechs zwei"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "train.tsv"
    write(path, PAIRS)
    return path


def write(path: Path, pairs: list[tuple[str, str]]) -> None:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")


def pairs_of(path: Path) -> TrainingPairs:
    data = Data.model_validate({"train": {"kind": "tsv", "path": str(path)}})
    return TrainingPairs(data.train.open(None), data)


@pytest.fixture(scope="module")
def translator() -> Translator:
    return untrained("lstm", "model.layers=2", pairs=PAIRS)


def opened(translator: Translator, corpus: Path, progress: list[tuple[int, int]] | None = None) -> TrainingIndex:
    hear = (lambda *some: progress.append(some)) if progress is not None else lambda *_: None
    return TrainingIndex.open(ContextReader(translator), pairs_of(corpus), corpus.parent / "cache", hear)


def test_neighbours_are_the_nearest_of_all_distinct_sources(
    translator: Translator, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_READ_TOGETHER", 16)
    monkeypatch.setattr(neighbours, "_COMPARED_TOGETHER", 7)
    progress: list[tuple[int, int]] = []
    index = opened(translator, corpus, progress)
    assert len(index) == len(SOURCES)
    assert progress == [(done, len(SOURCES)) for done in (0, 16, 32, 48, len(SOURCES))]
    read = ContextReader(translator)
    distances = torch.cdist(read([TEXT]).double(), read(SOURCES).double())[0]
    best = distances.argsort(stable=True)[:12].tolist()
    found, _ = index.look_up(TEXT, 12)
    targets: dict[str, str] = {}
    for source, target in PAIRS:
        targets.setdefault(source, target)
    assert [(one.source, one.target) for one in found] == [(SOURCES[n], targets[SOURCES[n]]) for n in best]
    assert [one.distance for one in found] == pytest.approx(distances[best].tolist(), abs=1e-4)
    assert len(index.look_up(TEXT, 1000)[0]) == len(SOURCES)


def test_a_training_sentence_is_its_own_nearest_neighbour(translator: Translator, corpus: Path) -> None:
    index = opened(translator, corpus)
    for source in SOURCES[::9]:
        nearest = index.look_up(source, 1)[0][0]
        assert nearest.source == source
        assert nearest.distance == pytest.approx(0, abs=1e-3)


def test_the_plane_is_that_of_the_drawn_sentences(
    translator: Translator, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "MOST_DRAWN", 25)
    index = opened(translator, corpus)
    drawn = SOURCES[:: -(-len(SOURCES) // 25)]
    points, variance = principal_plane(ContextReader(translator)(drawn))
    assert index.points.numpy() == pytest.approx(points.numpy(), abs=1e-4)
    assert index.variance == pytest.approx(variance, rel=1e-4)
    assert index.look_up(drawn[3], 1)[1] == pytest.approx(tuple(points[3].tolist()), abs=1e-4)


def test_an_index_is_computed_once(translator: Translator, corpus: Path) -> None:
    progress: list[tuple[int, int]] = []
    first = opened(translator, corpus).look_up(TEXT, 5)
    assert opened(translator, corpus, progress).look_up(TEXT, 5) == first
    assert progress == []


@pytest.mark.parametrize("name", [*CONTEXTS, "format.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_index_is_made_anew(translator: Translator, corpus: Path, name: str, harm: str) -> None:
    expected = opened(translator, corpus).look_up(TEXT, 5)
    (folder,) = contexts_in(corpus.parent / "cache").iterdir()
    content = bytearray((folder / name).read_bytes())
    if harm == "gone":
        (folder / name).unlink()
    else:
        content[5] ^= 1
        (folder / name).write_bytes(content if harm == "changed" else content[:-4])
    progress: list[tuple[int, int]] = []
    assert opened(translator, corpus, progress).look_up(TEXT, 5) == expected
    assert progress[-1] == (len(SOURCES), len(SOURCES))


def test_another_encoder_or_another_corpus_has_another_index(translator: Translator, corpus: Path) -> None:
    opened(translator, corpus)
    index = opened(untrained("gru", pairs=PAIRS), corpus)
    assert index.is_current()
    write(corpus, PAIRS[:30])
    assert not index.is_current()
    assert len(opened(translator, corpus)) == 30
    assert len(list(contexts_in(corpus.parent / "cache").iterdir())) == 3


def test_only_the_first_sentences_are_searched(
    translator: Translator, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "MOST_SENTENCES", 10)
    found, _ = opened(translator, corpus).look_up(TEXT, 100)
    assert {one.source for one in found} == set(SOURCES[:10])


class Left(Exception):
    pass


def test_work_that_is_left_leaves_nothing(translator: Translator, corpus: Path) -> None:
    def leave(done: int, _: int) -> None:
        if done:
            raise Left

    cache = corpus.parent / "cache"
    with pytest.raises(Left):
        TrainingIndex.open(ContextReader(translator), pairs_of(corpus), cache, leave)
    assert list(contexts_in(cache).iterdir()) == []


def test_a_corpus_that_is_gone_is_an_error(translator: Translator, corpus: Path) -> None:
    index = opened(translator, corpus)
    pairs = pairs_of(corpus)
    corpus.unlink()
    said = f"{corpus}: the training corpus cannot be read: No such file or directory. Put it where it was"
    for ask in (index.is_current, pairs.stamps):
        with pytest.raises(CorpusError, match=said):
            ask()


def test_a_corpus_that_has_become_shorter_is_an_error(translator: Translator, corpus: Path) -> None:
    index = opened(translator, corpus)
    write(corpus, PAIRS[:2])
    with pytest.raises(CorpusError, match=r"train.tsv: the training corpus was changed meanwhile: ask again"):
        index.look_up(TEXT, 5)


def test_what_is_not_tandem_s_stays_in_the_cache(translator: Translator, corpus: Path) -> None:
    opened(translator, corpus)
    (folder,) = contexts_in(corpus.parent / "cache").iterdir()
    (folder / "own.txt").write_text("mine")
    (folder / CONTEXTS[0]).unlink()
    with pytest.raises(CorpusError, match="there is something in it that Tandem did not put there"):
        opened(translator, corpus)
    assert (folder / "own.txt").read_text() == "mine"


def test_contexts_are_listed_and_cleared_with_the_cache(translator: Translator, corpus: Path) -> None:
    opened(translator, corpus)
    cache = corpus.parent / "cache"
    (entry,) = entries(cache)
    assert (entry.contexts, entry.pairs) == (True, len(SOURCES))
    assert entry.size == sum(path.stat().st_size for path in entry.folder.iterdir())
    assert clear(cache) == []
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_an_error(translator: Translator, corpus: Path) -> None:
    (corpus.parent / "cache").mkdir()
    (corpus.parent / "cache" / "contexts").write_text("a file")
    with pytest.raises(CorpusError, match=r"cannot be written: .*set TANDEM_CACHE to another folder"):
        opened(translator, corpus)
