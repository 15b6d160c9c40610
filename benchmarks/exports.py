"""A model's exports beside PyTorch on a test corpus: `python -m benchmarks.exports RUN SOURCE TARGET`.

It prints whether outputs are equal, what they are worth, how large the exports are and what a cold start takes, and
puts all of it into --output as the row NAME. The exit status is 1 where too many outputs of the float32 export differ
from PyTorch's: more than 1 in 1,000 of all that are compared, or one where no two scores lie within 0.00001.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import tandem
from benchmarks.cold_start import measure_starts
from benchmarks.equality import BATCH_SIZES, CLOSE, compare_batch_sizes, compare_outputs, is_kept
from benchmarks.machine import describe_machine
from benchmarks.rounds import Figures, rounded
from benchmarks.tables import Table, mebibytes, number
from tandem.corpora.pairs import load_pairs
from tandem.corpora.parallel_files import ParallelFiles
from tandem.names import ExportPrecision
from tandem.runs.evaluation import Evaluation

_PLAIN = "PyTorch float32"
_FLOORS = {f"import {name}": ("-c", f"import {name}") for name in ("numpy", "onnxruntime")}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the exports of a run, print the tables and write the row."""
    options = _parse(arguments)
    rows = _rows(options.output)  # before the work, so that its figures are not lost
    try:
        corpus = load_pairs(ParallelFiles(options.source, options.target)).pairs[: options.sentences]
        row = measure(options.run, [(pair.source, pair.target) for pair in corpus], lowercase=options.lowercase)
    except tandem.TandemError as error:
        sys.exit(f"benchmarks.exports: {error}")
    print("\n".join(table.markdown() for table in export_tables(row)))
    rows[options.name or options.run.resolve().name] = row
    options.output.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"rows": dict(sorted(rows.items()))}, indent=1, ensure_ascii=False)
    options.output.write_text(content + "\n", encoding="utf-8")
    if not row["kept"]:
        sys.exit("benchmarks.exports: outputs of the float32 export differ from PyTorch's, more of them than may")


def measure(run: Path, pairs: Sequence[tuple[str, str]], *, lowercase: bool) -> Figures:
    """Return what the exports of a run do with these pairs, beside PyTorch in float32 on the CPU."""
    plain = tandem.load(run, device="cpu", precision="float32")
    lowercase = lowercase or plain.recipe.search.lowercase_scores
    with tempfile.TemporaryDirectory() as folder:
        exports = {
            precision: tandem.export(run, out=Path(folder) / precision, precision=precision)
            for precision in get_args(ExportPrecision)
        }
        exported = {precision: tandem.load(made.directory) for precision, made in exports.items()}
        _say("translating and scoring the corpus")
        sides = {_PLAIN: plain, **{f"export {precision}": translator for precision, translator in exported.items()}}
        evaluations = {
            name: tandem.evaluate(translator, pairs, lowercase=lowercase) for name, translator in sides.items()
        }
        texts = [result.source for result in evaluations[_PLAIN].results]
        _say("comparing outputs at each batch size")
        equality = compare_outputs(plain, exported["float32"], texts)
        int8 = compare_batch_sizes(exported["int8"], texts)
        _say("starting processes")
        models = {_PLAIN: run, **{f"export {precision}": made.directory for precision, made in exports.items()}}
        translating = {
            name: ("-m", "tandem", "translate", str(model), "--", texts[0]) for name, model in models.items()
        }
        sizes = {precision: made.size for precision, made in exports.items()}
        return {
            "machine": describe_machine() | {"onnxruntime": version("onnxruntime")},
            "pairs": len(pairs),
            "sources": len(texts),
            "equality": equality,
            "kept": is_kept(equality),
            "int8": int8,
            "quality": {name: _quality(own, evaluations[_PLAIN]) for name, own in evaluations.items()},
            "bytes": {**sizes, "ratio": rounded(sizes["int8"] / sizes["float32"])},
            "starts": measure_starts({**_FLOORS, **translating}),
        }


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _quality(evaluation: Evaluation, plain: Evaluation) -> Figures:
    bleu = next(score for score in evaluation.scores if score.name == "bleu")
    return {
        "bleu": round(bleu.value, 2),
        "signature": bleu.signature,
        "word_error_rate": round(100 - evaluation.score("exact"), 2),
        "equal": sum(one == other for one, other in zip(evaluation.translations, plain.translations, strict=True)),
    }


def export_tables(row: Figures) -> list[Table]:
    """Equality, batch sizes, quality, sizes and cold starts."""
    equality = [
        [
            f"{own['search']}, {own['batch_size']}",
            f"{own['equal']:,} of {own['outputs']:,}",
            f"{own['token']:.1g}",
            f"{own['output']:.1g}",
            f"{sum(gap <= CLOSE for gap in own['gaps'])} of {len(own['gaps'])}" if own["gaps"] else "",
        ]
        for own in row["equality"]
    ]
    int8 = [
        [own["search"], f"{own['equal']:,} of {own['outputs']:,}", f"{own['token']:.1g}", f"{own['output']:.1g}"]
        for own in row["int8"]
    ]
    quality = [
        [name, f"{own['bleu']:.2f}", f"{own['word_error_rate']:.2f}", f"{own['equal']:,} of {row['sources']:,}"]
        for name, own in row["quality"].items()
    ]
    sizes = row["bytes"]
    starts = [[name, number(own["cpu_seconds"]), mebibytes(own["peak_memory"])] for name, own in row["starts"].items()]
    apart = ("a token's log-probability differs by", "an output's")
    return [
        Table(
            "The float32 export beside PyTorch in float32",
            ("search, batch size", "outputs equal", *apart, f"of the others, two scores within {CLOSE:.5f}"),
            equality,
        ),
        Table(
            f"The int8 export at batch sizes {', '.join(map(str, BATCH_SIZES))}",
            ("search", "outputs the same at all", *apart),
            int8,
        ),
        Table(
            "Quality, with the recipe's search",
            ("side", "BLEU", "word error rate (100 - exact)", "outputs that are PyTorch's"),
            quality,
        ),
        Table(
            "Size",
            ("export", "bytes", "of float32's"),
            [["float32", f"{sizes['float32']:,}", ""], ["int8", f"{sizes['int8']:,}", f"{100 * sizes['ratio']:.1f} %"]],
        ),
        Table(
            "A whole process, which translates one sentence: medians",
            ("process", "seconds of processor time", "peak memory"),
            starts,
        ),
    ]


def _rows(path: Path) -> Figures:
    """Return the rows that a file has, each of which tells its machine; none where there is no file."""
    if not path.exists():
        return {}
    try:
        rows: Figures = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return dict(rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(
            f"benchmarks.exports: {path}: it holds no rows of this command ({error}). Remove it, or name another "
            "--output"
        )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.exports", description=__doc__)
    parser.add_argument("run", type=Path, help="the run or checkpoint")
    parser.add_argument("source", type=Path, help="a file with the sources of a test corpus, one a line")
    parser.add_argument("target", type=Path, help="a file with their references")
    parser.add_argument("--name", help="what the row is called; by default as the run's folder")
    parser.add_argument("--output", type=Path, default=Path("results/exports.json"))
    parser.add_argument("--sentences", type=int, help="so many of the pairs, from the first on")
    parser.add_argument("--lowercase", action="store_true", help="score in lower case; by default as the recipe says")
    options = parser.parse_args(arguments)
    if options.sentences is not None and options.sentences < 1:
        parser.error(f"--sentences is {options.sentences}; it must be 1 or more")
    return options


if __name__ == "__main__":
    main()
