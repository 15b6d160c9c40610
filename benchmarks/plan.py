"""How large a measurement is: the sizes of the models, how many batches and sentences, how often."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """A model without its vocabularies."""

    embedding: int
    hidden: int
    layers: int
    dropout: float


@dataclass(frozen=True)
class Plan:
    """All numbers that a run of the benchmarks depends on, apart from the machine and the corpus."""

    alternations: int
    """Rounds in which each side has its turn; one more, before them, warms up."""
    sizes: Sizes
    batch: int
    ratios: tuple[float, ...]
    tutorial_batches: int
    """Batches of the tutorial's in a round of training."""
    tandem_batches: int
    tutorial_sentences: int
    """Sentences that the tutorial's loop translates in a round."""
    single_sentences: int
    """Sentences that Tandem translates one at a time in a round."""
    tandem_sentences: int
    """Sentences that Tandem translates in batches in a round."""
    ensemble_sentences: int
    """Sentences that ensembles translate in a round."""
    listed_sentences: int
    """Sentences whose n best are scored in a round."""
    list_size: int
    """Hypotheses of each of these."""
    output_length: int
    """Tokens of each translation of an untrained model."""
    repeats: int
    """Timed steps of each point of the scaling curves."""
    product_repeats: int
    product_shapes: tuple[tuple[int, int, int], ...]
    """Of matrix products (rows, inner, columns), such as the model's."""
    large_vocabulary: int
    batches: tuple[int, ...]
    hidden: tuple[int, ...]
    vocabularies: tuple[int, ...]
    lengths: tuple[int, ...]
    base_length: int
    """Words of a sentence where the length is not what varies."""
    base_vocabulary: int
    made_pairs: int
    """Pairs of the made corpus."""
    made_words: tuple[int, int]
    """Source and target vocabulary of the made corpus, the four special tokens counted."""
    paper_pairs: int
    """Pairs of the made corpus for the paper's system."""
    paper_steps: int
    """Its batches that are trained on."""
    paper_settings: tuple[str, ...] = ()
    """Settings over its recipe."""
    quick: bool = False


FULL = Plan(
    alternations=5,
    sizes=Sizes(256, 512, 2, 0.5),
    batch=128,
    ratios=(1.0, 0.5, 0.0),
    tutorial_batches=2,
    tandem_batches=6,
    tutorial_sentences=40,
    single_sentences=100,
    tandem_sentences=1000,
    ensemble_sentences=100,
    listed_sentences=20,
    list_size=100,
    output_length=12,
    repeats=3,
    product_repeats=5,
    product_shapes=((128, 512, 2048), (1800, 512, 2048), (712, 512, 5893)),
    large_vocabulary=80_000,
    batches=(16, 32, 64, 128, 256, 512),
    hidden=(128, 256, 512, 1024),
    vocabularies=(2_000, 5_000, 10_000, 30_000, 80_000),
    lengths=(5, 10, 20, 35, 50),
    base_length=13,
    base_vocabulary=5_893,
    made_pairs=29_000,
    made_words=(7853, 5893),
    paper_pairs=200_000,
    paper_steps=16,
)
"""The tutorial's model on Multi30k, or on a made corpus of its shape."""

QUICK = Plan(
    alternations=2,
    sizes=Sizes(8, 16, 2, 0.5),
    batch=8,
    ratios=(1.0, 0.0),
    tutorial_batches=1,
    tandem_batches=2,
    tutorial_sentences=3,
    single_sentences=3,
    tandem_sentences=12,
    ensemble_sentences=6,
    listed_sentences=3,
    list_size=4,
    output_length=4,
    repeats=1,
    product_repeats=2,
    product_shapes=((8, 16, 64), (32, 16, 64)),
    large_vocabulary=900,
    batches=(4, 8),
    hidden=(8, 16),
    vocabularies=(30, 60),
    lengths=(3, 6),
    base_length=5,
    base_vocabulary=50,
    made_pairs=200,
    made_words=(60, 50),
    paper_pairs=60,
    paper_steps=3,
    paper_settings=(
        "model.hidden=16",
        "model.embedding=8",
        "training.batch_size=8",
        "text.source.max_size=60",
        "text.target.max_size=50",
    ),
    quick=True,
)
"""A smoke test: its figures mean nothing."""
