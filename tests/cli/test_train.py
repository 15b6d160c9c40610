"""`tandem train`: from files or a recipe to a run, and what it says when that cannot be."""

import json
import shlex
import signal
from pathlib import Path

import pytest

from tandem.corpora.captions import captions
from tandem.corpora.captions.corpus import Captions
from tandem.corpora.memory import InMemory
from tandem.model_paths import checkpoint_of, read_current
from tandem.recipe import dump_recipe, load_recipe, make_recipe
from tandem.recording import Recorder
from tests.support.console import Outcome, Tandem
from tests.support.corpora import write_parquet
from tests.support.runs import NUMBERS, StopAfter, assert_same_run, number_pairs, tiny_recipe

PAIRS = number_pairs(40)
SMALL = [
    part
    for setting in ("model.hidden=8", "model.embedding=6", "training.epochs=1", "training.precision=float32")
    for part in ("--set", setting)
]
FILES = ("--source", "train.de", "--target", "train.en")


@pytest.fixture(autouse=True)
def corpus(elsewhere: Path) -> Path:
    """The same pairs in files of every kind."""
    for side, name in enumerate(("train.de", "train.en")):
        (elsewhere / name).write_text("".join(pair[side] + "\n" for pair in PAIRS), encoding="utf-8")
    (elsewhere / "pairs.tsv").write_text("".join(f"{n}\t{en}\t{de}\n" for n, (de, en) in enumerate(PAIRS)), "utf-8")
    rows = [json.dumps({"de": de, "en": en}) + "\n" for de, en in PAIRS]
    (elsewhere / "pairs.jsonl").write_text("".join(rows), encoding="utf-8")
    write_parquet(elsewhere / "pairs.parquet", PAIRS, "de", "en")
    return elsewhere


def recipe_file(folder: Path, *settings: str) -> Path:
    tree = tiny_recipe(*settings).model_dump(exclude_none=True)
    tree["data"] = {"train": {"kind": "files", "source": "train.de", "target": "train.en"}, "folder": str(folder)}
    path = folder / "mine.toml"
    path.write_text(dump_recipe(make_recipe(tree, "here")), encoding="utf-8")
    return path


def refused(found: Outcome, *said: str) -> None:
    """Exit code 1, and one message on standard error that says all of this, with no traceback."""
    assert found.code == 1
    assert found.err.startswith("tandem: ")
    assert "Traceback" not in found.err
    for part in said:
        assert part in found.err


def test_two_files_are_enough(tandem: Tandem, elsewhere: Path) -> None:
    found = tandem("train", *FILES, *SMALL, "--device", "cpu")
    assert (found.code, found.err) == (0, "")
    for said in (
        "• source tokens: ",
        "• target tokens: ",
        "• model: ",
        "• schedule: ",
        "• validation: on 40 of the 40 training pairs",
    ):
        assert said in found.out
    run = elsewhere / "runs" / "train.de-train.en"
    recipe = load_recipe(run / "recipe.toml")
    assert (recipe.model.hidden, recipe.training.epochs) == (8, 1)
    assert "bleu" in found.out
    assert "on 40 pairs of the training corpus" in found.out
    assert "open runs/train.de-train.en/report.html" in found.out
    # What to type next is there, and works.
    command = next(line for line in found.lines if line.startswith("  tandem translate runs/") and "--help" not in line)
    assert tandem(*shlex.split(command)[1:]).code == 0


def test_a_second_run_gets_a_directory_of_its_own(tandem: Tandem, elsewhere: Path) -> None:
    for _ in range(3):
        assert tandem("train", *FILES, *SMALL).code == 0
    names = {path.name for path in (elsewhere / "runs").iterdir()}
    assert names == {f"train.de-train.en{number}" for number in ("", "-2", "-3")}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--tsv", "pairs.tsv", "--columns", "3,2"), "pairs"),
        (("--jsonl", "pairs.jsonl", "--columns", "de,en"), "pairs"),
        (("--parquet", "pairs.parquet", "--columns", "de,en"), "pairs"),
        (("--corpus", "captions"), "captions"),
        ((*FILES, "--validation-source", "train.de", "--validation-target", "train.en"), "train.de-train.en"),
    ],
)
def test_pairs_come_from_anywhere(
    options: tuple[str, ...], name: str, tandem: Tandem, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tandem.corpora.captions.captions", lambda: Captions(tuple(PAIRS), (), ()))
    found = tandem("train", *options, *SMALL)
    assert (found.code, found.err) == (0, "")
    recipe = load_recipe(elsewhere / "runs" / name / "recipe.toml")
    assert (recipe.data.validation is not None) == ("--validation-source" in options)
    assert ("since nothing is held back" in found.out) == ("--validation-source" not in options)
    checkpoint = checkpoint_of(elsewhere / "runs" / name)
    target = json.loads((checkpoint / "target.tokenizer.json").read_text(encoding="utf-8"))
    assert set(NUMBERS.values()) <= set(target["model"]["vocab"])


@pytest.mark.parametrize(
    ("train", "others", "kind"),
    [
        (FILES, ("{}-source", "{}.de", "{}-target", "{}.en"), "files"),
        (("--tsv", "pairs.tsv", "--columns", "3,2"), ("{}-tsv", "{}.tsv"), "tsv"),
        (("--jsonl", "pairs.jsonl", "--columns", "de,en"), ("{}-jsonl", "{}.jsonl"), "jsonl"),
        (("--parquet", "pairs.parquet", "--columns", "de,en"), ("{}-parquet", "{}.parquet"), "parquet"),
        (("--corpus", "captions"), ("{}-corpus", "captions"), "named"),
        (("--hub", "numbers", "--columns", "de,en"), ("{}-hub", "numbers"), "hub"),
        (FILES, ("{}-tsv", "{}.tsv", "{}-columns", "3,2"), "tsv"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else given,
)
def test_validation_and_test_data_come_from_anywhere(
    train: tuple[str, ...],
    others: tuple[str, ...],
    kind: str,
    tandem: Tandem,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = {"train": PAIRS, "validation": number_pairs(6, seed=7), "test": number_pairs(7, seed=8)}
    for role, pairs in parts.items():
        for side, language in enumerate(("de", "en")):
            (elsewhere / f"{role}.{language}").write_text("".join(pair[side] + "\n" for pair in pairs), "utf-8")
        (elsewhere / f"{role}.tsv").write_text("".join(f"x\t{en}\t{de}\n" for de, en in pairs), "utf-8")
        rows = [json.dumps({"de": de, "en": en}) + "\n" for de, en in pairs]
        (elsewhere / f"{role}.jsonl").write_text("".join(rows), encoding="utf-8")
        write_parquet(elsewhere / f"{role}.parquet", pairs, "de", "en")
    monkeypatch.setattr("tandem.corpora.captions.captions", lambda: Captions(*map(tuple, parts.values())))
    monkeypatch.setattr(
        "tandem.corpora.hub.HubDataset", lambda name, split, *_: InMemory(parts[split], f"{name} {split}")
    )
    options = [
        option.format(f"--{role}" if option.startswith("{}-") else role)
        for role in ("validation", "test")
        for option in others
    ]
    found = tandem("train", *train, *options, *SMALL, "--out", "run")
    assert (found.code, found.err) == (0, "")
    assert "carved off" not in found.out
    assert "40 training pairs in" in found.out
    assert "on 7 pairs of the test corpus" in found.out
    data = load_recipe(elsewhere / "run" / "recipe.toml").data
    assert data.validation is not None
    assert data.test is not None
    assert (data.validation.kind, data.test.kind) == (kind, kind)


def test_the_options_of_each_corpus_are_named_in_its_errors(tandem: Tandem) -> None:
    refused(tandem("train", *FILES, "--test-source", "x"), "give both --test-source FILE and --test-target FILE")
    both = ("--validation-tsv", "a", "--validation-jsonl", "b")
    refused(tandem("train", *FILES, *both), "--validation-tsv and --validation-jsonl: a corpus comes from one of them")
    refused(tandem("train", *FILES, "--test-hub", "x"), "--test-hub x: say which columns", "--test-columns")
    refused(
        tandem("train", *FILES, "--test-columns", "1,2"),
        "--test-columns 1,2: only --test-csv, --test-tsv, --test-js",
    )
    refused(tandem("train", *FILES, "--test-corpus", "captions:tst"), "--test-corpus captions:tst: there is no split")
    refused(tandem("train", "--test-tsv", "pairs.tsv"), "there is nothing to train on")


def test_a_recipe_is_trained_with_settings_over_it(tandem: Tandem, elsewhere: Path) -> None:
    path = recipe_file(elsewhere)
    found = tandem("train", path, "--set", "training.epochs=1", "--set", "model.cell=gru", "--out", "out dir")
    assert (found.code, found.err) == (0, "")
    written = load_recipe(elsewhere / "out dir" / "recipe.toml")
    assert written == load_recipe(path, ["training.epochs=1", "model.cell=gru"])
    assert tandem("train", path, "--set", "training.epochs=1").code == 0
    assert (elsewhere / "runs" / "mine").is_dir()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "training.epocs=1"), "training.epocs: there is no such setting. Did you mean training.epochs?"),
        (("--out", "."), "this is not an empty directory"),
        (("--out", "\udcfc"), "a run's directory needs a name in UTF-8, without NUL. Choose another with --out"),
        (("--set", "data.train.source=tr\udce4in.de"), "not UTF-8"),
    ],
)
def test_wrong_settings_and_directories_show_before_the_corpus_is_read(
    arguments: tuple[str, ...], said: str, tandem: Tandem, elsewhere: Path
) -> None:
    (elsewhere / "any").touch()
    refused(tandem("train", "--source", "missing.de", "--target", "missing.en", *arguments), said)


def test_all_faults_of_a_recipe_are_reported_at_once(tandem: Tandem, elsewhere: Path) -> None:
    path = elsewhere / "wrong.toml"
    path.write_text("[model]\nhiden = 3\nlayers = 0\n", encoding="utf-8")
    found = tandem("train", path, "--set", "training.epocs=5")
    refused(found, "wrong.toml: 4 settings not valid", "model.hiden: there is no such setting", "data: is missing")
    refused(found, "model.layers: Input should be greater than or equal to 1; it is 0", "training.epocs: there is no")
    assert found.out == ""
    assert not (elsewhere / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there is nothing to train on: give two files of texts, a table such as pairs.csv, or"),
        (("--source", "train.de"), "give both --source FILE and --target FILE"),
        (("--source", "no.de", "--target", "train.en"), "no.de: there is no such file"),
        ((*FILES, "--tsv", "pairs.tsv"), "--source and --target and --tsv: a corpus comes from one of them"),
        (("--tsv", "pairs.tsv", "--columns", "1"), "--columns 1: name two columns with a comma between"),
        (("--tsv", "pairs.tsv", "--columns", "de,en"), "the header has no column called 'de'"),
        (("--corpus", "captions:dev"), "there is no split 'dev'; the splits are train, validation and test"),
        (("--corpus", "wmt"), "There is no corpus called 'wmt'"),
        (("--corpus", "multi30k"), "Fetch it with `tandem data get multi30k`"),
        (("--hub", "a/b"), "--hub a/b: say which columns hold the texts"),
        (("no.toml",), "no.toml: there is no such recipe"),
        (("no.toml", *FILES), "no.toml: a recipe names its corpora; leave out the others"),
        ((*FILES, "--set", "epochs"), "--set epochs: settings have the form section.key=value"),
        ((*FILES, "--set", "model.hidden=big"), "model.hidden: "),
        ((*FILES, "--set", "hidden=64"), "hidden: there is no such setting. Did you mean model.hidden?"),
        ((*FILES, "--out", "."), "this is not an empty directory, and not a run either. Choose another with --out"),
        (
            (*FILES, "--out", "train.de/run"),
            "train.de is not a directory that you may write to. Choose another",
        ),
        (("--resume",), "--resume: name the run to resume, with --out DIR"),
        (("--resume", "--out", "nowhere"), "nowhere holds no run"),
        (("--resume", "--out", "."), ". holds no run"),
        (("--resume", "--out", ".", *FILES), "the run in . has its corpora already"),
        (("--resume", "--out", ".", "no.toml"), "no.toml: there is no such recipe"),
        (
            ("--resume", "--out", ".", "--validation-source", "train.de", "--validation-target", "train.en"),
            "the run in . has its corpora already",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence_on_standard_error(
    arguments: tuple[str, ...], said: str, tandem: Tandem, elsewhere: Path
) -> None:
    before = {path.name for path in elsewhere.iterdir()}
    refused(tandem("train", *arguments), said)
    assert {path.name for path in elsewhere.iterdir()} == before


def test_a_loss_that_is_not_finite_ends_with_a_remedy(tandem: Tandem) -> None:
    found = tandem("train", *FILES, *SMALL, "--set", "model.init_range=1e37", "--out", "run")
    refused(found, "step 1 (epoch 1): the loss is ", "Lower training.optimizer.learning_rate")


def stop_after(step: int, monkeypatch: pytest.MonkeyPatch, number: int = signal.SIGINT) -> None:
    def display(_: object) -> Recorder:
        return StopAfter(step, number)

    monkeypatch.setattr("tandem.recording.live.live_display", display)


@pytest.mark.parametrize(("step", "number"), [(1, signal.SIGINT), (6, signal.SIGTERM)])
def test_a_stopped_run_says_how_it_goes_on_and_does(
    step: int, number: int, tandem: Tandem, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recipe_file(elsewhere, "training.epochs=3")
    assert tandem("train", path, "--out", "whole").code == 0
    with monkeypatch.context() as patched:
        stop_after(step, patched, number)
        found = tandem("train", path, "--out", "a run")
    assert (found.code, "Traceback" in found.err) == (128 + number, False)
    assert "• stopping: the step or validation under way is finished, then the run is saved; Ctrl-C again" in found.out
    assert f"Stopped. Everything up to step-{step + 1:08d} is saved. Go on with:" in found.out
    command = found.lines[-1].strip()
    assert command == "tandem train --resume --out 'a run'"
    went_on = tandem(*shlex.split(command)[1:])
    assert went_on.code == 0
    assert f"• going on after step {step + 1}, in epoch " in went_on.out
    assert_same_run(elsewhere / "a run", elsewhere / "whole")


def test_a_run_that_is_stopped_before_it_trains_has_nothing_to_go_on_from(
    tandem: Tandem, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hit(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr("tandem.runs.new_models.build_model", hit)
        found = tandem("train", *FILES, *SMALL, "--out", "run")
    assert (found.code, found.err) == (143, "")
    assert "Stopped. Nothing was saved in run yet" in found.out
    assert not (elsewhere / "run").exists()


def test_another_recipe_goes_on_with_a_run_where_it_may(tandem: Tandem, elsewhere: Path) -> None:
    path = recipe_file(elsewhere, "training.epochs=1")
    assert tandem("train", path, "--out", "run").code == 0
    other = recipe_file(elsewhere, "training.epochs=2", "training.clip_norm=off")
    found = tandem("train", other, "--resume", "--out", "run")
    assert (found.code, found.err) == (0, "")
    assert '• training.epochs: 1 -> 2\n• training.clip_norm: 1.0 -> "off"\n' in found.out
    assert load_recipe(elsewhere / "run" / "recipe.toml") == load_recipe(other)
    refused(tandem("train", other, "--resume", "--out", "run", "--set", "seed=5"), "seed: 1 -> 5", "cannot change when")


def test_a_run_gets_more_epochs(tandem: Tandem, elsewhere: Path) -> None:
    assert tandem("train", *FILES, *SMALL, "--out", "run").code == 0
    found = tandem("train", "--resume", "--out", "run", "--set", "training.epochs=2")
    assert (found.code, found.err) == (0, "")
    assert read_current(elsewhere / "run").last == "checkpoints/epoch-002"
    refused(tandem("train", "--resume", "--out", "run", "--set", "model.hidden=9"), "model.hidden: 8 -> 9")


def test_the_demo_trains_measures_and_translates(tandem: Tandem, monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = captions()
    few = Captions(built_in.train[:60], built_in.validation[:6], built_in.test[:7])
    monkeypatch.setattr("tandem.corpora.captions.captions", lambda: few)
    found = tandem("demo", *SMALL)
    assert (found.code, found.err) == (0, "")
    assert "  Guten Morgen!  →  " in found.out
    assert "on 7 pairs of the test corpus" in found.out
    assert "tandem translate runs/demo " in found.out
