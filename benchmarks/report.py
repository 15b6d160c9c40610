"""What becomes of the figures: tables in the terminal, a JSON file, tables and drawings in a page."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Shown

from benchmarks.attention import attention_tables
from benchmarks.choices import choices_tables
from benchmarks.copying import copying_tables
from benchmarks.decoding import decoding_tables
from benchmarks.ensembles import ensemble_tables
from benchmarks.full_size import full_size_tables
from benchmarks.gpu import gpu_tables
from benchmarks.memory import memory_tables
from benchmarks.plots import scaling_plot, speed_plot
from benchmarks.precision import precision_tables
from benchmarks.processes import processes_tables
from benchmarks.profiling import profile_tables
from benchmarks.rescoring import rescoring_tables
from benchmarks.rounds import Figures
from benchmarks.scaling import scaling_tables
from benchmarks.tables import Table, number
from benchmarks.training import training_tables

TABLES: Mapping[str, Callable[[Figures], list[Table]]] = {
    "training": training_tables,
    "decoding": decoding_tables,
    "attention": attention_tables,
    "ensembles": ensemble_tables,
    "rescoring": rescoring_tables,
    "memory": memory_tables,
    "scaling": scaling_tables,
    "profile": profile_tables,
    "choices": choices_tables,
    "copying": copying_tables,
    "precision": precision_tables,
    "processes": processes_tables,
    "gpu": gpu_tables,
    "full-size": full_size_tables,
}


class ReportError(Exception):
    """A file that the figures cannot be put into."""


def machine_tables(content: Figures) -> list[Table]:
    """The machine, and the products measured on it."""
    rows = []
    for name, value in content["machine"].items():
        if isinstance(value, dict):
            value = ", ".join(f"{cache} {size}" for cache, size in value.items())
        if isinstance(value, bool):
            value = "yes" if value else "no"
        rows.append([name, "unknown" if value in {None, ""} else str(value)])
    if "corpus" in content:
        corpus = content["corpus"]
        source, target = corpus["vocabularies"]
        pairs = f"{corpus['training pairs']:,} pairs, {source:,} source and {target:,} target tokens"
        rows.append(["corpus", f"{corpus['name']}: {pairs}"])
    if content["quick"]:
        rows.append(["sizes", "tiny (a smoke test: the figures mean nothing)"])
    tables = [Table("Measured on", ("what", "value"), rows)]
    if "products" in content:
        products = [[name, number(row["torch"]), number(row["all"])] for name, row in content["products"].items()]
        title = "The fastest matrix products measured in the same run, in GFLOP/s"
        tables.append(Table(title, ("type", "torch's own", "the best of all"), products))
    return tables


def show(content: Figures) -> None:
    """Print every part as tables."""
    console = Console()
    tables = [table for name, part in content["parts"].items() for table in TABLES[name](part)]
    for table in (*machine_tables(content), *tables):
        shown = Shown(title=table.title, title_justify="left")
        for place, column in enumerate(table.columns):
            shown.add_column(column, justify="right" if place else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)


def read(path: Path) -> Figures:
    """The figures of an earlier run; ReportError where the file has none."""
    try:
        content: Figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: no figures of a run can be read from it ({error})") from error
    if not {"machine", "parts"} <= content.keys():
        raise ReportError(f"{path}: it does not hold a benchmark's figures; remove it or name another --output")
    return content


def check_merges(path: Path, content: Figures) -> None:
    """Raise ReportError where parts cannot be put beside those of the file: another machine, another kind of run."""
    found = read(path)
    for key in ("machine", "quick"):
        if found[key] != content[key]:
            raise ReportError(
                f"{path}: its figures come from another {'machine' if key == 'machine' else 'kind of run'}, and must "
                "not be mixed with these; measure all parts anew, or name another --output"
            )


def write(path: Path, content: Figures, *, merge: bool) -> Figures:
    """Write the figures as JSON, beside the other parts of the file where `merge` says so; what is now in the file."""
    if merge and path.exists():
        check_merges(path, content)
        found = read(path)
        # The products stay those of the run that the training's shares were taken in.
        kept = {} if "training" in content["parts"] else {key: found[key] for key in ("products",) if key in found}
        content = found | content | kept | {"parts": found["parts"] | content["parts"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return content


def write_pages(pages: Sequence[Path], content: Figures) -> None:
    """Put the tables between the markers of the pages, and the drawings beside the pages that show them.

    A marker is `<!-- benchmark: begin NAME -->` up to `<!-- benchmark: end NAME -->`; those of parts that were not
    measured stay as they are. Raise ReportError unless each part has its marker once, on one of the pages.
    """
    parts = content["parts"]
    texts = {page: page.read_text(encoding="utf-8") for page in pages}

    def page_of(name: str) -> Path:
        return next((page for page, text in texts.items() if f"begin {name} -->" in text), pages[0])

    tables = {name: _markdown(TABLES[name](part)) for name, part in parts.items()}
    if TABLES.keys() & parts.keys() - {"attention", "copying", "precision", "processes", "gpu"}:
        tables["machine"] = _markdown(machine_tables(content))
    drawings = {}
    if {"training", "decoding"} & parts.keys():
        drawings["speed"] = (speed_plot(parts), "Rates of the tutorial's loop and of Tandem")
    if "scaling" in parts:
        drawings["scaling"] = (scaling_plot(parts["scaling"]), "What a target token costs")
    for name, (drawing, what) in drawings.items():
        page = page_of(f"{name}-plot")
        file = page.with_name(f"{page.stem}-{name}.svg")
        file.write_text(drawing, encoding="utf-8")
        tables[f"{name}-plot"] = f"![{what}]({file.name})\n"
    for name, table in tables.items():
        texts[page_of(name)] = between(texts[page_of(name)], name, table)
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")


def between(text: str, name: str, content: str) -> str:
    """The text with `content` between the markers of that name; ReportError where they are not there, once."""
    begin, end = (f"<!-- benchmark: {which} {name} -->" for which in ("begin", "end"))
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", flags=re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ReportError(f"the page needs one line {begin} and below it one line {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n{end}", text)


def _markdown(tables: list[Table]) -> str:
    return "\n".join(table.markdown() for table in tables)
