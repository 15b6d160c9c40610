"""The benchmark of exports: outputs that differ are told from those that may, and every figure comes into the file."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import exports
from benchmarks.cold_start import measure_starts
from benchmarks.decoding import exported
from benchmarks.equality import BATCH_SIZES, BEAMS, CLOSE, closest_scores, compare_batch_sizes, compare_outputs, is_kept
from tandem import Translator
from tandem.translation.constructors import translator_from_members
from tests.support.runs import number_pairs, saved, untrained

PAIRS = number_pairs(6, seed=3)
TEXTS = [source for source, _ in PAIRS]
SHORT = "search.max_length_extra=2"
MIB = 2**20


def changed(translator: Translator, token: int, by: float) -> Translator:
    """The translator, whose model now prefers a token more than it did."""
    with torch.no_grad():
        translator.model.decoder.fc_out.bias[token] += by
    return Translator(
        translator_from_members(
            translator.members, translator.source_tokenizer, translator.target_tokenizer, device=translator.device
        ).engine,
        translator.codec,
        translator.recipe,
    )


def test_an_export_writes_what_its_model_does_at_every_batch_size() -> None:
    translator = untrained("lstm", SHORT)
    sides = exported(translator)
    rows = compare_outputs(translator, sides["export float32"], TEXTS)
    assert [(row["search"], row["batch_size"]) for row in rows] == [(n, s) for n in BEAMS for s in BATCH_SIZES]
    assert all(row["equal"] == row["outputs"] == len(TEXTS) for row in rows)
    assert all(0 < row["token"] < 1e-4 and row["output"] < 1e-3 for row in rows)
    assert is_kept(rows)
    for row in compare_batch_sizes(sides["export int8"], TEXTS):
        assert row["equal"] == row["outputs"] == len(TEXTS)


def test_a_changed_model_is_told_from_a_near_tie() -> None:
    translator = untrained("lstm", SHORT)
    export = exported(translator)["export float32"]
    rows = compare_outputs(changed(translator, 5, 3.0), export, TEXTS)
    assert all(row["equal"] + len(row["gaps"]) == row["outputs"] for row in rows)
    assert max(gap for row in rows for gap in row["gaps"]) > CLOSE
    assert not is_kept(rows)


def test_a_near_tie_is_found_wherever_a_search_meets_it() -> None:
    translator = untrained("lstm", SHORT)
    output = translator.model.decoder.fc_out
    with torch.no_grad():  # two tokens that are as good as each other
        output.weight[6], output.bias[6] = output.weight[5], output.bias[5] + 1e-6
        output.bias[5:7] += 3
    export = exported(translator)["export float32"]
    other = changed(translator, 6, -2e-6)
    rows = [row for row in compare_outputs(other, export, TEXTS) if row["search"] == "greedy"]
    gaps = [gap for row in rows for gap in row["gaps"]]
    assert gaps
    assert max(gaps) <= CLOSE
    assert not is_kept(rows)  # too many
    for beam in BEAMS.values():
        assert closest_scores(other, TEXTS[0], other.search_settings(beam=beam)) <= CLOSE


def test_one_in_a_thousand_may_differ_where_two_scores_are_close() -> None:
    clean = {"outputs": 500, "gaps": []}
    assert is_kept([clean, clean])
    assert is_kept([clean, {"outputs": 500, "gaps": [CLOSE]}])
    assert not is_kept([clean, {"outputs": 499, "gaps": [CLOSE]}])
    assert not is_kept([clean, {"outputs": 500, "gaps": [2 * CLOSE]}])


def test_a_process_is_measured_alone_whatever_this_one_has() -> None:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    used = measure_starts({"nothing": ["-c", ""], "much": ["-c", f"b'1' * {200 * MIB}"]}, 1)
    assert used["nothing"]["peak_memory"] < min(own, 60 * MIB)
    assert used["much"]["peak_memory"] - used["nothing"]["peak_memory"] > 190 * MIB
    assert used["nothing"]["cpu_seconds"] > 0
    with pytest.raises(subprocess.CalledProcessError):
        measure_starts({"wrong": ["-c", "import sys; sys.exit(3)"]}, 1)


def test_a_row_is_put_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: dict[str, tuple[str, ...]] = {}

    def measured(commands: dict[str, tuple[str, ...]]) -> dict[str, dict[str, float]]:
        started.update(commands)
        return {name: {"cpu_seconds": 0.5, "peak_memory": 3 * MIB} for name in commands}

    monkeypatch.setattr(exports, "measure_starts", measured)
    run = saved(untrained("gru", SHORT, "search.lowercase_scores=true"), tmp_path / "mine")
    output = tmp_path / "results" / "exports.json"
    for side, texts in zip(("source", "target"), zip(*PAIRS, strict=True), strict=True):
        (tmp_path / side).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    arguments = [str(tmp_path / name) for name in ("mine", "source", "target")]
    exports.main([*arguments, "--sentences", "5", "--output", str(output)])
    assert "| export int8 | 0.5 | 3 MiB |" in capsys.readouterr().out
    assert started["import numpy"] == ("-c", "import numpy")
    assert started["PyTorch float32"] == ("-m", "tandem", "translate", str(run), "--", TEXTS[0])
    row = json.loads(output.read_text(encoding="utf-8"))["rows"]["mine"]
    assert row["pairs"] == row["equality"][0]["outputs"] == 5
    assert row["quality"]["export float32"]["equal"] == 5
    assert "case:lc" in row["quality"]["export int8"]["signature"]
    assert row["bytes"]["ratio"] == pytest.approx(row["bytes"]["int8"] / row["bytes"]["float32"], rel=1e-3)

    differing = {
        "search": "greedy",
        "batch_size": 1,
        "outputs": 8,
        "equal": 7,
        "token": 0.0,
        "output": 0.0,
        "gaps": [1],
    }
    other = {**row, "equality": [differing], "kept": is_kept([differing])}
    monkeypatch.setattr(exports, "measure", lambda *_, **__: other)
    with pytest.raises(SystemExit, match="outputs of the float32 export differ from PyTorch's"):
        exports.main([*arguments, "--output", str(output), "--name", "other"])
    assert "| greedy, 1 | 7 of 8 | 0 | 0 | 0 of 1 |" in capsys.readouterr().out
    assert json.loads(output.read_text(encoding="utf-8"))["rows"] == {"mine": row, "other": other}


def test_wrong_files_and_numbers_get_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path), str(tmp_path / "nothing"), str(tmp_path / "nothing")]
    with pytest.raises(SystemExit, match=r"benchmarks\.exports: .*nothing"):
        exports.main(arguments)
    with pytest.raises(SystemExit):
        exports.main([*arguments, "--sentences", "0"])
    assert "--sentences is 0; it must be 1 or more" in capsys.readouterr().err
    other = tmp_path / "other.json"
    other.write_text('{"medians": 3}', encoding="utf-8")
    with pytest.raises(SystemExit, match=r"other\.json: it holds no rows of this command .* name another --output"):
        exports.main([*arguments, "--output", str(other)])


def test_the_process_that_starts_others_imports_next_to_nothing() -> None:
    code = "import sys, runpy; runpy.run_path(sys.argv[1]); print(len({'torch', 'numpy', 'tandem'} & {*sys.modules}))"
    file = sys.modules["benchmarks.cold_start"].__file__
    assert file is not None
    assert subprocess.check_output([sys.executable, "-c", code, file], text=True).strip() == "0"
