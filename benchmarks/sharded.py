"""Corpora in shards: `python -m benchmarks.sharded`.

It makes prepared corpora of short random sentences, and measures for each how long a training takes to its first step
and how much memory it takes; and it makes a corpus in gzipped shards, which one process prepares and then two, which
stand for two machines, compares the ids, and starts a training from what both prepared.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.machine import describe_machine
from benchmarks.rounds import Figures
from benchmarks.tables import Table, mebibytes, number
from tandem.corpora.pairs import Pair
from tandem.preparation.cache import ACCOUNT, corpora_in, seal
from tandem.preparation.encoded import SideWriter
from tandem.text import EOS_ID, SOS_ID, Tokenizer

_WORDS = 2000
_LONGEST = {"made": 6, "shards": 12}  # words of the longest sentence
_BLOCK = 1 << 20  # pairs that are made together
_STEPS = 400
_LEVEL = 1  # of gzip

_RECIPE = """
seed = 1
[data]
train = {{ kind = "files", source = "{folder}/{source}", target = "{folder}/{target}" }}
[text]
source = {{ tokenizer = "word" }}
target = {{ tokenizer = "word" }}
[model]
hidden = 32
embedding = 32
layers = 1
[training]
epochs = 1
batch_size = 128
precision = "float32"
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the tables and write the figures."""
    options = _parse(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    figures: Figures = json.loads(options.output.read_text(encoding="utf-8")) if options.output.exists() else {}
    figures["machine"] = describe_machine()
    starts = figures.setdefault("starts", {})
    for pairs in options.starts:
        starts[str(pairs)] = measure_start(pairs, options.work)
        _write(options.output, figures)
    if options.pairs:
        figures["shards"] = measure_shards(options.pairs, options.shards, options.work)
        _write(options.output, figures)
    print("\n".join(table.markdown() for table in tables(figures)))
    if not figures.get("shards", {"same": True})["same"]:
        sys.exit("benchmarks.sharded: two processes prepared another corpus than one")


def measure_start(pairs: int, work: Path) -> Figures:
    """Return what the start of a training takes on a made corpus of so many pairs."""
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name)
        _say(f"making {pairs:,} pairs")
        size = make_prepared(folder / "prepared", pairs)
        (folder / "made.toml").write_text(_RECIPE.format(folder=folder, source="0.de", target="0.en"), encoding="utf-8")
        for side in ("de", "en"):
            (folder / f"0.{side}").write_text("a\n", encoding="utf-8")
        _say("starting a training")
        return {"pairs": pairs, "bytes": size, **start(folder, folder / "made.toml", folder / "prepared")}


def start(folder: Path, recipe: Path, *prepared: Path, cache: Path | None = None) -> Figures:
    """Return what a process prints that starts a training and ends after some steps."""
    out = tempfile.mkdtemp(dir=folder) + "/run"
    return _figures(_worker(["start", str(recipe), str(_STEPS), out, *map(str, prepared)], cache or folder))


def measure_shards(pairs: int, shards: int, work: Path) -> Figures:
    """Return what preparing a made corpus in shards takes one process and two, and a training the start."""
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name)
        _say(f"making {pairs:,} pairs in {shards} shards")
        size = make_shards(folder, pairs, shards)
        recipe = folder / "shards.toml"
        recipe.write_text(_RECIPE.format(folder=folder, source="*.de.gz", target="*.en.gz"), encoding="utf-8")
        cores = sorted(os.sched_getaffinity(0))
        _say("preparing by one process")
        alone, seconds = _prepare(recipe, folder / "one", [cores[:1]])
        sums = _sums(folder / "one")
        shutil.rmtree(corpora_in(folder / "one"))
        _say("preparing by two processes")
        both, together = _prepare(recipe, folder / "two", [cores[::2], cores[1::2] or cores[:1]])
        same = _sums(folder / "two") == sums and both[0]["folder"] == both[1]["folder"]
        _say("starting a training")
        return {
            "pairs": pairs,
            "shards": shards,
            "bytes": size,
            "cores": [len(cores[:1]), len(cores[:2])],
            "seconds": [seconds, together],
            "peak_memory": [one["peak_memory"] for one in (*alone, *both)],
            "same": same,
            "sums": sums,
            "start": start(folder, recipe, cache=folder / "two"),
        }


def _prepare(recipe: Path, cache: Path, cores: Sequence[Sequence[int]]) -> tuple[list[Figures], float]:
    """Prepare by a process group for each set of cores, at the same time; return their figures, and the seconds."""
    began = time.perf_counter()
    started = [_worker(["prepare", str(recipe), ",".join(map(str, own))], cache) for own in cores]
    return [_figures(process) for process in started], round(time.perf_counter() - began, 1)


def _worker(arguments: Sequence[str], cache: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"TANDEM_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "benchmarks.sharded_worker", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def _figures(process: subprocess.Popen[str]) -> Figures:
    output, _ = process.communicate()
    if process.returncode:
        sys.exit(f"benchmarks.sharded: a process that is measured ended with {process.returncode}")
    figures: Figures = json.loads(output.splitlines()[-1])
    return figures


def _sums(cache: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the one corpus in a cache, by its name."""
    (folder,) = corpora_in(cache).iterdir()
    files = json.loads((folder / ACCOUNT).read_text(encoding="utf-8"))["files"]
    return {name: file["sha256"] for name, file in files.items()}


def make_prepared(folder: Path, pairs: int) -> int:
    """Write a prepared corpus of random ids, and return its size in bytes."""
    folder.mkdir()
    tokenizer = Tokenizer.train("word", _vocabulary())
    for part, count in (("train", pairs), ("validation", 1000)):
        for side in ("source", "target"):
            writer = SideWriter(folder / f"{part}.{side}")
            for ids, lengths in _random_sentences(count, _LONGEST["made"], 4, len(tokenizer), seed=len(part + side)):
                ends = np.cumsum(lengths + 2)
                framed = np.empty(int(ends[-1]), np.int32)
                framed[ends - 1], framed[ends - lengths - 2] = EOS_ID, SOS_ID
                inner = np.ones(len(framed), bool)
                inner[ends - 1] = inner[ends - lengths - 2] = False
                framed[inner] = ids
                writer.add(framed, lengths + 2)
            writer.close()
    (folder / "faulty.txt").write_text("", encoding="utf-8")
    words = _vocabulary()
    validation = [Pair(words[row], words[row + 1]) for row in range(1000)]
    seal(folder, (tokenizer, tokenizer), validation, "made", pairs, [])
    return sum(path.stat().st_size for path in folder.iterdir())


def make_shards(folder: Path, pairs: int, shards: int) -> int:
    """Write pairs of random words in gzipped shards, and return their size in bytes."""
    table = np.array([[*f"{word} ".encode()] for word in _vocabulary()], np.uint8)  # (words, bytes of a word)
    bounds = np.linspace(0, pairs, shards + 1).astype(int)
    for shard, count in enumerate(np.diff(bounds)):
        for seed, side in enumerate(("de", "en")):
            with gzip.open(folder / f"{shard}.{side}.gz", "wb", compresslevel=_LEVEL) as file:
                drawn = _random_sentences(int(count), _LONGEST["shards"], 0, _WORDS, seed=2 * shard + seed)
                for ids, lengths in drawn:
                    text = table[ids]
                    text[np.cumsum(lengths) - 1, -1] = ord("\n")
                    file.write(text.tobytes())
    return sum(path.stat().st_size for path in folder.glob("*.gz"))


def _random_sentences(
    count: int, longest: int, first: int, end: int, *, seed: int
) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]]:
    """Yield blocks of sentences of 1 to `longest` ids from `first` to below `end`: the ids, and the lengths."""
    chance = np.random.default_rng(seed)
    for begun in range(0, count, _BLOCK):
        lengths = chance.integers(1, longest, min(_BLOCK, count - begun), endpoint=True)
        yield chance.integers(first, end, int(lengths.sum()), dtype=np.int32), lengths


def _vocabulary() -> list[str]:
    return [f"w{word:04}" for word in range(_WORDS)]


def tables(figures: Figures) -> list[Table]:
    """Starts, and the preparation in shards."""
    starts = [(f"made, {own['pairs']:,}", own) for own in figures["starts"].values()]
    made = []
    if shards := figures.get("shards"):
        starts.append((f"shards, {shards['pairs']:,}", shards["start"]))
        peaks = shards["peak_memory"]
        rows = [("one", 0, peaks[:1]), ("two", 1, peaks[1:])]
        made = [
            Table(
                f"Preparing {shards['pairs']:,} pairs in {shards['shards']} gzipped shards; the files are "
                f"{'the same' if shards['same'] else 'NOT THE SAME'}",
                ("processes", "cores", "seconds", "peak memory of each"),
                [
                    [name, str(shards["cores"][index]), number(shards["seconds"][index]), mebibytes(max(own))]
                    for name, index, own in rows
                ],
            )
        ]
    return [
        Table(
            f"A training of which {_STEPS} steps are measured, as a whole process",
            (
                "corpus, pairs",
                "seconds to the first step",
                "of processor time",
                "peak memory by then",
                "peak memory",
            ),
            [
                [
                    name,
                    number(own["first_step"]),
                    number(own["first_processor"]),
                    mebibytes(own["first_peak"]),
                    mebibytes(own["peak_memory"]),
                ]
                for name, own in starts
            ],
        ),
        *made,
    ]


def _write(output: Path, figures: Figures) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.sharded", description=__doc__)
    parser.add_argument(
        "--starts",
        type=int,
        nargs="*",
        default=[5_000_000, 50_000_000, 300_000_000],
        help="pairs of made corpora, 60 bytes each",
    )
    parser.add_argument("--pairs", type=int, default=20_000_000, help="pairs of the corpus in shards; 0 makes none")
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="a folder with room for it")
    parser.add_argument("--output", type=Path, default=Path("results/sharded.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
