"""Bulk jobs: what they write is what `translate` writes, however they were cut, stopped and killed."""

import gzip
import json
from pathlib import Path

import pytest

import tandem
from tandem.bulk import read_status, run_bulk
from tandem.bulk.bulk_job import BulkJob, Cut
from tandem.bulk.folder import BulkFolder
from tandem.bulk.ledger import Ledger, ShardDone
from tandem.bulk.shard_worker import ShardWorker
from tandem.errors import CorpusError, OutputError, TandemError
from tandem.runs.bulk_evaluation import evaluate_bulk
from tests.bulk.small_jobs import SOURCES, expected, request, written
from tests.support.runs import number_pairs

ODD = ["", "eins\tzwei", "eins\r", "eins zwei"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shard_lines", [1, 7, 16, 1000, None])
def test_shards_of_any_size_give_the_translations_of_one_process(
    model: Path, tmp_path: Path, shard_lines: int | None
) -> None:
    source = written(tmp_path / "in", [*SOURCES, *ODD])
    manifest = run_bulk(request(model, source, shard_lines=shard_lines))
    texts = [*SOURCES, *(text.rstrip("\r") for text in ODD)]
    assert (tmp_path / "out" / "output" / "in").read_text(encoding="utf-8").split("\n")[:-1] == expected(model, texts)
    assert (manifest.lines, manifest.faults) == (len(texts), 0)


@pytest.mark.usefixtures("here")
def test_several_files_plain_and_packed(model: Path, tmp_path: Path) -> None:
    first = written(tmp_path / "a.txt", SOURCES[:20])
    second, empty = tmp_path / "b.txt.gz", written(tmp_path / "c.txt", [])
    second.write_bytes(gzip.compress("\ufeff{}".format("\n".join(SOURCES[20:])).encode()))
    run_bulk(request(model, tmp_path / "*.txt*"))
    output = tmp_path / "out" / "output"
    wanted = expected(model, SOURCES)
    assert (output / first.name).read_text(encoding="utf-8").splitlines() == wanted[:20]
    assert gzip.decompress((output / second.name).read_bytes()).decode().splitlines() == wanted[20:]
    assert (output / empty.name).read_bytes() == b""


@pytest.mark.usefixtures("here")
def test_inputs_of_one_name_keep_their_folders(model: Path, tmp_path: Path) -> None:
    for name in ("de", "at"):
        (tmp_path / name).mkdir()
        written(tmp_path / name / "in", [name])
    run_bulk(request(model, tmp_path / "de" / "in", tmp_path / "at" / "in", output=tmp_path / "out"))
    output = tmp_path / "out" / "output"
    assert sorted(path.relative_to(output).as_posix() for path in output.rglob("in")) == ["at/in", "de/in"]


@pytest.mark.usefixtures("here")
def test_scores_are_those_of_the_translator(model: Path, tmp_path: Path) -> None:
    pairs = number_pairs(20, seed=3)
    source = written(tmp_path / "in.tsv", ["\t".join(pair) for pair in pairs])
    run_bulk(request(model, source, task="score"))
    sources, targets = zip(*pairs, strict=True)
    wanted = [score.log_probability for score in tandem.load(model).score(sources, targets)]
    lines = (tmp_path / "out" / "output" / "in.tsv").read_text(encoding="utf-8").splitlines()
    assert [float(line.split("\t")[2]) for line in lines] == pytest.approx(wanted, abs=2e-5)


@pytest.mark.usefixtures("here")
def test_an_evaluation_gives_the_figures_of_evaluate(model: Path, tmp_path: Path) -> None:
    pairs = [*number_pairs(130, seed=3), ("eins", "two"), ("eins", "one")]
    source = written(tmp_path / "in.tsv", ["\t".join(pair) for pair in [*pairs, ("", "one"), ("eins", " ")]])
    run_bulk(request(model, source, task="evaluate"))
    found = evaluate_bulk(tmp_path / "out")
    wanted = tandem.evaluate(tandem.load(model), pairs)
    assert [score.name for score in found.evaluation.scores] == [score.name for score in wanted.scores]
    assert [score.signature for score in found.evaluation.scores] == [score.signature for score in wanted.scores]
    assert [score.value for score in found.evaluation.scores] == pytest.approx(
        [s.value for s in wanted.scores], rel=1e-5
    )
    assert (found.evaluation.pairs, found.dropped) == (132, 2)


@pytest.mark.usefixtures("here")
def test_a_line_without_a_translation_is_an_error_in_its_place(model: Path, tmp_path: Path) -> None:
    texts = ["eins", "\udcff", "zwei " * 20_000, "drei", "x" * (2**20 + 1), "vier"]
    source = tmp_path / "in"
    source.write_bytes(b"".join(text.encode("utf-8", "surrogateescape") + b"\n" for text in texts))
    manifest = run_bulk(request(model, source, shard_lines=3))
    one, three, four = expected(model, ["eins", "drei", "vier"])
    lines = (tmp_path / "out" / "output" / "in").read_text(encoding="utf-8").split("\n")
    assert lines == [one, "", "", three, "", four, ""]
    errors = [
        json.loads(line)
        for path in sorted((tmp_path / "out" / "errors").iterdir())
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert [(error["file"], error["line"]) for error in errors] == [(str(source), n) for n in (2, 3, 5)]
    assert [error["reason"].partition(":")[0] for error in errors] == [
        "byte 1 of the line (0xff) is not UTF-8. Save the file as UTF-8, for example with iconv.",
        "is too long",
        "has more than 1,048,576 bytes",
    ]
    assert manifest.faults == read_status(tmp_path / "out").faults == 3
    with pytest.raises(CorpusError, match=r"line 2: byte 1 of the line"):
        run_bulk(request(model, source, output=tmp_path / "other", on_error="stop"))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("form", "search"), [("json", {"sample": 2, "seed": 4}), ("n-best", {"beam": 3, "n_best": 2})])
def test_forms_of_plain_text_do_not_depend_on_the_cut(
    model: Path, tmp_path: Path, form: str, search: dict[str, int]
) -> None:
    source = written(tmp_path / "in", SOURCES)
    for name, lines in (("one", 1000), ("two", 16), ("three", 32)):
        run_bulk(
            request(
                model, source, output=tmp_path / name, shard_lines=lines, form=form, search={"batch_size": 2, **search}
            )
        )
    first, *others = ((tmp_path / name / "output" / "in").read_bytes() for name in ("one", "two", "three"))
    assert first
    assert others == [first, first]


@pytest.mark.usefixtures("here")
def test_another_job_in_the_same_folder_is_an_error_that_says_what_differs(model: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "in", SOURCES)
    run_bulk(request(model, source))
    before = (tmp_path / "out" / "output" / "in").read_bytes()
    with pytest.raises(OutputError, match=r"was begun with beam \d+ \(now 5\)\. Give the same again"):
        run_bulk(request(model, source, search={"batch_size": 2, "beam": 5}))
    with pytest.raises(OutputError, match=r"shard_lines 7 \(now 8\)"):
        run_bulk(request(model, source, shard_lines=8))
    written(source, SOURCES)  # touched only
    run_bulk(request(model, source, shard_lines=None))
    written(source, [*SOURCES[1:], SOURCES[0]])
    with pytest.raises(OutputError, match=r"another content of .*in\. Give"):
        run_bulk(request(model, source))
    assert (tmp_path / "out" / "output" / "in").read_bytes() == before


@pytest.mark.usefixtures("here")
def test_a_folder_with_something_else_in_it_is_left_alone(model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter").write_text("Dear", encoding="utf-8", newline="\n")
    with pytest.raises(OutputError, match=r"holds letter and no bulk job\. Name a new folder"):
        run_bulk(request(model, written(tmp_path / "in", SOURCES)))


@pytest.mark.usefixtures("here")
def test_no_file_matches(model: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"there is no such file, and no file matches"):
        run_bulk(request(model, tmp_path / "nothing.*"))


class Stopped(Exception):
    """Somebody stopped the job."""


def test_a_stopped_job_goes_on_and_does_no_shard_twice(
    model: Path, tmp_path: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "in", SOURCES)
    done: list[int] = []
    real = ShardWorker.run

    def run(self: ShardWorker, number: int) -> ShardDone:
        if len(done) == 4:
            raise Stopped
        done.append(number)
        return real(self, number)

    monkeypatch.setattr(ShardWorker, "run", run)
    with pytest.raises(Stopped):
        run_bulk(request(model, source))
    status = read_status(tmp_path / "out")
    assert (status.shards_done, status.complete, status.lines) == (4, False, 60)
    left = read_shards(tmp_path / "out")

    def go_on(self: ShardWorker, number: int) -> ShardDone:
        left.remove(number)
        return real(self, number)

    monkeypatch.setattr(ShardWorker, "run", go_on)
    run_bulk(request(model, source))
    assert left == []
    assert (tmp_path / "out" / "output" / "in").read_text(encoding="utf-8").splitlines() == expected(model, SOURCES)
    assert not (tmp_path / "out" / "shards").exists()


def read_shards(path: Path) -> list[int]:
    """The numbers of the shards that are not done."""
    folder = BulkFolder(path)
    job, ledger = BulkJob.read(folder), Ledger(folder)
    return [number for number in range(len(Cut(folder, job))) if ledger.record(number) is None]


def test_a_damaged_shard_is_done_anew(model: Path, tmp_path: Path, here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path / "in", SOURCES)
    real, spoilt = ShardWorker.run, []

    def run(self: ShardWorker, number: int) -> ShardDone:
        done = real(self, number)
        if number in (2, 3) and number not in spoilt:
            spoilt.append(number)
            path = self.folder.path / "shards" / done.file
            content = path.read_bytes()
            path.write_bytes(content[:-2] + b"!\n" if number == 2 else content[:-1])
        return done

    monkeypatch.setattr(ShardWorker, "run", run)
    run_bulk(request(model, source))
    assert len(spoilt) == 2
    assert (tmp_path / "out" / "output" / "in").read_text(encoding="utf-8").splitlines() == expected(model, SOURCES)


@pytest.mark.usefixtures("here")
def test_an_input_that_changes_during_the_job_is_an_error(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "in", SOURCES)
    real = ShardWorker.run

    def run(self: ShardWorker, number: int) -> ShardDone:
        written(source, SOURCES[::-1])
        return real(self, number)

    monkeypatch.setattr(ShardWorker, "run", run)
    with pytest.raises(TandemError, match=r"in: was changed since the job began"):
        run_bulk(request(model, source))


@pytest.mark.usefixtures("here")
def test_an_output_that_is_changed_later_is_an_error(model: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "in", SOURCES)
    run_bulk(request(model, source))
    (tmp_path / "out" / "output" / "in").unlink()
    with pytest.raises(OutputError, match=r"is missing, or was changed since it was written"):
        run_bulk(request(model, source))


@pytest.mark.usefixtures("here")
def test_a_job_that_was_killed_while_its_inputs_were_read_begins_anew(model: Path, tmp_path: Path) -> None:
    packed = tmp_path / "in.gz"
    packed.write_bytes(gzip.compress("\n".join(SOURCES).encode()))
    out = tmp_path / "out"
    (out / "inputs").mkdir(parents=True)
    for name in ("inputs/00000000.gz", "cut.npy", "job.json.0123456789ab.aside", "lock"):
        (out / name).write_bytes(b"half")
    run_bulk(request(model, packed))
    assert gzip.decompress((out / "output" / "in.gz").read_bytes()).decode().splitlines() == expected(model, SOURCES)
    assert {path.name for path in out.iterdir()} == {
        *("job.json", "cut.npy", "log.jsonl", "manifest.json"),
        *("ledger", "errors", "output"),
    }
