"""`tandem rescore`: lists of both forms in, the best or whole lists out, weights tuned and used."""

import json
from pathlib import Path

import pytest

from tandem.rescoring import NBestList, even_weights, open_nbest, rescore, with_sources
from tandem.translation import load
from tests.support.console import Tandem
from tests.support.limits import needs_limits, no_file_beyond
from tests.support.runs import number_pairs

PAIRS = number_pairs(5, seed=6)
FILES = ("--source", "test.de", "--target", "test.en")


@pytest.fixture(autouse=True)
def lists(elsewhere: Path, tandem: Tandem, run: Path) -> None:
    """Sources, references, and the run's own hypotheses as Moses lines and as JSON."""
    for name, side in (("test.de", 0), ("test.en", 1)):
        (elsewhere / name).write_text("".join(f"{pair[side]}\n" for pair in PAIRS), encoding="utf-8")
    for name, form in (("moses", ()), ("json", ("--json",))):
        assert tandem("translate", run, "--input", "test.de", "--n-best", 4, "--output", name, *form).code == 0


@pytest.mark.parametrize("form", ["moses", "json"])
def test_the_best_of_each_list_is_a_line(form: str, tandem: Tandem, run: Path) -> None:
    found = tandem("rescore", run, "--n-best", form, "--source", "test.de")
    assert (found.code, found.err) == (0, "")
    lists = with_sources(open_nbest(Path("moses")).lists, [source for source, _ in PAIRS], "test.de")
    expected = rescore(load(run, device="cpu"), lists, even_weights(("score",), 1.0))
    assert found.lines == [nbest.candidates[0].text for nbest in expected]


def test_json_holds_its_sentences_itself(tandem: Tandem, run: Path) -> None:
    with_file = tandem("rescore", run, "--n-best", "json", "--source", "test.de")
    assert tandem("rescore", run, "--n-best", "json") == with_file


def test_whole_lists_come_in_their_own_form_and_can_be_read_again(tandem: Tandem, run: Path) -> None:
    for form in ("moses", "json"):
        options = ("rescore", run, "--n-best", form, "--source", "test.de", "--weights", "score=0.2,model=0.3,length=1")
        assert tandem(*options, "--n-best-out", "all", "--output", f"{form}.new").code == 0
        old, new = (list(open_nbest(Path(name)).lists) for name in (form, f"{form}.new"))
        for before, after in zip(old, new, strict=True):
            assert sorted(c.text for c in before.candidates) == sorted(c.text for c in after.candidates)
            own = {c.text: c for c in before.candidates}
            for candidate in after.candidates:
                model, length = candidate.features["model"][0], candidate.features["length"][0]
                kept = {name: own[candidate.text].features[name] for name in own[candidate.text].features}
                assert candidate.features == {**kept, "model": (model,), "length": (length,)}
                assert candidate.others == own[candidate.text].others
                total = 0.2 * (own[candidate.text].score or 0) + 0.3 * model + length
                assert candidate.score == pytest.approx(total)
        two = tandem(*options, "--n-best-out", 2)
        assert [len(nbest.candidates) for nbest in _read(two.out)] == [2] * len(PAIRS)


def _read(text: str) -> list[NBestList]:
    Path("read.again").write_text(text, encoding="utf-8")
    return list(open_nbest(Path("read.again")).lists)


def test_weights_are_tuned_and_used(tandem: Tandem, run: Path) -> None:
    tuned = tandem("rescore", run, "--n-best", "moses", *FILES, "--tune", "w.json")
    assert (tuned.code, tuned.out) == (0, "")
    content = json.loads(Path("w.json").read_text(encoding="utf-8"))
    assert content["weights"].keys() == {"score", "model", "length"}
    assert content["length_penalty"] == 1.0
    used = tandem("rescore", run, "--n-best", "moses", *FILES, "--weights", "w.json")
    assert used.err == tuned.err  # the same table: BLEU of the list, the model, the new ranking, the oracle
    assert [line.split()[0] for line in used.err.splitlines() if " │ " in line] == [
        "list",
        "model",
        "rescored",
        "oracle",
    ]
    given = ",".join(f"{name}={value}" for name, value in content["weights"].items())
    assert tandem("rescore", run, "--n-best", "moses", *FILES, "--weights", given) == used
    other = tandem("rescore", run, "--n-best", "moses", *FILES, "--weights", "w.json", "--length-penalty", 0)
    assert "|lp:0" in other.err
    by_characters = tandem("rescore", run, "--n-best", "moses", *FILES, "--weights", "w.json", "--tokenize", "char")
    assert "|tok:char|" in by_characters.err.replace("\n", "")


def test_features_stand_in_for_the_lists_score(tandem: Tandem, run: Path) -> None:
    options = ("--n-best", "moses", *FILES, "--length-penalty", 0)
    found = tandem("rescore", run, *options, "--features", "LogProbability")
    assert "by:LogProbability=0.5,model=0.5,length=0|lp:0" in found.err
    assert found.out == tandem("rescore", run, *options, "--weights", "LogProbability=1,model=1").out


def test_a_list_without_scores_is_ranked_by_the_model(tandem: Tandem, run: Path) -> None:
    bare = "".join(
        " ||| ".join(line.split(" ||| ")[:2]) + "\n" for line in Path("moses").read_text("utf-8").splitlines()
    )
    Path("bare").write_text(bare, encoding="utf-8")
    found = tandem("rescore", run, "--n-best", "bare", *FILES)
    assert "by:model=1,length=0|lp:1" in found.err
    assert found.out == tandem("rescore", run, "--n-best", "moses", *FILES, "--weights", "model=1").out


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--source", "short.de"), "moses line 17: it is of sentence 4 (counted from 0), but short.de has 4 lines"),
        (
            ("--source", "long.de"),
            "long.de line 6: there are no hypotheses of it: the n-best list ends after 5 sentences",
        ),
        ((), "moses line 1: the list does not hold its sentence; name the file that it was made from with --source"),
        (
            ("--source", "test.de", "--target", "long.de"),
            "long.de: has 6 lines, but moses is of 5 sentences; give its references",
        ),
        (
            ("--source", "test.de", "--weights", "LM0=1"),
            "moses line 1: there is no 'LM0'; what can be weighed here: score, LogProbability, model, length",
        ),
        (
            ("--source", "test.de", "--tune", "w"),
            "--tune needs --target FILE: weights are tuned for BLEU on its",
        ),
        ((*FILES, "--tune", "w", "--output", "o"), "--tune writes only weights"),
        ((*FILES, "--tune", "w", "--weights", "model=1"), "--weights has both the figures and their weights"),
        ((*FILES, "--n-best-out", "none"), "--n-best-out none: give a number from 1 to 1,000,000,000, or all"),
        ((*FILES, "--weights", "nowhere.json"), "nowhere.json: there is no such file"),
        (("--source", "."), ".: this is a folder, but a file is needed"),
    ],
)
def test_what_does_not_fit_is_told_before_the_work(
    options: tuple[str, ...], fault: str, tandem: Tandem, run: Path
) -> None:
    lines = [source for source, _ in PAIRS]
    for name, texts in (("short.de", lines[:-1]), ("long.de", [*lines, "eins"])):
        Path(name).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    found = tandem("rescore", run, "--n-best", "moses", *options)
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith(f"tandem: {fault}")


def test_a_fault_far_down_leaves_the_older_output_alone(tandem: Tandem, run: Path) -> None:
    Path("out").write_text("older\n", encoding="utf-8")
    with Path("moses").open("a", encoding="utf-8") as file:
        file.write("4 ||| one ||| LogProbability= -1 ||| nan\n")
    found = tandem("rescore", run, "--n-best", "moses", "--source", "test.de", "--output", "out")
    assert (found.code, found.out) == (1, "")
    assert found.err == "tandem: moses line 21: the score is nan, but must be a finite number\n"
    assert Path("out").read_text(encoding="utf-8") == "older\n"
    assert not Path("out.partial").exists()


@pytest.mark.parametrize("place", ["moses", "test.de", "test.en", "weights.json"])
@pytest.mark.parametrize("option", ["--output", "--tune"])
def test_what_is_read_is_not_written_over(option: str, place: str, tandem: Tandem, run: Path) -> None:
    assert tandem("rescore", run, "--n-best", "moses", *FILES, "--tune", "weights.json").code == 0
    before = Path(place).read_bytes()
    weights = ("--weights", "weights.json") if option == "--output" else ()
    found = tandem("rescore", run, "--n-best", "moses", *FILES, *weights, option, place)
    if place == "weights.json" and not weights:
        assert found.code == 0  # it is written, and not read
        return
    assert (found.code, found.err) == (1, f"tandem: {option} {place}: this file is an input; write to another one\n")
    assert Path(place).read_bytes() == before


@needs_limits
def test_on_a_full_disk_the_older_output_stays(tandem: Tandem, run: Path) -> None:
    Path("out").write_text("older\n", encoding="utf-8")
    with no_file_beyond(20):
        found = tandem("rescore", run, "--n-best", "moses", "--source", "test.de", "--output", "out")
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("tandem: out: cannot be written: File too large. What was there before is unchanged.")
    assert Path("out").read_text(encoding="utf-8") == "older\n"
    assert not Path("out.partial").exists()


def test_an_ensemble_ranks_as_its_average_does(tandem: Tandem, run: Path) -> None:
    one = tandem("rescore", run, "--n-best", "moses", "--source", "test.de", "--n-best-out", "all")
    two = tandem("rescore", run, run, "--n-best", "moses", "--source", "test.de", "--n-best-out", "all")
    assert [[c.text for c in own.candidates] for own in _read(one.out)] == [
        [c.text for c in own.candidates] for own in _read(two.out)
    ]
