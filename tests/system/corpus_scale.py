"""Preparing and training on corpora of two sizes: pairs a second, memory, and how soon the first steps are taken.

python -m tests.system.corpus_scale --pairs 500000 5000000
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_WORDS = 20_000
_BLOCK = 100_000
_RECIPE = """
[data]
train = { kind = "files", source = "train.de", target = "train.en" }

[text]
source = { tokenizer = "TOKENIZER" }
target = { tokenizer = "TOKENIZER" }

[model]
layers = 1
hidden = 128
embedding = 64

[training]
epochs = 1
batch_size = 32
"""
_PREPARE = """
from tandem.recipe import load_recipe
from tandem.runs.corpora import prepare

prepare(load_recipe("recipe.toml"))
"""


class Measured(NamedTuple):
    """One corpus."""

    pairs: int
    preparing: float
    """Seconds, the start of the process counted."""
    prepared_anew: float
    """Seconds to find it in the cache again, likewise."""
    preparing_memory: float
    """MB of anonymous memory at the peak, of all processes together."""
    first_steps: float
    """Seconds from a training's start to the tenth step."""
    training_memory: float
    """MB of anonymous memory at the peak."""


def make_corpus(pairs: int, folder: Path) -> None:
    """Sentences of 5 to 19 words that are drawn from 20,000, the frequent ones often."""
    chance = np.random.default_rng(1)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzäöü"))
    words = ["".join(chance.choice(letters, size=size)) for size in chance.integers(2, 11, size=_WORDS)]
    share = 1 / np.arange(1, _WORDS + 1)
    share /= share.sum()
    source, target = ((folder / name).open("w", encoding="utf-8") for name in ("train.de", "train.en"))
    with source, target:
        for start in range(0, pairs, _BLOCK):
            lengths = chance.integers(5, 20, size=min(_BLOCK, pairs - start))
            for file, sizes in ((source, lengths), (target, lengths + chance.integers(-2, 3, size=len(lengths)))):
                drawn = chance.choice(_WORDS, size=sizes.sum(), p=share).tolist()
                ends = [0, *np.cumsum(sizes).tolist()]
                file.writelines(" ".join([words[word] for word in drawn[a:b]]) + " .\n" for a, b in pairwise(ends))


def measure(pairs: int, tokenizer: str, steps: int, folder: Path) -> Measured:
    """Make a corpus, prepare it, open it again, train a little."""
    make_corpus(pairs, folder)
    (folder / "recipe.toml").write_text(_RECIPE.replace("TOKENIZER", tokenizer), encoding="utf-8")
    preparing, preparing_memory = _watched(["-c", _PREPARE], folder, lambda: False)
    again, _ = _watched(["-c", _PREPARE], folder, lambda: False)
    began = time.monotonic()
    first: list[float] = []

    def done() -> bool:
        rows = _rows(folder / "run" / "metrics.jsonl")
        taken = [row["step"] for row in rows if row["event"] == "step"]
        if taken and not first:
            first.append(time.monotonic() - began)
        return bool(taken) and taken[-1] >= steps

    _, training_memory = _watched(["-m", "tandem", "train", "recipe.toml", "--out", "run"], folder, done)
    return Measured(pairs, preparing, again, preparing_memory, first[0], training_memory)


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _watched(arguments: list[str], folder: Path, done: Callable[[], bool]) -> tuple[float, float]:
    """Run Python until it ends or is done: seconds, and the peak of anonymous memory in MB, children included."""
    environment = os.environ | {"TANDEM_CACHE": str(folder / "cache")}
    began, peak = time.monotonic(), 0.0
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            peak = max(peak, _anonymous(process.pid))
            if done():
                process.send_signal(signal.SIGTERM)
                break
            time.sleep(0.05)
        process.wait()
    if process.returncode not in {0, 128 + signal.SIGTERM}:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return time.monotonic() - began, peak


def _anonymous(pid: int) -> float:
    """MB of anonymous memory of a process and its children."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:  # it has ended
        return 0.0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")), 0)
    return own / 1024 + sum(_anonymous(int(child)) for child in children)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=[500_000, 5_000_000])
    parser.add_argument("--tokenizer", default="word")
    parser.add_argument("--steps", type=int, default=200, help="to train for")
    parser.add_argument("--scratch", type=Path, default=None, help="where the corpora go; some 250 bytes a pair")
    options = parser.parse_args()
    print("|    pairs | prepared in | pairs/s | memory | opened again in | ten steps after | memory |")
    print("| -------: | ----------: | ------: | -----: | --------------: | --------------: | -----: |")
    for pairs in options.pairs:
        folder = Path(tempfile.mkdtemp(prefix="tandem-scale-", dir=options.scratch))
        try:
            m = measure(pairs, options.tokenizer, options.steps, folder)
        finally:
            shutil.rmtree(folder)
        print(
            f"| {pairs:8,} | {m.preparing:9.1f} s | {pairs / m.preparing:7,.0f} | {m.preparing_memory:3.0f} MB "
            f"| {m.prepared_anew:13.1f} s | {m.first_steps:13.1f} s | {m.training_memory:3.0f} MB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
