"""Random damages to a checkpoint and a run, each of which must be refused by the name of the file that it befell.

python -m tests.system.damages --count 1000 --seed 1
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tandem.checkpoint import load_checkpoint
from tandem.errors import CheckpointError
from tandem.files.seals import FORMAT_FILE, check_directory
from tandem.model_paths import read_current
from tandem.runs.provenance import read_provenance
from tests.support.runs import run_tiny

Damage = Callable[[random.Random, Path, list[Path], list[Path]], list[Path]]
"""Spoils a file, given its neighbours and their like of another run: the files that are not what they were."""


class Target(NamedTuple):
    """Files that belong together, and what reads them."""

    folder: str
    files: list[str]
    load: Callable[[Path], object]
    """Given the run that they lie in."""


def damage_run(count: int, seed: int, scratch: Path) -> tuple[Counter[str], list[str]]:
    """Damage a trained run so many times: how often each thing was done, and what was not refused as it has to be."""
    good, other, spoilt = scratch / "good", scratch / "other", scratch / "spoilt"
    run_tiny(good)
    run_tiny(other, "model.hidden=9", "training.epochs=3", "seed=2", "model.cell=gru")
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    failures = []
    targets = _targets(good)
    for number in range(count):
        target = chance.choice(targets)
        name, kind = chance.choice(target.files), chance.choice(list(DAMAGES))
        shutil.copytree(good, spoilt)
        places = [spoilt / target.folder / file for file in target.files]
        likes = [other / _like(other, target.folder) / file for file in target.files]
        at = target.files.index(name)
        befallen = DAMAGES[kind](chance, places[at], places, [likes[at], *likes])
        done[kind] += 1
        if found := failure(lambda: target.load(spoilt), befallen):  # noqa: B023 - called at once
            failures.append(f"damage {number}, {kind} of {target.folder or 'run'}/{name}: {found}")
        shutil.rmtree(spoilt)
    return done, failures


def _targets(run: Path) -> list[Target]:
    current = read_current(run)
    assert current.best is not None
    checkpoint, resume = ([FORMAT_FILE, *_listed(run / folder)] for folder in (current.best, current.resume))
    return [
        Target(current.best, checkpoint, lambda run: _load(run / str(current.best))),
        Target(current.resume, resume, lambda run: check_directory(run / current.resume, resume[1:])),
        Target("", ["current.json"], load_checkpoint),
    ]


def _load(checkpoint: Path) -> None:
    """A damaged provenance keeps nobody from the model; who asks for it is told."""
    load_checkpoint(checkpoint)
    read_provenance(checkpoint)


def _listed(folder: Path) -> list[str]:
    return list(json.loads((folder / FORMAT_FILE).read_text(encoding="utf-8"))["files"])


def _like(other: Path, folder: str) -> str:
    current = read_current(other)
    return {"checkpoints": str(current.best), "resume": current.resume, "": ""}[folder.partition("/")[0]]


def failure(load: Callable[[], object], befallen: list[Path]) -> str | None:
    """What is wrong with how the damage was met; None where nothing is."""
    try:
        load()
    except CheckpointError as error:
        # What is accused stands first in a line, or is said not to be there; further on may be the names of others.
        accused = [line.strip().partition(": ")[0] for line in str(error).splitlines()]
        named = any(str(path) in accused or f"(no {path.name})" in str(error) for path in befallen)
        return None if named else f"the wrong file is named: {error}"
    except BaseException as error:  # noqa: BLE001 - a library's panic is no Exception
        return f"{type(error).__name__}: {error}"
    return "it was loaded"


def cut(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    content = file.read_bytes()
    file.write_bytes(content[: chance.randrange(len(content))])
    return [file]


def flip(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    content = bytearray(file.read_bytes())
    for place in chance.sample(range(len(content)), chance.choice((1, 1, 1, 3))):
        content[place] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    return [file]


def empty(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    file.write_bytes(b"")
    return [file]


def zeros(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    """As a file system leaves a file whose blocks were never written."""
    file.write_bytes(bytes(file.stat().st_size))
    return [file]


def swapped(chance: random.Random, file: Path, places: list[Path], likes: list[Path]) -> list[Path]:
    others = [place for place in places if place.read_bytes() != file.read_bytes()]
    if not others:
        return flip(chance, file, places, likes)
    other = chance.choice(others)
    content = file.read_bytes()
    file.write_bytes(other.read_bytes())
    other.write_bytes(content)
    return [file, other]


def foreign(chance: random.Random, file: Path, places: list[Path], likes: list[Path]) -> list[Path]:
    """A file of another model, under the same name or another."""
    like = chance.choice(likes)
    if like.read_bytes() == file.read_bytes():
        return cut(chance, file, places, likes)
    shutil.copy(like, file)
    return [file]


def removed(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    file.unlink()
    return [file]


def directory(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    file.unlink()
    file.mkdir()
    if chance.random() < 0.5:
        (file / "something").write_bytes(b"x")
    return [file]


def link(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    """A link to the same content, to another file, or to nothing."""
    kept = shutil.copy(file, file.with_name("kept"))
    file.unlink()
    file.symlink_to(chance.choice([Path(kept), likes[0], file.parent, file.with_name("nothing")]))
    return [file]


def grown(chance: random.Random, file: Path, _: list[Path], likes: list[Path]) -> list[Path]:
    with file.open("ab") as opened:
        opened.write(chance.choice((b"\n", b" ", b"\0" * 512, chance.randbytes(40), file.read_bytes())))
    return [file]


DAMAGES: dict[str, Damage] = {
    damage.__name__: damage for damage in (cut, flip, empty, zeros, swapped, foreign, removed, directory, link, grown)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="damages-") as scratch:
        os.environ["TANDEM_CACHE"] = f"{scratch}/cache"
        done, failures = damage_run(given.count, given.seed, Path(scratch))
    print(f"{done.total():,} damages, {len(failures)} not refused as they have to be")
    print(", ".join(f"{kind} {number}" for kind, number in sorted(done.items())))
    sys.exit("\n".join(failures) or 0)


if __name__ == "__main__":
    main()
