"""The paper's system (recipes/sutskever2014.toml) at full size: some steps of it on a made corpus.

Words are counted as the paper's speeds seem to count them, source and target together and no `<eos>`: 652 million words
an epoch, 7.5 epochs and 6,300 words/s come to 9 days, where the paper says about ten; with French words alone, to 5.
"""

import resource
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from benchmarks.corpora import Lengths, batch_rows, made_texts, rows_of
from benchmarks.plan import Plan, Sizes
from benchmarks.rounds import Figures, evenly, rounded
from benchmarks.tables import Table, mebibytes, number
from benchmarks.training import flops_per_token
from tandem.batches import Batches
from tandem.build import build_model, build_optimizer, build_tokenizer, build_training_loop
from tandem.corpora.pairs import Pair
from tandem.devices import choose_precision
from tandem.models import count_parameters
from tandem.preparation.encoded import EncodedCorpus
from tandem.recipe import Recipe, load_recipe
from tandem.runs.corpora import encode_pairs
from tandem.text.counts import count_words
from tandem.training import TrainingLoop
from tandem.training.events import StepDone, Validated, Validation

RECIPE = Path(__file__).parents[1] / "recipes" / "sutskever2014.toml"
WORDS, EPOCHS = 304_000_000 + 348_000_000, 7.5
PAPERS_SPEEDS = {"the paper, one GPU": 1_700, "the paper, eight GPUs": 6_300}
# A sentence has 304 / 12 and 348 / 12 words in the mean; how far lengths spread is not in the paper.
_SPREAD = 0.5
LENGTHS = Lengths(
    means=(float(np.log(304 / 12)) - _SPREAD**2 / 2, float(np.log(348 / 12)) - _SPREAD**2 / 2),
    deviations=(_SPREAD, _SPREAD),
    correlation=0.95,
    longest=100,
)


def measure_full_size(plan: Plan) -> Figures:
    """Seconds, words and memory of the recipe's training steps, on batches taken evenly from an epoch's by size.

    The batches are trained on twice; the first time warms up.
    """
    recipe = load_recipe(RECIPE, plan.paper_settings)
    before = _peak_memory()
    corpus, words = _corpus(recipe, plan)
    model = build_model(recipe, *words)
    device = torch.device("cpu")
    precision = choose_precision(recipe.training.precision, device)
    batches = Batches(corpus, recipe.training.batch_size, recipe.seed)
    loop = build_training_loop(
        recipe,
        model,
        build_optimizer(recipe, model, device),
        batches,
        device,
        precision,
        validate=lambda: Validation(1.0),
        criterion=lambda validation: validation.loss,
    )
    with_corpus = _peak_memory()
    moments, norms = _second_epoch(loop)
    seconds = [after - then for then, after in pairwise(moments)]
    source, target = (int((side.lengths - 2).sum()) for side in (corpus.source, corpus.target))
    sizes = Sizes(recipe.model.embedding, recipe.model.hidden, recipe.model.layers, recipe.model.dropout)
    flops = flops_per_token(sizes, words, corpus) * corpus.target_tokens
    return {
        "precision": "bfloat16" if precision == torch.bfloat16 else "float32",
        "weights": count_parameters(model).total,
        "vocabularies": list(words),
        "batch": batches.batch_size,
        "steps": len(seconds),
        "words a sentence": [rounded(count / len(corpus)) for count in (source, target)],
        "longest": [int(side.lengths.max()) - 2 for side in (corpus.source, corpus.target)],
        "padding": rounded(batches.padding_share()),
        "words_per_second": rounded((source + target) / sum(seconds)),
        "seconds a step": [rounded(value) for value in sorted(seconds)],
        "gradient norms": [rounded(norm) for norm in norms],
        "flops_per_word": rounded(flops / (source + target)),
        "gflops": rounded(1e-9 * flops / sum(seconds)),
        "memory": {"before": before, "with corpus and weights": with_corpus, "peak": _peak_memory()},
    }


def _corpus(recipe: Recipe, plan: Plan) -> tuple[EncodedCorpus, tuple[int, int]]:
    """Batches of a made corpus that stand for its whole epoch, and the sizes of its vocabularies."""
    source, target = recipe.text.source, recipe.text.target
    assert source.max_size is not None
    assert target.max_size is not None
    texts = made_texts(plan.paper_pairs, (source.max_size, target.max_size), seed=1, lengths=LENGTHS)
    tokenizers = [
        build_tokenizer(text, count_words(pair[side] for pair in texts)) for side, text in enumerate((source, target))
    ]
    encoded = encode_pairs(recipe, [Pair(*pair) for pair in texts], *tokenizers)
    chosen = evenly(batch_rows(encoded, recipe.training.batch_size, by_length=True), plan.paper_steps)
    return rows_of(encoded, np.concatenate(chosen)), (len(tokenizers[0]), len(tokenizers[1]))


def _second_epoch(loop: TrainingLoop) -> tuple[list[float], list[float]]:
    """When each step of the second epoch ended, that before the first one at the beginning; the gradients' norms."""
    moments: list[float] = []
    norms: list[float] = []
    for event in loop.events():
        if isinstance(event, Validated):
            if event.epoch == 2:
                break
            moments.append(time.perf_counter())
        elif isinstance(event, StepDone) and event.epoch == 2:
            moments.append(time.perf_counter())
            norms.append(event.gradient_norm)
    return moments, norms


def _peak_memory() -> int:
    """The most memory that this process had so far (RSS), in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def full_size_tables(figures: Figures) -> list[Table]:
    """What was measured, and its speed beside the paper's."""
    seconds = figures["seconds a step"]
    source, target = figures["words a sentence"]
    rows = [
        ["weights", f"{figures['weights']:,}"],
        ["vocabularies", " and ".join(f"{size:,}" for size in figures["vocabularies"])],
        ["words a sentence, source and target", f"{number(source)} and {number(target)}"],
        ["words of the longest", " and ".join(map(str, figures["longest"]))],
        ["steps measured", str(figures["steps"])],
        ["seconds a step, mean", number(sum(seconds) / len(seconds))],
        ["seconds a step, shortest and longest", f"{number(seconds[0])} and {number(seconds[-1])}"],
        ["operations a word", f"{number(figures['flops_per_word'] * 1e-9)} GFLOP"],
        ["matrix products", f"{number(figures['gflops'])} GFLOP/s"],
        ["peak memory (RSS)", mebibytes(figures["memory"]["peak"])],
    ]
    title = f"The paper's system, batches of {figures['batch']}, {figures['precision']}"
    speeds = {"this machine": figures["words_per_second"], **PAPERS_SPEEDS}
    days = [[name, number(speed), number(EPOCHS * WORDS / speed / 86_400)] for name, speed in speeds.items()]
    return [
        Table(title, ("what", "value"), rows),
        Table("Words a second, source and target, and what 7.5 epochs take", ("where", "words/s", "days"), days),
    ]
