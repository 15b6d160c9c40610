"""Public corpora that Tandem knows by name: what they are, where they are fetched from, where their files lie."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_dir

from tandem.corpora.parallel_files import ParallelFiles
from tandem.errors import CorpusError
from tandem.files.compression import PACKED_SUFFIXES
from tandem.files.paths import expand_user


@dataclass(frozen=True)
class PublicFile:
    """One file of a public corpus, as it is after unpacking."""

    name: str
    size: int  # bytes
    sha256: str


@dataclass(frozen=True)
class PublicCorpus:
    """A public corpus: one text file for each language and split, fetched from `base_url`/NAME.gz."""

    name: str
    title: str
    licence: str  # a sentence to read before fetching it
    base_url: str
    files: tuple[PublicFile, ...]
    splits: Mapping[str, tuple[str, str]]  # the source file and the target file of each split


_MULTI30K = PublicCorpus(
    name="multi30k",
    title="Multi30k task 1: 29,000 picture captions, German and English (test set: 2016 Flickr)",
    licence="The captions describe Flickr30k pictures and are meant for research; "
    "see https://github.com/multi30k/dataset for the terms.",
    base_url="https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw",
    files=(
        PublicFile("train.de", 2_110_398, "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72"),
        PublicFile("train.en", 1_801_238, "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6"),
        PublicFile("val.de", 75_981, "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660"),
        PublicFile("val.en", 63_297, "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227"),
        PublicFile("test_2016_flickr.de", 70_649, "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16"),
        PublicFile("test_2016_flickr.en", 62_076, "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182"),
    ),
    splits={
        "train": ("train.de", "train.en"),
        "validation": ("val.de", "val.en"),
        "test": ("test_2016_flickr.de", "test_2016_flickr.en"),
    },
)

PUBLIC: Mapping[str, PublicCorpus] = {corpus.name: corpus for corpus in (_MULTI30K,)}  # by name


def lookup(name: str) -> PublicCorpus:
    """Return the public corpus of that name. Raise CorpusError, with the known names, for any other."""
    if name not in PUBLIC:
        raise CorpusError(f"There is no public corpus called {name!r}; the known ones are: {', '.join(PUBLIC)}.")
    return PUBLIC[name]


def default_folder() -> Path:
    """Return the folder that corpora are fetched into by default, one folder each: Tandem's part of the user's data."""
    return expand_user(user_data_dir("tandem", appauthor=False)) / "data"


def named_corpus(name: str, split: str, folder: Path | None = None) -> ParallelFiles:
    """Open the files of one split, plain or compressed, in the first folder that has both.

    The folders are `folder`, the one that the environment variable TANDEM_DATA names, and `default_folder()`; in each,
    a folder with the corpus's name comes first. Raise CorpusError for an unknown name or split, and where no folder
    has the files.
    """
    corpus = lookup(name)
    if split not in corpus.splits:
        raise CorpusError(f"The corpus {name} has no split {split!r}; it has: {', '.join(corpus.splits)}.")
    roots = [folder] if folder is not None else []
    if from_environment := os.environ.get("TANDEM_DATA"):
        roots.append(expand_user(from_environment))
    roots.append(default_folder())
    folders = [inner for root in roots for inner in (root / name, root)]
    for inner in folders:
        source, target = (find_packed(inner, file) for file in corpus.splits[split])
        if source and target:
            return ParallelFiles(source, target)
    raise CorpusError(
        f"The corpus {name} is not on this machine: {' and '.join(corpus.splits[split])} are in none of "
        f"{', '.join(map(str, folders))}. Fetch it with `tandem data get {name}`, or set TANDEM_DATA to the "
        "folder that has it."
    )


def find_packed(folder: Path, name: str) -> Path | None:
    """Return the file of that name, plain or compressed; None where there is none."""
    paths = (folder / f"{name}{suffix}" for suffix in ("", *PACKED_SUFFIXES))
    return next((path for path in paths if path.is_file()), None)
