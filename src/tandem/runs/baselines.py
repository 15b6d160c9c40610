"""What copying the source and looking up the nearest training source are worth, compared with a trained model."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tandem.metrics import Score, score_of
from tandem.metrics.baselines import nearest_targets
from tandem.runs.corpora import PreparedCorpus
from tandem.runs.evaluation import Evaluation
from tandem.text import UNK_ID, Tokenizer

_MOST_TRAINING = 50_000  # the number of training pairs that are searched for the nearest source
_MOST_SOURCES = 500  # the number of sources of the evaluated corpus that are used


class Baseline(NamedTuple):
    """What one baseline is worth, by the most telling score of the corpus."""

    name: str
    score: Score
    model: float  # the model's score on the same sources

    @property
    def better(self) -> bool:
        """Whether this baseline is better than the model."""
        lower_is_better = self.score.name.endswith("rate") or self.score.name == "ter"
        return self.score.value < self.model if lower_is_better else self.score.value > self.model

    def message(self) -> str:
        """Return a sentence for the user."""
        beside = f"{self.name}: {self.score.name} {self.score.value:.2f}"
        return f"{beside}: better than the model, which has {self.model:.2f}" if self.better else beside


def measure_baselines(corpus: PreparedCorpus, evaluation: Evaluation) -> list[Baseline]:
    """Measure the baselines on at most 500 of the sources that the model was evaluated on."""
    step = max(1, len(evaluation.results) // _MOST_SOURCES)
    results = evaluation.results[::step][:_MOST_SOURCES]
    sources = [corpus.source_tokenizer.normalise(result.source) for result in results]
    references = [result.references for result in results]
    leading = evaluation.scores[0].name
    features = corpus.source_tokenizer.has_features

    def scored(texts: Sequence[str]) -> Score:
        return score_of(leading, texts, references, lowercase=evaluation.lowercase)

    model = scored([result.translation.text for result in results]).value
    outputs = {
        "copying the source": [result.source.partition("\t")[0] if features else result.source for result in results],
        "the target of the nearest training source": nearest_targets(sources, list(_training_pairs(corpus))),
    }
    return [Baseline(name, scored(texts), model) for name, texts in outputs.items()]


def _training_pairs(corpus: PreparedCorpus) -> Iterator[tuple[str, str]]:
    """Yield the first training pairs as the model reads them."""
    encoded = corpus.train.corpus
    for row in range(min(len(encoded), _MOST_TRAINING)):
        source, target = (  # without `<sos>` and `<eos>`
            side.ids[side.offsets[row] + 1 : side.offsets[row + 1] - 1].tolist()
            for side in (encoded.source, encoded.target)
        )
        if corpus.reverse_source:
            source.reverse()
        yield _decoded(corpus.source_tokenizer, source), _decoded(corpus.target_tokenizer, target)


def _decoded(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the text of ids, which may be those of a model that copies: what its vocabulary lacks shows as `<unk>`."""
    return tokenizer.decode([index if index < len(tokenizer) else UNK_ID for index in ids])
