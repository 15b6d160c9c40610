"""`python -m benchmarks.checkouts OLD NEW`: whether two checkouts of Tandem compute the same, and how fast.

Each checkout trains small recipes for three epochs; the weights must be the same bytes. Then each translates 1,000
sentences with its own weights, greedily and with a beam of 5: the texts must be the same, the scores within 1e-6. NEW
must load and translate with the runs of OLD, too. With `--speed` both train and translate in turn, and the ratios are
printed.

Each checkout works in a process of its own, which runs the code of its folder `src`, with this environment's libraries.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tandem.corpora.captions import captions

RECIPES = {
    "lstm, words, ratio 1": ("lstm", "word", 1.0),
    "gru, bpe, ratio 0.5": ("gru", "bpe", 0.5),
    "rnn, characters, ratio 1": ("rnn", "character", 1.0),
    "lstm, words, ratio 0.5": ("lstm", "word", 0.5),
}
PAIRS, TEXTS = 1500, 1000
TOLERANCE = 1e-6
"""The largest difference between the scores of two translations."""
SPEEDS = ("training", "greedy", "beam 5", "one at a time")
WORKER = Path(__file__).with_name("checkout_worker.py")


class Worker:
    """A process that works for a checkout; it is asked in JSON, a line a question."""

    def __init__(self, checkout: Path, threads: int | None = None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **question: Any) -> Any:
        """Return the answer to a question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the worker ended with exit code {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def write_recipe(folder: Path, cell: str, tokenizer: str, ratio: float) -> Path:
    """Write a small corpus and a recipe for it, and return the path of the recipe."""
    built_in = captions()
    for name, pairs in (("train", built_in.train[:PAIRS]), ("validation", built_in.validation[:100])):
        for side, texts in zip(("de", "en"), zip(*pairs, strict=True), strict=True):
            (folder / f"{name}.{side}").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    size = ", max_size = 400" if tokenizer == "bpe" else ""
    recipe = folder / "recipe.toml"
    recipe.write_text(
        "seed = 1\n"
        f'[data]\nfolder = "{folder}"\n'
        'train = { source = "train.de", target = "train.en" }\n'
        'validation = { source = "validation.de", target = "validation.en" }\n'
        f'[text]\nsource = {{ tokenizer = "{tokenizer}"{size} }}\ntarget = {{ tokenizer = "{tokenizer}"{size} }}\n'
        f'[model]\ncell = "{cell}"\nlayers = 2\nhidden = 64\nembedding = 48\ndropout = 0.2\n'
        "[training]\nepochs = 3\nbatch_size = 64\n"
        f"[training.teacher_forcing]\nstart = {ratio}\nend = {ratio}\n",
        encoding="utf-8",
    )
    return recipe


def sums(run: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of weights of a run."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(run.rglob("*.safetensors"))
    }


def compare_results(workers: dict[str, Worker], folder: Path) -> bool:
    """Print whether both sides train and translate the same; return whether they do."""
    built_in = captions()
    texts = [source for source, _ in unseen_pairs(built_in)]
    same = True
    for name, (cell, tokenizer, ratio) in RECIPES.items():
        recipe = write_recipe(folder, cell, tokenizer, ratio)
        runs = {side: folder / f"{side}-{cell}-{tokenizer}-{ratio}" for side in workers}
        for side, worker in workers.items():
            worker.ask(do="train", recipe=str(recipe), out=str(runs[side]))
        weights = {side: sums(run) for side, run in runs.items()}
        equal = weights["old"] == weights["new"] and bool(weights["new"])
        print(f"{name}: {len(weights['new'])} files of weights, {'the same bytes' if equal else 'DIFFERENT'}")
        same &= equal
        for beam in (1, 5):
            made = {
                side: worker.ask(do="translate", run=str(runs[side]), texts=texts, beam=beam)
                for side, worker in workers.items()
            }
            made["old run"] = workers["new"].ask(do="translate", run=str(runs["old"]), texts=texts, beam=beam)
            for side in ("new", "old run"):
                pairs = list(zip(made["old"], made[side], strict=True))
                differing = sum(one[0] != other[0] for one, other in pairs)
                apart = max(abs(one[1] - other[1]) for one, other in pairs)
                print(f"  beam {beam}, {side}: {differing} of {len(pairs)} texts differ, scores by {apart:.1e} at most")
                same &= differing == 0 and apart <= TOLERANCE
    return same


def unseen_pairs(built_in: Any) -> list[tuple[str, str]]:
    """Return the first sentences of the built-in corpus that nothing was trained on, and then others."""
    pairs = list(chain(built_in.test, built_in.validation, built_in.train[PAIRS:], built_in.train))
    return [(source, target) for source, target in pairs][:TEXTS]


def compare_speeds(workers: dict[str, Worker], kinds: Sequence[str], precision: str, rounds: int) -> None:
    """Print how many times as fast as OLD the other is, at each kind of work, by medians of alternating rounds."""
    for kind in kinds:
        rates: dict[str, list[float]] = {side: [] for side in workers}
        for number in range(rounds + 1):
            order = list(workers) if number % 2 else list(reversed(workers))
            for side in order:
                rate = workers[side].ask(do="speed", kind=kind, precision=precision)
                if number:
                    rates[side].append(rate)
        medians = {side: statistics.median(values) for side, values in rates.items()}
        within = statistics.median(new / old for new, old in zip(rates["new"], rates["old"], strict=True))
        ratio = medians["new"] / medians["old"]
        print(
            f"{precision} {kind}: old {medians['old']:.4g}/s, new {medians['new']:.4g}/s, "
            f"ratio {ratio:.2f}, median of the rounds' ratios {within:.2f}",
            flush=True,
        )


def main() -> None:
    """Compare two checkouts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument("--speed", action="store_true", help="measure speeds instead of comparing results")
    parser.add_argument("--kinds", nargs="+", default=SPEEDS, choices=SPEEDS, help="which speeds (default: all)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=None, help="threads of each side; default: torch's choice")
    parser.add_argument("--precision", nargs="+", default=["float32"], choices=["float32", "bfloat16"])
    options = parser.parse_args()
    workers = {
        side: Worker(checkout.resolve(), options.threads)
        for side, checkout in (("old", options.old), ("new", options.new))
    }
    try:
        if options.speed:
            for precision in options.precision:
                compare_speeds(workers, options.kinds, precision, options.rounds)
            return
        with tempfile.TemporaryDirectory() as folder:
            same = compare_results(workers, Path(folder))
    finally:
        for worker in workers.values():
            worker.close()
    print("the same" if same else "NOT the same")
    sys.exit(not same)


if __name__ == "__main__":
    main()
