"""The model of a run before its training: built, counted, and given the vectors that it starts from."""

import math

import torch

from tandem.build import build_model
from tandem.errors import MemoryShortage
from tandem.memory import memory_for, physical_memory
from tandem.model_files import Sizes, sizes_of
from tandem.models import ParameterCounts, Seq2Seq, count_parameters
from tandem.recipe import Recipe
from tandem.runs.corpora import PreparedCorpus
from tandem.runs.embeddings import Pretrained, fill_embeddings
from tandem.terminal import Notify, OnProgress
from tandem.translation.settings import check_beam

_SMALLER_MODEL = (
    "Lower model.hidden, model.embedding or model.layers, or the vocabularies: text.source.max_size and "
    "text.target.max_size"
)


def untrained_model(
    recipe: Recipe,
    corpus: PreparedCorpus,
    vectors: Pretrained,
    device: torch.device,
    notify: Notify,
    on_progress: OnProgress,
) -> Seq2Seq:
    """Return the model of a recipe with new weights, and tell the user how many it has.

    MemoryShortage where it does not fit into the machine's memory, or the recipe's beam computes too much in a step.
    CorpusError where a file of vectors cannot be read, or has none that fits.
    """
    tokenizers = corpus.source_tokenizer, corpus.target_tokenizer
    sizes = sizes_of(*tokenizers)
    check_beam(recipe.search.beam, sizes[1])
    with memory_for("making the model", _SMALLER_MODEL):
        _check_memory(recipe, sizes)
        model = build_model(recipe, *sizes).to(device)
        notify(_weights_sentence(count_parameters(model)))
        fill_embeddings(model, vectors, tokenizers, notify=notify, on_progress=on_progress)
    return model


def _weights_sentence(counts: ParameterCounts) -> str:
    recurrent = f"{counts.recurrent:,} recurrent ({counts.encoder:,} encoder, {counts.decoder:,} decoder)"
    embeddings = ", ".join(f"{count:,} {name}" for name, count in counts.embeddings.items())
    attention = f", {counts.attention:,} attention" if counts.attention else ""
    features = f", {counts.features:,} features" if counts.features else ""
    return f"weights: {counts.total:,}: {embeddings}, {recurrent}, {counts.output:,} output layer{attention}{features}"


def _check_memory(recipe: Recipe, sizes: Sizes) -> None:
    """Raise MemoryShortage where weights and gradients are larger than the machine's memory.

    A system may grant more memory than it has, and end the process once that memory is used.
    """
    with torch.device("meta"):
        needed = 2 * 4 * count_parameters(build_model(recipe, *sizes)).total
    if needed > (physical_memory() or math.inf):
        raise MemoryShortage(
            f"making the model: its weights and their gradients take {needed / 2**30:,.1f} GiB, more memory than this "
            f"machine has. {_SMALLER_MODEL}"
        )
