"""`python -m benchmarks`: Tandem beside the plain loop of the tutorial, both measured in one run, in turn.

Parts of a default run: training, decoding, ensembles, rescoring, memory, scaling, profile, choices.
On request alone: attention, processes, copying (minutes), precision (hours), gpu, full-size.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks import report
from benchmarks.attention import measure_attention
from benchmarks.choices import measure_choices
from benchmarks.copying import QUICK_TRIAL, CopyTrial, measure_copying
from benchmarks.corpora import open_corpus
from benchmarks.decoding import measure_decoding
from benchmarks.ensembles import measure_ensembles
from benchmarks.full_size import measure_full_size
from benchmarks.gpu import measure_gpu
from benchmarks.machine import ProductRate, describe_machine
from benchmarks.memory import measure_memory
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.precision import Trial, measure_precision
from benchmarks.processes import measure_processes
from benchmarks.profiling import measure_profile
from benchmarks.rescoring import measure_rescoring
from benchmarks.rounds import Figures, rounded
from benchmarks.same import DifferentError
from benchmarks.scaling import measure_scaling
from benchmarks.training import add_shares, measure_training

DEFAULT = ("training", "decoding", "ensembles", "rescoring", "memory", "scaling", "profile", "choices")
ON_REQUEST = ("attention", "processes", "copying", "precision", "gpu", "full-size")


class Options(NamedTuple):
    """The command line."""

    parts: tuple[str, ...]
    """Empty: show and write again what `output` has."""
    merge: bool
    plan: Plan
    run: Path | None
    output: Path | None
    docs: list[Path] | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the parts that are asked for; show them, and write them where asked."""
    options = parse(arguments)
    try:
        if not options.parts:
            if options.output is None:
                raise report.ReportError("there is nothing to show again without --output")
            content = report.read(options.output)
        else:
            content = measure(options)
        report.show(content)
        if options.parts and options.output:
            content = report.write(options.output, content, merge=options.merge)
        if options.docs:
            report.write_pages(options.docs, content)
    except (DifferentError, report.ReportError) as error:
        sys.exit(f"benchmarks: {error}")


def measure(options: Options) -> Figures:
    """The machine and every part's figures, the matrix products timed before, between and after the parts."""
    plan, say = options.plan, Console(stderr=True).print
    content: Figures = {"machine": describe_machine(), "quick": plan.quick, "parts": {}}
    if options.merge and options.output and options.output.exists():
        report.check_merges(options.output, content)
    products = ProductRate(plan)
    corpus = cache(lambda: open_corpus(plan))
    measures: dict[str, Callable[[], Figures]] = {
        "training": lambda: measure_training(plan, corpus()),
        "decoding": lambda: measure_decoding(plan, corpus(), options.run),
        "attention": lambda: measure_attention(plan, corpus()),
        "ensembles": lambda: measure_ensembles(plan, corpus(), options.run),
        "rescoring": lambda: measure_rescoring(plan, corpus(), options.run),
        "memory": lambda: measure_memory(plan, corpus()),
        "scaling": lambda: measure_scaling(plan),
        "profile": lambda: measure_profile(plan, corpus(), options.run),
        "choices": lambda: measure_choices(plan),
        "copying": lambda: measure_copying(QUICK_TRIAL if plan.quick else CopyTrial()),
        "precision": lambda: measure_precision(Trial()),
        "processes": lambda: measure_processes(plan),
        "gpu": lambda: measure_gpu(plan, corpus()),
        "full-size": lambda: measure_full_size(plan),
    }
    on_cpu = set(DEFAULT) & set(options.parts)
    for name in options.parts:
        if on_cpu:
            products.measure()
        say(f"measuring: {name}")
        began = time.perf_counter()
        figures = measures[name]()
        content["parts"][name] = {
            "alternations": plan.alternations,
            "seconds": rounded(time.perf_counter() - began),
            **figures,
        }
    if on_cpu:
        products.measure()
        content["products"] = products.figures()
    if "training" in content["parts"]:
        add_shares(content["parts"]["training"], content["products"])
    if corpus.cache_info().currsize:
        content["corpus"] = corpus().describe()
    return content


def parse(arguments: Sequence[str] | None) -> Options:
    """The command line, checked."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        metavar="PART,...",
        help=f"measure these parts: {', '.join((*DEFAULT, *ON_REQUEST))}; or `none`: show --output again",
    )
    parser.add_argument("--alternations", type=int, help="rounds in which each side has its turn (5)")
    parser.add_argument("--quick", action="store_true", help="a smoke test: tiny sizes, figures that mean nothing")
    parser.add_argument(
        "--run", type=Path, help="decode and score with the weights of this run, for decoding of multi30k-tutorial.toml"
    )
    parser.add_argument(
        "--output", type=Path, help="write the figures here as JSON; parts that --only names are merged"
    )
    parser.add_argument(
        "--docs",
        type=Path,
        nargs="+",
        metavar="PAGE",
        help="write tables and drawings into these pages, between their markers",
    )
    given = parser.parse_args(arguments)
    parts = DEFAULT if given.only is None else () if given.only == "none" else tuple(given.only.split(","))
    if unknown := set(parts) - {*DEFAULT, *ON_REQUEST}:
        parser.error(f"--only: there is no part {', '.join(sorted(unknown))}")
    plan = QUICK if given.quick else FULL
    if given.alternations is not None:
        if given.alternations < 1:
            parser.error(f"--alternations is {given.alternations}; it must be 1 or more")
        plan = replace(plan, alternations=given.alternations)
    return Options(parts, given.only is not None, plan, given.run, given.output, given.docs)


if __name__ == "__main__":
    main()
