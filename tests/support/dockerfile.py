"""The stage `build` of docker/Dockerfile, for machines without docker."""

import fnmatch
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_steps() -> Iterator[tuple[str, str]]:
    """Yield each instruction of the stage, such as RUN, with the rest of its line."""
    text = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    _, stage, *_ = text.split("\nFROM ")
    for line in stage.splitlines()[1:]:
        if line and not line.startswith("#"):
            instruction, rest = line.split(maxsplit=1)
            yield instruction, rest


def is_ignored(path: str) -> bool:
    """Tell whether docker is not given this file of the repository, by .dockerignore."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n") if line[:1] != "#"]
    above = [str(each) for each in (Path(path), *Path(path).parents)]
    return any(fnmatch.fnmatch(each, pattern.removeprefix("**/")) for each in above for pattern in patterns)


def copy_sources(to: Path) -> None:
    """Do what the COPY steps of the stage do, into a directory."""
    for instruction, rest in build_steps():
        if instruction != "COPY":
            continue
        *sources, target = rest.split()
        for source in sources:
            assert not is_ignored(source), source
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, to / target)
