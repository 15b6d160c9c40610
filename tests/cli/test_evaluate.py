"""`tandem evaluate` and `tandem score`: every kind of corpus, for people and for programs."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch

from tandem.corpora.captions.corpus import Captions
from tandem.runs import evaluate
from tandem.text import PAD_ID
from tandem.translation import load
from tests.cli.evaluated import FILES, PAIRS, write_files
from tests.support.console import Tandem
from tests.support.corpora import write_parquet
from tests.support.runs import saved, untrained

CORPORA = [
    FILES,
    ("test.de", "test.en"),
    ("--tsv", "plain.tsv"),
    ("plain.tsv",),
    ("--tsv", "named.tsv", "--columns", "de,en"),
    ("--tsv", "named.tsv", "--columns", "de,2"),
    ("--jsonl", "keys.jsonl", "--columns", "translation.de,translation.en"),
    ("--jsonl", "plain.jsonl"),
    ("--parquet", "plain.parquet"),
    ("plain.parquet", "--columns", "source,target"),
    ("--corpus", "captions"),
    ("--corpus", "captions:test"),
]


@pytest.fixture(autouse=True)
def corpora(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pairs, as every option takes them."""
    write_files(elsewhere)
    rows = "".join(f"{de}\t{en}\n" for de, en in PAIRS)
    nested = [{"translation": {"de": de, "en": en}} for de, en in PAIRS]
    plain = [{"source": de, "target": en} for de, en in PAIRS]
    files = {
        "plain.tsv": rows,
        "named.tsv": "de\ten\n" + rows,
        "keys.jsonl": "".join(json.dumps(row) + "\n" for row in nested),
        "plain.jsonl": "".join(json.dumps(row) + "\n" for row in plain),
    }
    for name, content in files.items():
        (elsewhere / name).write_text(content, encoding="utf-8")
    write_parquet(elsewhere / "plain.parquet", PAIRS)
    write_parquet(elsewhere / "named.parquet", PAIRS, "de")
    monkeypatch.setattr("tandem.corpora.captions.captions", lambda: Captions((), (), tuple(PAIRS)))


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: " ".join(corpus))
def test_every_kind_of_corpus_has_the_same_scores(corpus: tuple[str, ...], tandem: Tandem, run: Path) -> None:
    found = tandem("evaluate", run, *corpus, "--json")
    assert (found.code, found.apart_from_limits.err) == (0, "")
    expected = evaluate(load(run, device="cpu"), PAIRS)
    assert json.loads(found.out) == {
        "command": f"tandem evaluate {run} {' '.join(corpus)} --json",
        "pairs": 10,
        "dropped": 0,
        "sources": 9,
        "cut": 0,
        "stopped_at_limit": expected.stopped_at_limit,
        "scores": {
            score.name: {"value": round(score.value, 4), "signature": score.signature} for score in expected.scores
        },
    }


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: " ".join(corpus))
def test_every_pair_has_a_line_with_its_score(corpus: tuple[str, ...], tandem: Tandem, run: Path) -> None:
    found = tandem("score", run, *corpus, "--batch-size", 3)
    assert (found.code, found.apart_from_limits.err) == (0, "")
    scores = load(run, device="cpu").score([de for de, _ in PAIRS], [en for _, en in PAIRS])
    assert [float(line) for line in found.lines] == pytest.approx([s.log_probability for s in scores], abs=2e-6)


def test_scores_of_every_token_are_json(tandem: Tandem, run: Path) -> None:
    rows = [json.loads(line) for line in tandem("score", run, *FILES, "--json").lines]
    assert [(row["source"], row["target"]) for row in rows] == PAIRS
    for row in rows:
        assert len(row["token_scores"]) == len(row["tokens"]) + 1
        assert sum(row["token_scores"]) == pytest.approx(row["log_probability"])


@pytest.mark.parametrize(
    ("trained_on", "corpus", "columns"),
    [
        ("{kind='tsv', path='x', source_column='de', target_column='en'}", ("--tsv", "named.tsv"), "de,en"),
        (
            "{kind='jsonl', path='x', source_key='translation.de', target_key='translation.en'}",
            ("--jsonl", "keys.jsonl"),
            "translation.de,translation.en",
        ),
        ("{kind='csv', path='x', source_column='de', target_column='en'}", ("--tsv", "named.tsv"), "de,en"),
        ("{kind='tsv', path='x', source_column='de', target_column='en'}", ("--csv", "named.tsv"), "de,en"),
        ("{kind='tsv', path='x'}", ("--tsv", "plain.tsv"), ""),
        ("{kind='parquet', path='x', source_column='de'}", ("--parquet", "named.parquet"), "de,target"),
        ("{kind='jsonl', path='x', source_key='de'}", ("--parquet", "plain.parquet"), ""),
        ("{kind='tsv', path='x', source_column='de', target_column='en'}", ("--jsonl", "plain.jsonl"), ""),
    ],
)
def test_a_run_remembers_its_columns(
    trained_on: str, corpus: tuple[str, str], columns: str, tandem: Tandem, elsewhere: Path
) -> None:
    model = saved(untrained("lstm", f"data.train={trained_on}"), elsewhere / "model")
    found = tandem("score", model, *corpus)
    said = f"tandem: columns {columns}: those that the model was trained on; give others with --columns\n"
    assert (found.code, len(found.lines)) == (0, 10)
    assert found.err.startswith(said) if columns else found.err == ""
    for command in ("evaluate", "analyse"):
        assert tandem(command, model, *corpus).code == 0


@pytest.mark.parametrize("command", ["evaluate", "score", "analyse"])
def test_faulty_pairs_are_dropped_and_counted_where_that_is_asked_for(
    command: str, tandem: Tandem, run: Path, elsewhere: Path
) -> None:
    (elsewhere / "blank.en").write_text("one\n \n" + 8 * "two\n", encoding="utf-8")
    files = ("--source", "test.de", "--target", "blank.en")
    stopped = tandem(command, run, *files)
    assert (stopped.code, stopped.out) == (1, "")
    assert stopped.err.endswith("Mend the pair. Or leave such pairs out with --on-error drop.\n")
    found = tandem(command, run, *files, "--on-error", "drop", "--json")
    assert found.code == 0
    assert found.err.startswith(
        "tandem: test.de and blank.en: dropped 1 of 10 pairs: 1 with an empty side. The first: "
    )
    if command == "evaluate":
        assert [json.loads(found.out)[key] for key in ("pairs", "dropped")] == [9, 1]


def test_columns_without_a_file_that_has_them_are_refused(tandem: Tandem, run: Path) -> None:
    found = tandem("evaluate", run, *FILES, "--columns", "1,2")
    assert (found.code, found.out) == (1, "")
    assert found.err == (
        "tandem: --columns 1,2: only --csv, --tsv, --jsonl, --parquet and --hub have columns; give one of them, "
        "or leave --columns out\n"
    )


def test_several_target_files_are_several_references(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    others = ["one", *(en for _, en in PAIRS[1:])]
    (elsewhere / "other.en").write_text("".join(f"{text}\n" for text in others), encoding="utf-8")
    found = json.loads(tandem("evaluate", run, *FILES, "--target", "other.en", "--json").out)
    assert (found["pairs"], found["sources"]) == (20, 9)
    expected = evaluate(
        load(run, device="cpu"), [(de, [en, other]) for (de, en), other in zip(PAIRS, others, strict=True)]
    )
    assert found["scores"]["ter"]["value"] == round(expected.score("ter"), 4)
    # The first source comes again in the last line, whose references are the same in both files.
    assert [len(result.references) for result in expected.results] == [3, *[2] * 8]
    nine = ("--source", "nine.de", "--target", "nine.en", "--target", "nine.en")
    for side, name in enumerate(("nine.de", "nine.en")):
        (elsewhere / name).write_text("".join(pair[side] + "\n" for pair in PAIRS[:9]), encoding="utf-8")
    for command in (("evaluate",), ("compare",), ("analyse",)):
        assert tandem(*command, run, *nine).code == 0
    bleu = json.loads(tandem("evaluate", run, *nine, "--json").out)["scores"]["bleu"]
    assert "|nrefs:2|" in bleu["signature"]


def test_faults_in_any_of_several_target_files_are_met(tandem: Tandem, run: Path, elsewhere: Path) -> None:
    (elsewhere / "blank.en").write_text("one\n\n" + 8 * "two\n", encoding="utf-8")
    (elsewhere / "short.en").write_text("one\n", encoding="utf-8")
    several = (*FILES, "--target", "blank.en")
    assert "blank.en line 2: the text is empty" in tandem("evaluate", run, *several).err
    found = tandem("evaluate", run, *several, "--on-error", "drop", "--json")
    assert "test.de and test.en and blank.en: dropped 1 of 10 pairs" in found.err
    assert [json.loads(found.out)[key] for key in ("pairs", "dropped")] == [18, 1]
    assert "test.de has 10 lines and short.en has 1" in tandem("evaluate", run, *FILES, "--target", "short.en").err
    both = tandem("evaluate", run, "--tsv", "plain.tsv", "--target", "a", "--target", "b").err
    assert "--source and --target and --tsv: a corpus comes from one of them" in both
    for command in ("score", "train"):
        refused = tandem(command, *([run] if command == "score" else []), *several)
        assert refused.code == 2
        assert "--target / -t was given 2 times" in refused.err


def test_people_get_a_table(tandem: Tandem, run: Path) -> None:
    found = tandem("evaluate", run, *FILES)
    assert (found.code, found.apart_from_limits.err) == (0, "")
    scores = evaluate(load(run, device="cpu"), PAIRS).scores
    for score in scores:
        assert any(line.split()[:1] == [score.name] and score.signature in line for line in found.lines), score.name
    assert found.lines[-1] == "10 pairs, 9 different sources"


def test_options_reach_the_search_and_the_scores(tandem: Tandem, run: Path) -> None:
    found = tandem("evaluate", run, *FILES, "--json", "--beam", 1, "--lowercase")
    bleu = json.loads(found.out)["scores"]["bleu"]
    assert bleu["signature"].endswith("|norm:nfc+space|search:greedy")
    assert "|tok:13a|" in bleu["signature"]
    assert "case:lc" in bleu["signature"]
    raw = tandem("evaluate", run, *FILES, "--json", "--raw", "--tokenize", "char")
    signature = json.loads(raw.out)["scores"]["bleu"]["signature"]
    assert "|tok:char|" in signature
    assert "|norm:none|" in signature
    other = tandem("evaluate", run, *FILES, "--json", "--beam", 3, "--length-penalty", 0.5, "--batch-size", 2)
    assert json.loads(other.out)["scores"]["bleu"]["signature"].endswith("|search:beam:3|lp:0.5")
    longer = tandem("evaluate", run, *FILES, "--json", "--beam", 1, "--max-length-factor", 4, "--max-length-extra", 20)
    assert json.loads(longer.out)["scores"]["bleu"]["signature"].endswith("|search:greedy|limit:4x+20")


def piped(content: bytes) -> str:
    """The name of a pipe that holds this, as a shell's <(command) is one."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return f"/dev/fd/{reader}"


@pytest.mark.skipif(sys.platform != "linux", reason="names of pipes as Linux has them")
@pytest.mark.parametrize("options", [("--source", "--target"), ()], ids=["options", "files"])
def test_pairs_may_come_through_pipes(options: tuple[str, ...], tandem: Tandem, run: Path, elsewhere: Path) -> None:
    expected = tandem("score", run, *FILES).out
    pipes = [piped((elsewhere / name).read_bytes()) for name in ("test.de", "test.en")]
    words = [word for pair in zip(options, pipes, strict=True) for word in pair] if options else pipes
    found = tandem("score", run, *words)
    assert (found.code, found.err, found.out) == (0, "", expected)
    again = tandem("score", run, "--source", pipes[0], "--target", "test.en")
    assert (again.code, again.out) == (1, "")
    assert "nobody writes to this pipe, or it was read before" in again.err


@pytest.mark.parametrize(("command", "what"), [("evaluate", "translated"), ("score", "read")])
def test_sources_of_which_only_the_beginning_is_read_are_counted(
    command: str, what: str, tandem: Tandem, run: Path, elsewhere: Path
) -> None:
    sources = ["eins", "zwei " * 1000, "zwei " * 1001, "drei " * 1001, "drei " * 1001]
    (elsewhere / "long.de").write_text("".join(f"{text}\n" for text in sources), encoding="utf-8")
    (elsewhere / "long.en").write_text("one\n" * 5, encoding="utf-8")
    short = ("--max-length-factor", 0.001) if command == "evaluate" else ()
    found = tandem(command, run, "--source", "long.de", "--target", "long.en", "--json", *short)
    assert (found.code, found.apart_from_limits.err) == (
        0,
        "tandem: 2 sources are too long: only the first 1,000 tokens (or 32,768 characters) were "
        f"{what}. The first begins with 'zwei zwei zwei zwei zwei zwei zwei zwei '\n",
    )
    if command == "evaluate":
        assert json.loads(found.out)["cut"] == 2
    else:
        assert [json.loads(line)["cut"] for line in found.lines] == [False, False, True, True, True]


def test_outputs_that_end_at_the_limit_are_counted(tandem: Tandem, run: Path) -> None:
    found = tandem("evaluate", run, *FILES, "--max-length-factor", 0.1, "--max-length-extra", 1, "--json")
    assert json.loads(found.out)["stopped_at_limit"] == 9
    assert found.err == (
        "tandem: 9 of 9 outputs ended at the length limit, so their ends may be missing: "
        "raise --max-length-factor (now 0.1) or --max-length-extra (now 1)\n"
    )


def test_a_hopeless_model_has_no_finite_perplexity_and_valid_json(tandem: Tandem, elsewhere: Path) -> None:
    hopeless = untrained()
    with torch.no_grad():
        hopeless.model.decoder.fc_out.bias[PAD_ID] += 1000
    model = saved(hopeless, elsewhere / "hopeless")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    found = tandem("evaluate", model, *FILES, "--json")
    scores = json.loads(found.out, parse_constant=refuse)["scores"]
    assert scores["perplexity"]["value"] is None
    assert scores["loss"]["value"] > 900


@pytest.mark.parametrize("command", ["evaluate", "score"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which corpus? Give --source FILE --target FILE, or --csv FILE, --tsv FILE"),
        (("--source", "test.de"), "give both --source FILE and --target FILE"),
        (("--source", "test.de", "--target", "short.en"), "test.de has 10 lines and short.en has 1"),
        (("--source", "test.de", "--target", "blank.en"), "blank.en line 2: the text is empty"),
        (("--source", "no.de", "--target", "test.en"), "no.de: there is no such file"),
        (("--tsv", "plain.tsv", "--columns", "1,7"), "plain.tsv line 1: there is no column 7"),
        (("--jsonl", "keys.jsonl"), "keys.jsonl line 1: there is no 'source'"),
        (("--corpus", "captions:tset"), "there is no split 'tset'"),
    ],
)
def test_faulty_corpora_are_named(
    command: str, arguments: tuple[str, ...], said: str, tandem: Tandem, run: Path, elsewhere: Path
) -> None:
    (elsewhere / "short.en").write_text("one\n", encoding="utf-8")
    (elsewhere / "blank.en").write_text("one\n\n" + 8 * "two\n", encoding="utf-8")
    found = tandem(command, run, *arguments)
    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("tandem: ")
    assert said in found.err
    assert "Traceback" not in found.err
