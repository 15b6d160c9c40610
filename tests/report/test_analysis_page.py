import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tandem.analysis import Analysis, Attention, Phrase, Plane, References, System, compare_systems, context_plane
from tandem.analysis.alignments import Alignment
from tandem.analysis.mistakes import WordCount
from tandem.metrics.bootstrap import Resampling
from tandem.report import ReportContents, write_analysis, write_report
from tandem.report.sections import page_script
from tests.analysis.corpora import references, system
from tests.support.html import NASTY, Page
from tests.support.runs import untrained

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = ("bleu-by-length.svg", "bleu-by-frequency.svg", "contexts.svg")


def analysis(*, nasty: bool = True, systems: int = 2) -> Analysis:
    """Of made systems; every text in it may hold what looks like markup."""
    rest = f" {NASTY}\x00" if nasty else ""
    made = references(60)
    corpus = References([s + rest for s in made.sources], [(s + rest,) for s in made.sources])
    found = [
        System(f"system {number}{rest}", [t + rest for t in system("", made, 0.3, seed=number).translations], corpus)
        for number in range(systems)
    ]
    return Analysis(f"corpus{rest}", compare_systems(found, Resampling(50)), plane(rest), (attention(rest),))


def attention(rest: str) -> Attention:
    tokens = (f"eins{rest}", f"zwei{rest}", "<eos>")
    sample = Alignment(f"text{rest}", f"translation{rest}", ("<sos>", *tokens), tokens, ((0.0, 0.25, 0.75, 0.0),) * 3)
    words = (WordCount(f"eins{rest}", 1, 2),)
    return Attention(f"system{rest}", 1, 75.0, 1.5, 0.0, None, 50.0, words, (sample,))


def plane(rest: str) -> Plane:
    phrases = [Phrase(f"{word}{rest}", f"group {word[0]}{rest}") for word in ("eins", "elf", "zwei", "zwölf", "drei")]
    texts = [phrase.text for phrase in phrases]
    return context_plane(untrained(), f"model{rest}", phrases, texts, texts, f"texts{rest}")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the analysis of texts that look like markup."""
    folder = tmp_path_factory.mktemp("analysis") / "deep" / "folder"
    assert write_analysis(folder, analysis()) == folder / "analysis.html"
    return folder


def test_a_page_pictures_and_figures_are_written(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == {"analysis.html", "analysis.json", *PICTURES}


def test_the_page_is_well_formed_and_nothing_in_the_texts_is_taken_for_markup(written: Path) -> None:
    text = (written / "analysis.html").read_text("utf-8")
    page = Page(text)
    assert [attributes.get("type") for tag, attributes in page.tags if tag == "script"] == ["application/json", None]
    assert text.count("&lt;script&gt;") > 100
    assert "alert('x')" not in re.sub(r"&lt;script&gt;.*?&lt;/script&gt;", "", text)


def test_nothing_is_fetched_and_no_script_runs_but_the_page_s_own(written: Path) -> None:
    text = (written / "analysis.html").read_text("utf-8")
    page = Page(text)
    fetching = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}
    assert not [attributes for _, attributes in page.tags if fetching & attributes.keys()]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    script, allowed = page_script()
    policies = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; script-src '{allowed}'"]
    assert f"<script>{script}</script>" in text
    assert not re.search(r"https?://", text.replace("http://www.w3.org/2000/svg", ""))


def test_the_script_is_given_every_phrase_with_its_translation_and_neighbours(written: Path) -> None:
    found = re.search(r'<script type="application/json">(.*?)</script>', (written / "analysis.html").read_text("utf-8"))
    assert found
    phrases = json.loads(found[1])
    assert len(phrases) == 5
    assert all(NASTY in phrase["text"] and NASTY in phrase["translation"] for phrase in phrases)
    assert all(len(phrase["neighbours"]) == 4 and NASTY in phrase["group"] for phrase in phrases)


def test_each_weight_of_an_alignment_is_a_cell_that_says_whose_it_is(tmp_path: Path) -> None:
    write_analysis(tmp_path, analysis(nasty=False, systems=1))
    page = Page((tmp_path / "analysis.html").read_text("utf-8"))
    cells = [attributes for tag, attributes in page.tags if tag == "td" and "style" in attributes]
    assert len(cells) == 3 * 4
    assert (cells[1]["title"], cells[1]["style"]) == ("eins ← eins: 0.250", "--w:0.250")
    assert (cells[10]["title"], cells[10]["style"]) == ("<eos> ← zwei: 0.750", "--w:0.750")


def test_what_the_script_looks_for_is_there(written: Path) -> None:
    script, _ = page_script()
    page = Page((written / "analysis.html").read_text("utf-8"))
    classes = {word for _, attributes in page.tags for word in (attributes.get("class") or "").split()}
    wanted = set(re.findall(r'querySelector(?:All)?\("[a-z]*\.([a-z]+)"\)', script))
    assert {"contexts", "plane", "world", "place", "details", "count", "alignment", "scroll"} <= wanted <= classes
    buttons = {attributes.get("data-do") for tag, attributes in page.tags if tag == "button"}
    acts = re.search(r"Object\.entries\(\{(.*)\}\)\)", script)
    assert acts
    assert buttons == set(re.findall(r"\b(in|out|reset)\b", acts[1])) == {"in", "out", "reset"}
    assert page.count("input") == 1


def test_ids_are_unique_and_every_label_leads_to_one(written: Path) -> None:
    page = Page((written / "analysis.html").read_text("utf-8"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    labels = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert len(set(ids)) == len(ids)
    assert labels == set(ids)
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert all(drawing.get("aria-label") or drawing.get("aria-hidden") == "true" for drawing in drawings)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_stands_alone(written: Path, name: str) -> None:
    text = (written / name).read_text("utf-8")
    svg = ElementTree.fromstring(text)
    assert svg.tag == f"{SVG}svg"
    assert svg.find(f"{SVG}style") is not None
    assert svg.find(f"{SVG}rect") is not None
    assert not re.search(r"href|url\(|@import|<script|class=\"(?!\w)", text)
    styled = (svg.findtext(f"{SVG}style") or "").replace("{", " ").replace(".", " ")
    classes = {word for node in svg.iter() for word in node.get("class", "").split()}
    assert {c for c in classes if c not in styled.split()} <= {"plane", "world", "place", "dot", "mark"} | {"line"}
    assert "script" in "".join(svg.itertext())


def test_every_phrase_has_a_title_to_be_read_without_the_script(written: Path) -> None:
    svg = ElementTree.fromstring((written / "contexts.svg").read_text("utf-8"))
    titles = [place.findtext(f"{SVG}title") or "" for place in svg.iter(f"{SVG}g") if place.get("class") == "place"]
    assert len(titles) == 5
    assert all("→" in title and "nearest:" in title for title in titles)


def test_intervals_are_drawn_through_their_dots(written: Path) -> None:
    svg = ElementTree.fromstring((written / "bleu-by-length.svg").read_text("utf-8"))
    bars = [node for node in svg.iter() if node.get("class", "").startswith("bar ")]
    dots = [node for node in svg.iter() if node.get("class", "").startswith("dot ") and "cx" in node.attrib][2:]
    assert len(bars) == len(dots) == 2 * 2
    for bar, dot in zip(sorted(bars, key=x_of), sorted(dots, key=x_of), strict=True):
        assert bar.get("x1") == bar.get("x2") == dot.get("cx")
        assert float(bar.attrib["y2"]) <= float(dot.attrib["cy"]) <= float(bar.attrib["y1"])


def x_of(node: ElementTree.Element) -> float:
    return float(node.get("x1") or node.attrib["cx"])


def test_the_figures_are_those_of_the_analysis(tmp_path: Path) -> None:
    made = analysis(nasty=False)
    write_analysis(tmp_path, made)
    figures = json.loads((tmp_path / "analysis.json").read_text("utf-8"))
    assert figures["findings"]["scores"][0]["bleu"]["value"] == made.findings.scores[0].bleu.value
    assert figures["findings"]["comparisons"][0]["signatures"] == list(made.findings.comparisons[0].signatures)
    assert figures["contexts"]["grouping"]["groups"] == 2
    assert len(figures["findings"]["by_length"]["bins"]) == len(made.findings.by_length.bins)


def test_an_analysis_of_one_system_without_contexts_has_a_page(tmp_path: Path) -> None:
    page = write_analysis(tmp_path, replace(analysis(systems=1), contexts=None)).read_text("utf-8")
    Page(page)
    assert "More than chance" not in page
    assert 'id="contexts"' not in page
    assert not (tmp_path / "contexts.svg").exists()


def test_a_run_s_report_has_the_same_sections(tmp_path: Path) -> None:
    made = analysis(systems=1)
    write_report(tmp_path / "report.html", ReportContents("run", findings=made.findings, contexts=made.contexts))
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {"breakdowns", "contexts", "mistakes", "worst"} <= ids
    assert page.count("script") == 2


def test_groups_beyond_the_colours_have_other_marks(tmp_path: Path) -> None:
    made = analysis(nasty=False)
    assert made.contexts is not None
    phrases = [replace(made.contexts.phrases[0], x=float(n), y=float(n % 3), group=f"group {n}") for n in range(20)]
    write_analysis(tmp_path, replace(made, contexts=replace(made.contexts, phrases=tuple(phrases))))
    svg = ElementTree.fromstring((tmp_path / "contexts.svg").read_text("utf-8"))
    marks = [
        (node.get("class"), node.get("d"))
        for place in svg.iter(f"{SVG}g")
        if place.get("class") == "place"
        for node in place.iter(f"{SVG}path")
    ]
    assert len(set(marks)) == len(marks) == 20
