"""Embeddings that start from vectors in files, such as those of fastText, in place of drawn weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from tandem.corpora.corpus_kind import locate
from tandem.errors import CorpusError
from tandem.files.paths import sha256_of
from tandem.models import Seq2Seq
from tandem.models.embedding import Embedding
from tandem.recipe import Recipe
from tandem.terminal import Notify, OnProgress
from tandem.text import SPECIAL_TOKENS, Tokenizer
from tandem.text.vectors import check_vectors, read_vectors


class Pretrained(NamedTuple):
    """The files of vectors of both sides; None where a side has none."""

    source: Path | None = None
    target: Path | None = None

    def files(self) -> dict[str, Sequence[tuple[str, str]]]:
        """Return name and SHA-256 of each file, as the provenance of a run has them."""
        sides = {"source embeddings": self.source, "target embeddings": self.target}
        return {side: [(path.name, sha256_of(path))] for side, path in sides.items() if path is not None}


def find_vectors(recipe: Recipe) -> Pretrained:
    """Find the files that a recipe names, and read their first lines.

    Raise RecipeError or CorpusError where one is missing, is no file of vectors, or has vectors of another size.
    """
    model = recipe.model
    paths = (
        None if path is None else locate(path, recipe.data.folder)
        for path in (model.source_embeddings, model.target_embeddings)
    )
    found = Pretrained(*paths)
    for path in found:
        if path is not None:
            check_vectors(path, model.embedding)
    return found


def fill_embeddings(
    model: Seq2Seq,
    vectors: Pretrained,
    tokenizers: tuple[Tokenizer, Tokenizer],
    *,
    notify: Notify,
    on_progress: OnProgress,
) -> None:
    """Put the vectors in the files into the embeddings of a model, and tell how many tokens have one.

    Where both sides share one embedding, the target's file comes last. Raise CorpusError where a file cannot be read,
    or has no vector for any token.
    """
    embeddings = model.encoder.embedding, model.decoder.embedding
    for side, path, embedding, tokenizer in zip(("source", "target"), vectors, embeddings, tokenizers, strict=True):
        if path is not None:
            notify(_fill(side, path, embedding, tokenizer, on_progress))


def _fill(side: str, path: Path, embedding: Embedding, tokenizer: Tokenizer, on_progress: OnProgress) -> str:
    found = read_vectors(path, tokenizer, embedding.embedding_dim, on_progress)
    count = len(tokenizer) - len(SPECIAL_TOKENS)
    if not len(found.ids):
        raise CorpusError(
            f"{path}: it has no vector for any of the {count:,} tokens of the {side} vocabulary. Check that it is of "
            f"the {side}'s language, and that text.{side}.tokenizer makes tokens such as it has."
        )
    embedding.set_vectors(*(torch.from_numpy(array).to(embedding.weight.device) for array in found))
    return (
        f"{side} embedding: {len(found.ids):,} of {count:,} tokens start from their vectors in {path.name}, the others "
        "as drawn"
    )
