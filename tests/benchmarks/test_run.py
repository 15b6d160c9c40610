"""The benchmarks run, on tiny sizes: every part, the JSON, the page."""

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

from benchmarks.__main__ import DEFAULT, main
from benchmarks.decoding import decoding_tables
from benchmarks.gpu import OPEN

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("performance.md", "performance-details.md")
SIDES = {"tutorial", "float32", "bfloat16"}
WAYS = ("greedy", "beam 5", "one at a time")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the JSON and the page of one quick run of all default parts."""
    folder = tmp_path_factory.mktemp("benchmarks")
    pages = [shutil.copy(DOCS / page, folder / page) for page in PAGES]
    threads = torch.get_num_threads()
    main(["--quick", "--alternations", "1", "--output", f"{folder}/out/all.json", "--docs", *map(str, pages)])
    assert torch.get_num_threads() == threads
    return folder


@pytest.fixture
def content(measured: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((measured / "out/all.json").read_text(encoding="utf-8"))
    return figures


def test_the_json_tells_machine_corpus_and_every_part(content: dict[str, Any]) -> None:
    assert content.keys() == {"machine", "quick", "parts", "products", "corpus"}
    assert {"processor", "logical cores", "threads", "memory (GiB)", "caches", "python", "torch", "tandem"} <= content[
        "machine"
    ].keys()
    assert content["corpus"]["name"] == "made"
    assert content["corpus"]["vocabularies"] == [60, 50]
    assert tuple(content["parts"]) == DEFAULT
    assert all(part["seconds"] > 0 for part in content["parts"].values())
    for rates in content["products"].values():
        assert 0 < rates["torch"] <= rates["all"]


def test_training_has_rates_ratios_and_shares(content: dict[str, Any]) -> None:
    training = content["parts"]["training"]
    assert training["alternations"] == 1
    assert training["ratios"].keys() == {"1.0", "0.0"}
    for sides in training["ratios"].values():
        assert sides.keys() <= SIDES
        for row in sides.values():
            assert row.keys() == {"median", "ratio", "ratio_of_rounds", "rounds"}
            assert row["median"] == row["rounds"][0] > 0
        assert sides["tutorial"]["ratio"] == 1
    for row in training["products"].values():
        assert 0 < row["share_of_best"] <= row["share_of_torch"]


def test_decoding_has_rates_and_the_time_of_a_token(content: dict[str, Any]) -> None:
    decoding = content["parts"]["decoding"]
    assert {"tutorial", "float32 greedy", "float32 beam 5", "float32 one at a time"} <= decoding["rates"].keys()
    exports = {f"export {precision} {way}" for precision in ("float32", "int8") for way in WAYS}
    assert exports <= decoding["rates"].keys() == decoding["threads"].keys()
    assert {decoding["threads"][name] for name in exports} == {1}
    assert decoding["threads"]["tutorial"] == decoding["threads"]["float32 greedy"] == content["machine"]["threads"]
    one_at_a_time = {"export float32 one at a time", "export int8 one at a time", "float32 one at a time"}
    assert {"tutorial", *one_at_a_time} <= decoding["ms_per_token"].keys()
    assert all(0 < row["p50"] <= row["p99"] for row in decoding["ms_per_token"].values())
    reading = decoding["reading"]
    assert 0 < reading["distinct beginnings"] <= reading["tokens"] <= reading["padded"]
    assert "quality" not in decoding


def test_memory_is_told_for_both_kinds_of_batches(content: dict[str, Any]) -> None:
    memory = content["parts"]["memory"]
    assert memory["steps"].keys() == {"random, padded", "sorted by length"}
    assert all(row[side] > 0 for row in memory["steps"].values() for side in row if side != "ratio")
    large = memory["large_vocabulary"]
    assert all(0 < large["largest_block"][side] < large["peak"][side] for side in large["peak"])


def test_scaling_and_profile_cover_every_axis_and_side(content: dict[str, Any]) -> None:
    axes = content["parts"]["scaling"]["axes"]
    assert axes.keys() == {"batch", "hidden size", "vocabulary", "words a sentence", "threads"}
    assert all(len(axis["values"]) == len(axis["float32"]) and min(axis["float32"]) > 0 for axis in axes.values())
    profile = content["parts"]["profile"]
    assert profile["sides"].keys() == profile["one at a time"].keys()
    for side in (*profile["sides"].values(), *profile["one at a time"].values()):
        assert sum(side["groups"].values()) == pytest.approx(side["under the profiler"], rel=0.01)
        assert side["groups"]["matrix products"] + side["groups"]["fused layers of oneDNN"] > 0


def test_the_page_has_tables_and_drawings(measured: Path) -> None:
    page, details = ((measured / name).read_text(encoding="utf-8") for name in PAGES)
    for heading in (
        "| side | threads | sentences/s |",
        "| side | GFLOP/s |",
        "| batch, side | peak |",
        "| ratio, side |",
    ):
        assert heading in page
    assert "| work | tutorial |" in details
    for name, text, file in (
        ("speed", page, "performance-speed.svg"),
        ("scaling", details, "performance-details-scaling.svg"),
    ):
        assert f"]({file})" in text
        drawn = ElementTree.parse(measured / file).getroot()
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(drawn.iter("{http://www.w3.org/2000/svg}svg"))) == (1 if name == "speed" else 6)


def test_the_committed_figures_are_those_of_the_page() -> None:
    figures = json.loads((DOCS.parent / "results/benchmark.json").read_text(encoding="utf-8"))["parts"]["decoding"]
    page = (DOCS / PAGES[0]).read_text(encoding="utf-8")
    assert all(table.markdown() in page for table in decoding_tables(figures))


def test_a_part_alone_is_put_beside_the_others(measured: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(measured / "out/all.json", tmp_path / "all.json"))
    main(["--quick", "--only", "profile", "--alternations", "1", "--output", str(path)])
    merged, before = (json.loads(file.read_text(encoding="utf-8")) for file in (path, measured / "out/all.json"))
    assert merged["parts"].keys() == set(DEFAULT)
    assert merged["parts"]["profile"] != before["parts"]["profile"]
    assert merged["products"] == before["products"]  # the training's shares are of these


def test_figures_of_another_machine_are_not_mixed_in(measured: Path, tmp_path: Path) -> None:
    found = json.loads((measured / "out/all.json").read_text(encoding="utf-8"))
    found["machine"]["processor"] = "abacus"
    (tmp_path / "other.json").write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(SystemExit, match="its figures come from another machine"):
        main(["--quick", "--only", "profile", "--output", f"{tmp_path}/other.json"])
    (tmp_path / "other.json").write_text('{"medians": 3}', encoding="utf-8")
    with pytest.raises(SystemExit, match="it does not hold a benchmark's figures"):
        main(["--quick", "--only", "profile", "--output", f"{tmp_path}/other.json"])


def test_figures_are_shown_and_written_again_without_measuring(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [shutil.copy(DOCS / page, tmp_path / page) for page in PAGES]
    main(["--only", "none", "--output", f"{measured}/out/all.json", "--docs", *map(str, pages)])
    for page in PAGES:
        assert (tmp_path / page).read_text("utf-8") == (measured / page).read_text("utf-8")
    assert "Where the time of a step goes" in capsys.readouterr().out


def test_processes_are_measured_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.processes.processor_precisions", lambda _: ["float32"])
    main(["--quick", "--only", "processes", "--alternations", "1", "--output", f"{tmp_path}/figures.json"])
    part = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["parts"]["processes"]
    assert (part["device"], part["processes"]) == ("cpu", 2) or torch.cuda.device_count() > 1
    for precision in part["precisions"].values():
        sent = precision["bytes_a_step"]
        assert sent["one process"] == 0
        assert sent["together"] > 0
        assert all(rate["median"] > 0 for rate in precision["rates"].values())
    assert "together, exact_sum" in capsys.readouterr().out


def test_without_a_gpu_its_figure_stays_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    main(["--quick", "--only", "gpu"])
    assert OPEN.split(":")[0] in capsys.readouterr().out


def test_the_papers_system_is_measured_on_request(tmp_path: Path) -> None:
    page = Path(shutil.copy(DOCS / "paper.md", tmp_path / "paper.md"))
    main(["--quick", "--only", "full-size", "--output", f"{tmp_path}/figures.json", "--docs", str(page)])
    part = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["parts"]["full-size"]
    assert part["vocabularies"] == [60, 50]  # all that its recipe allows
    assert part["steps"] == len(part["seconds a step"]) == len(part["gradient norms"]) == 3
    assert min(part["seconds a step"]) > 0
    words = part["batch"] * part["steps"] * sum(part["words a sentence"])
    assert part["words_per_second"] == pytest.approx(words / sum(part["seconds a step"]), rel=0.01)
    memory = part["memory"]
    assert 0 < memory["before"] <= memory["with corpus and weights"] <= memory["peak"]
    assert "| the paper, one GPU | 1,700 | 33.3 |" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["--only", "trainning"], ["--alternations", "0"]])
def test_a_wrong_argument_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert arguments[1] in capsys.readouterr().err
