"""Fuzzing: a hundred thousand spoilt inputs to a reader of files, of which none may do more than be refused.

python -m tests.system.fuzzing recipe|tokenizer|corpus|checkpoint --inputs 100000 [--engine atheris] [--seed 2]

`hypothesis` makes inputs by chance, and shrinks one that finds a fault. `atheris` (pip install atheris; not among the
project's requirements) is led by which of the code's branches an input reaches. A fault is any error but a TandemError,
a panic of a library, an input that takes more than 20 seconds, or memory that grows by more than 512 MiB.
"""

import argparse
import faulthandler
import importlib
import importlib.util
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

CHUNK = 1000
"""Inputs that are made in one go: hypothesis remembers all of a go."""
SECONDS, MEBIBYTES = 20, 512


def fuzz(target: str, inputs: int, start: int, scratch: Path) -> Counter[str]:
    """Give a reader so many inputs made by hypothesis: how many it took and refused. Raises what a fault raised."""
    done: Counter[str] = Counter()
    reader = _reader(target, scratch)
    while (left := inputs - done.total()) > 0:
        chunk = settings(
            max_examples=min(left, CHUNK),
            database=None,
            deadline=None,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        seed(start * 1_000_003 + done.total())(chunk(_check(reader, done)))()
    return done


def fuzz_with_atheris(target: str, inputs: int, start: int, scratch: Path) -> None:
    """The same, led by coverage; ends the process."""
    if importlib.util.find_spec("atheris") is None:
        sys.exit("atheris is not installed: pip install atheris, or leave out --engine")
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["tandem", "tomllib", "json"]):
        reader = _reader(target, scratch)
    done: Counter[str] = Counter()
    one: Callable[[bytes], object] = _check(reader, done).hypothesis.fuzz_one_input

    def call(content: bytes) -> None:
        one(content)
        if done.total() >= inputs:
            print(_told(target, done), flush=True)
            os._exit(0)  # the engine has no other end

    atheris.Setup(
        [sys.argv[0], f"-seed={start}", "-max_len=8192", "-len_control=0", f"-timeout={SECONDS}", "-rss_limit_mb=4096"],
        call,
    )
    atheris.Fuzz()


def _reader(target: str, scratch: Path) -> Any:
    # Imported here, since an engine may have to see what is imported.
    return importlib.import_module("tests.system.readers").READERS[target](scratch)


def _check(reader: Any, done: Counter[str]) -> Any:
    from tandem.errors import TandemError

    @given(reader.inputs)
    def check(made: Any) -> None:
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            reader.read(made)
            done["taken"] += 1
        except TandemError:
            done["refused"] += 1
        finally:
            faulthandler.cancel_dump_traceback_later()

    return check


def _told(target: str, done: Counter[str]) -> str:
    return f"{target}: {done.total():,} inputs, {done['refused']:,} refused, {done['taken']:,} taken"


def _stop(what: Any) -> None:
    """What a library could only print, in the middle of something else, is a fault too."""
    print(f"an error that nobody catches: {what.exc_value!r}", flush=True)
    os._exit(1)


def main() -> None:
    import resource  # POSIX alone has it

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("target", choices=["recipe", "tokenizer", "corpus", "checkpoint"])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], default="hypothesis")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.unraisablehook = _stop
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="fuzzing-", dir=memory if memory.is_dir() else None) as scratch:
        if given.engine == "atheris":
            fuzz_with_atheris(given.target, given.inputs, given.seed, Path(scratch))
        began = time.perf_counter()
        fuzz(given.target, 100, given.seed, Path(tempfile.mkdtemp(dir=scratch)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = fuzz(given.target, given.inputs, given.seed, Path(tempfile.mkdtemp(dir=scratch)))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(f"{_told(given.target, done)}; {time.perf_counter() - began:.0f} s, {grown} MiB more memory")
    if grown > MEBIBYTES:
        sys.exit(f"the memory grew by more than {MEBIBYTES} MiB")


if __name__ == "__main__":
    main()
