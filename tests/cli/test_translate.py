"""`tandem translate`: a line in, a line out, whatever the line holds."""

import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tandem.model_paths import checkpoint_of
from tandem.translation import Translator, load
from tandem.translation.messages import Translation
from tests.support.console import Stdin, Tandem
from tests.support.runs import NUMBERS, saved, untrained

LINES = ["eins zwei", "", "drei", "vier fünf sechs eins", " ", "zwei"]
TEXT = "".join(line + "\n" for line in LINES).encode()
STRANGE = [
    "eins\x00zwei",
    "eins\x1b[31mzwei",
    "eins\x0bzwei\x0cdrei\x1cvier\x85fünf",
    "eins\u2028zwei\u2029drei",
    "👩‍👩‍👧 eins 🎉",
    "אחת eins \u202ezwei",
    "eins\rzwei",
    "\ufeffeins",
    "\u0301\u0301",
    "<unk> <eos> <pad> ||| ▁",
]


@pytest.fixture
def expected(run: Path) -> list[str]:
    return [translation.text for translation in load(run, device="cpu").translate(LINES)]


def test_texts_files_and_standard_input_are_translated_the_same(
    tandem: Tandem, run: Path, expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_bytes(TEXT)
    assert tandem("translate", run, *LINES).apart_from_limits == (0, "".join(line + "\n" for line in expected), "")
    assert tandem("translate", run, "--input", "in.txt").lines == expected
    assert tandem("translate", run, stdin=TEXT).lines == expected
    found = tandem("translate", run, "--input", "in.txt", "--output", "out.txt")
    assert found.apart_from_limits == (0, "", "")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").split("\n")[:-1] == expected


def test_in_a_terminal_a_translation_cannot_steer_it(
    tandem: Tandem, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hostile(translator: Translator, texts: Sequence[str], settings: object, **_: object) -> list[Translation]:
        return [Translation("ein\x1b[31ms", -1.0, (), ()) for _ in texts]

    monkeypatch.setattr(Translator, "translate", hostile)
    assert tandem("translate", run, "eins").out == "ein\x1b[31ms\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert tandem("translate", run, "eins").out == "ein�[31ms\n"


def test_a_checkpoint_is_as_good_as_its_run(tandem: Tandem, run: Path, expected: list[str]) -> None:
    assert tandem("translate", checkpoint_of(run), stdin=TEXT).lines == expected


def test_line_ends_and_a_missing_last_one_do_not_matter(tandem: Tandem, run: Path, expected: list[str]) -> None:
    for text in (TEXT.replace(b"\n", b"\r\n"), TEXT.removesuffix(b"\n"), b"\xef\xbb\xbf" + TEXT):
        assert tandem("translate", run, stdin=text).lines == expected
    assert tandem("translate", run, stdin=b"") == (0, "", "")
    assert json.loads(tandem("translate", run, "--json", stdin=b"eins\r\n").out)["source"] == "eins"


@pytest.mark.parametrize("options", [("--batch-size", 1), ("--batch-size", 2), ("--stream",)])
def test_batches_and_streams_change_nothing(
    options: tuple[object, ...], tandem: Tandem, run: Path, expected: list[str]
) -> None:
    assert tandem("translate", run, *options, stdin=TEXT).lines == expected


@pytest.mark.parametrize("options", [(), ("--json",), ("--stream",)])
def test_a_strange_line_is_one_line_in_and_one_line_out(options: tuple[str, ...], tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, *options, stdin="".join(line + "\n" for line in STRANGE).encode())
    assert (found.code, found.apart_from_limits.err) == (0, "")
    assert len(found.lines) == len(STRANGE)
    if "--json" in options:
        assert [json.loads(line)["source"] for line in found.lines] == STRANGE


def test_strange_words_of_the_target_stay_on_their_line(tandem: Tandem, tmp_path: Path) -> None:
    # A model that has learnt nothing writes all that it knows: here the strange texts themselves.
    model = saved(untrained(pairs=[(line, line) for line in STRANGE]), tmp_path / "strange")
    found = tandem("translate", model, stdin="".join(line + "\n" for line in STRANGE * 3).encode())
    assert len(found.lines) == 3 * len(STRANGE)
    assert "\r" not in found.out


def test_n_best_are_moses_lines(tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, "--n-best", 3, "--beam", 4, stdin=TEXT)
    translator = load(run, device="cpu")
    made = translator.translate(LINES, translator.search_settings(n_best=3, beam=4))
    expected = [
        f"{number} ||| {a.text} ||| LogProbability= {a.log_probability:.6f} ||| {a.score:.6f}"
        for number, translation in enumerate(made)
        for a in translation.alternatives
    ]
    assert found.lines == expected
    assert [line for line in found.lines if line.startswith("1 ")] == [
        "1 |||  ||| LogProbability= 0.000000 ||| 0.000000"
    ]


def test_n_best_widens_the_recipes_beam_but_not_a_given_one(tandem: Tandem, run: Path) -> None:
    assert len(tandem("translate", run, "--n-best", 4, "eins zwei").lines) == 4
    found = tandem("translate", run, "--n-best", 4, "--beam", 2, "eins")
    assert (found.code, found.out) == (1, "")
    assert found.err == "tandem: n_best is 4, more than the beam of 2: raise the beam or lower n_best\n"


def test_samples_are_drawn_as_from_python(tandem: Tandem, run: Path) -> None:
    options = ("--sample", 3, "--temperature", 1.5, "--top-k", 5, "--top-p", 0.9, "--seed", 4)
    found = tandem("translate", run, *options, stdin=TEXT)
    made = load(run, device="cpu").translate(LINES, sample=3, temperature=1.5, top_k=5, top_p=0.9, seed=4)
    drawn = [[str(number), a.text] for number, translation in enumerate(made) for a in translation.alternatives]
    alone = tandem("translate", run, *options, "--batch-size", 1, "--stream", stdin=TEXT)
    for lines in (found.lines, alone.lines):
        assert [line.split(" ||| ")[:2] for line in lines] == drawn
    found = tandem("translate", run, "--temperature", 0.5, "eins")
    assert (found.code, found.out) == (1, "")
    assert found.err == "tandem: temperature is for sampling: say how many outputs to draw for each text (sample)\n"


def test_every_translation_begins_with_the_prefix(tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, "--prefix", "three one", "--json", "eins zwei", "vier")
    for line in found.lines:
        assert json.loads(line)["text"].startswith("three one")
    (expected, _) = load(run, device="cpu").translate(["eins zwei", "vier"], prefixes="three one")
    assert json.loads(found.lines[0])["token_scores"] == pytest.approx(expected.token_scores)


def test_json_objects_tell_everything(tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, "--json", "--n-best", 2, stdin=TEXT)
    translator = load(run, device="cpu")
    made = translator.translate(LINES, translator.search_settings(n_best=2))
    for line, source, translation in zip(found.lines, LINES, made, strict=True):
        content = json.loads(line)
        assert (content["source"], content["text"], content["score"]) == (source, translation.text, translation.score)
        assert content["log_probability"] == pytest.approx(translation.log_probability)
        assert (content["stopped"], content["confidence"]) == (translation.stopped, translation.confidence)
        assert (tuple(content["tokens"]), tuple(content["token_scores"])) == (
            translation.tokens,
            translation.token_scores,
        )
        assert [a["text"] for a in content["alternatives"]] == [a.text for a in translation.alternatives]
    assert "alternatives" not in json.loads(tandem("translate", run, "--json", "eins").out)


def test_search_options_reach_the_search(tandem: Tandem, run: Path) -> None:
    translator = load(run, device="cpu")
    (greedy,) = translator.translate(["eins zwei"], translator.search_settings(beam=1, length_penalty=0.5))
    found = json.loads(tandem("translate", run, "--json", "--beam", 1, "--length-penalty", 0.5, "eins zwei").out)
    assert (found["text"], found["score"]) == (greedy.text, greedy.score)
    assert tandem("translate", run, "--precision", "bfloat16", "--device", "cpu", "eins").code == 0
    short = tandem("translate", run, "--json", "--max-length-factor", 0.5, "--max-length-extra", 0, "eins zwei drei")
    assert len(json.loads(short.out)["tokens"]) <= 1
    refused = tandem("translate", run, "--length-penalty", "inf", "eins")
    assert refused.code == 2
    assert "--length-penalty" in refused.err


def test_outputs_that_end_at_the_limit_are_counted_and_marked(tandem: Tandem, run: Path) -> None:
    limits = ("--max-length-factor", 0.5, "--max-length-extra", 0)
    found = tandem("translate", run, *limits, "--json", "--n-best", 2, "", "eins zwei", "zwei drei vier fünf")
    empty, *others = [json.loads(line) for line in found.lines]
    assert empty["stopped"] == "eos"
    for longest, line in zip((1, 2), others, strict=True):
        for output in (line, *line["alternatives"]):
            assert output["stopped"] == ("limit" if len(output["tokens"]) == longest else "eos")
    count = [line["stopped"] for line in others].count("limit")
    assert found.err == (
        f"tandem: {count} of 3 outputs ended at the length limit, so their ends may be missing: "
        "raise --max-length-factor (now 0.5) or --max-length-extra (now 0)\n"
    )
    assert tandem("translate", run, *limits, "").err == ""


def test_a_text_that_is_too_long_for_a_file_name_is_a_text(tandem: Tandem, run: Path) -> None:
    text = "eins zwei " * 60
    assert len(tandem("translate", run, text, "eins").lines) == 2
    assert "there is no such run" in tandem("translate", text, "eins").err


def test_what_the_model_does_not_know_is_named(tandem: Tandem, run: Path) -> None:
    found = tandem("translate", run, "--json", "eins unbekannt, zwei unbekannt Xé", "drei")
    assert [json.loads(line)["unknown"] for line in found.lines] == [["unbekannt", ",", "Xé"], []]


def test_unknowns_are_put_out_only_where_they_are_allowed(tandem: Tandem, tmp_path: Path) -> None:
    # Every target word but one is rare, so that the model has met hardly anything but unknowns.
    fond = untrained("lstm", "text.target.min_count=9", pairs=[(de, en) for de, en in NUMBERS.items()])
    model = saved(fond, tmp_path / "fond")
    assert tandem("translate", model, *NUMBERS).out == "\n" * len(NUMBERS)
    assert "<unk>" in tandem("translate", model, "--allow-unk", *NUMBERS).out


def test_a_line_that_is_too_long_is_cut_with_a_warning(tandem: Tandem, tmp_path: Path) -> None:
    model = saved(untrained("lstm", "search.max_length_factor=0.001"), tmp_path / "short")
    long = b"eins " * 1001
    found = tandem("translate", model, stdin=b"eins\n" + long + b"\nzwei\n")
    assert (found.code, len(found.lines)) == (0, 3)
    assert found.apart_from_limits.err == "tandem: line 2: too long; only its beginning was translated\n"


def test_links_in_a_circle_are_answered_in_a_sentence(tandem: Tandem, run: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("eins\n", encoding="utf-8")
    (tmp_path / "loop").symlink_to("loop")
    found = tandem("translate", run, "--input", tmp_path / "in", "--output", tmp_path / "loop")
    assert (found.code, found.err.startswith(f"tandem: {tmp_path / 'loop'}: ")) == (1, True)
    assert tandem("train", "--resume", "--out", tmp_path / "loop").code == 1


@pytest.mark.parametrize("kind", ["file", "standard input"])
def test_bytes_that_are_no_utf_8_name_their_line(kind: str, tandem: Tandem, run: Path, tmp_path: Path) -> None:
    text = b"eins\nf\xfcnf\n"
    (tmp_path / "latin1").write_bytes(text)
    found = tandem("translate", run, "--input", "latin1") if kind == "file" else tandem("translate", run, stdin=text)
    name = "latin1" if kind == "file" else "standard input"
    assert found.code == 1
    assert found.err == f"tandem: {name} line 2: not UTF-8 (byte 2 of the line); convert it, perhaps with iconv\n"


def test_a_stream_is_answered_line_by_line(tandem: Tandem, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    class Watched(io.BytesIO):
        """Notes how much had been read whenever something is flushed."""

        def flush(self) -> None:
            if not self.closed:
                written.append(sys.stdin.buffer.tell())

    watched = Watched()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(watched, encoding="utf-8"))
    assert tandem("translate", run, "--stream", stdin=b"eins\nzwei\ndrei\n").code == 0
    assert watched.getvalue().count(b"\n") == 3
    assert [read for read in written if read][:3] == [5, 10, 15]


def test_endless_input_is_read_in_windows(tandem: Tandem, run: Path) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"eins\n"
        raise KeyboardInterrupt

    found = tandem("translate", run, "--batch-size", 2, "--beam", 1, stdin=Stdin(endless()))
    assert found.code == 130
    assert len(found.lines) == 32  # 16 batches of 2 were read, translated and written before more was asked for


def test_a_person_who_types_is_answered_at_once(tandem: Tandem, run: Path) -> None:
    def typed() -> Iterator[bytes]:
        yield b"eins\n"
        yield b"zwei\n"
        raise KeyboardInterrupt

    found = tandem("translate", run, stdin=Stdin(typed(), terminal=True))
    assert (found.code, len(found.lines)) == (130, 2)
    assert found.err.startswith("tandem: type a text, then Enter; Ctrl-D ends the input\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--input", "in.txt", "eins"),
            "give texts as arguments, or a file with --input, not both; 'eins' is a text, because there is no "
            "run or checkpoint of that name",
        ),
        (("--input", "no.txt"), "no.txt: there is no such file (looked for in FOLDER). Check the path."),
        (("--input", "."), ".: this is a folder, but a file is needed. Name a file in it."),
        (
            ("--output", "no/such/folder/out.txt", "eins"),
            "--output no/such/folder/out.txt: there is no folder no/such/folder. Make it first, or write elsewhere",
        ),
        (
            ("--input", "here.txt", "--output", "here.txt"),
            "--output here.txt: this file is an input; write to another one",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    arguments: tuple[str, ...], said: str, tandem: Tandem, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "here.txt").touch()
    said = said.replace("FOLDER", str(tmp_path))
    assert tandem("translate", run, *arguments) == (1, "", f"tandem: {said}\n")
