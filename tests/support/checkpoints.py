"""Checkpoints that tests damage."""

import json
import shutil
from pathlib import Path
from typing import Any

from tandem.files.seals import sealed, write_directory

FILES = ("model.safetensors", "recipe.toml", "source.tokenizer.json", "target.tokenizer.json")
"""The files of a checkpoint besides `format.json`."""


def rewrite(path: Path, **changes: Any) -> None:
    """Change the content of a sealed file, and seal it again."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    del content["sha256"]
    path.write_text(sealed(content), encoding="utf-8")


def sign_again(directory: Path) -> None:
    """Make the sizes and sums match the files as they are, so that only their content can be wrong."""
    target = directory.with_name("signed")
    names = [path.name for path in directory.iterdir() if path.name != "format.json"]
    contents = {name: (directory / name).read_bytes() for name in names}
    write_directory(target, {name: lambda path: path.write_bytes(contents[path.name]) for name in names})
    shutil.rmtree(directory)
    target.rename(directory)
