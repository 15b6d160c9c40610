"""What a model is worth on a run's validation corpus, and by which value epochs are compared."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch

from tandem.corpora.references import group_references
from tandem.engines.members import Member
from tandem.errors import MemoryShortage, TandemError, TrainingError
from tandem.metrics import bleu, choose_tokenizer, chrf, exact, in_order, leading_scores
from tandem.metrics.calibration import LEAST_OUTPUTS, Calibration, fit_calibration
from tandem.metrics.fitting import has_bleu
from tandem.metrics.sequences import cased
from tandem.models import Seq2Seq
from tandem.recipe import Recipe
from tandem.runs.corpora import PreparedCorpus
from tandem.runs.likelihoods import shared_likelihood
from tandem.terminal import Notify
from tandem.text import normalise
from tandem.training import LoopProgress
from tandem.training.events import Sample, Validation
from tandem.training.group import Alone, PeerLost, TrainingGroup
from tandem.training.shards import Shards
from tandem.translation.constructors import translator_from_members
from tandem.translation.messages import Translation
from tandem.translation.settings import SearchSettings
from tandem.translation.translator import Translator

MOST_CALIBRATED = 500  # sources that a calibration is learnt from; translating more would hold up the training
TIES = 1e-3  # the most that a difference in loss adds to a percentage

_SAMPLES = 3
_NO_BLEU = (
    'training.keep is "bleu", which cannot tell one checkpoint from another here: BLEU counts runs of four words, and '
    "no validation target has that many. It is always 0, and the first checkpoint is kept. Set training.keep to exact, "
    "chrf or loss"
)

Scored: TypeAlias = tuple[str, tuple[float, ...]]
"""A translation's text, and the log-probabilities of its tokens."""
Criterion: TypeAlias = Callable[[Validation], float]
"""Turns a validation into the value by which epochs are compared; lower is better."""


def validated_on(recipe: Recipe) -> str:
    """Return the name of the corpus that the validation pairs belong to."""
    data = recipe.data
    return "training" if data.validation is None and data.validation_fraction == 0 else "validation"


class Validator:
    """Measures a model on the validation corpus of its run."""

    def __init__(
        self,
        recipe: Recipe,
        corpus: PreparedCorpus,
        device: torch.device,
        notify: Notify,
        group: TrainingGroup | None = None,
    ) -> None:
        """Choose the scores that suit the corpus, and warn where the recipe keeps epochs by BLEU, which is always 0.

        RecipeError where packages are missing for the tokenizer that BLEU needs.
        """
        self._recipe = recipe
        self._corpus = corpus
        self._device = device
        self._group = group or Alone()
        tokens = corpus.source_tokenizer
        self._groups = group_references(
            corpus.validation_pairs, lowercase=tokens.lowercase, features=tokens.has_features
        )
        targets = [normalise(pair.target) for pair in corpus.validation_pairs]
        self._leading_scores = leading_scores(targets)
        self._score_tokenizer = choose_tokenizer(recipe.search.score_tokenize, targets)
        if recipe.training.keep == "bleu" and not has_bleu(targets, self._score_tokenizer):
            notify(_NO_BLEU)

    def validate(self, model: Seq2Seq, dtype: torch.dtype, progress: LoopProgress) -> Validation:
        """Measure the loss, and the scores of greedy translations. TrainingError where the training has diverged."""
        batches = self._corpus.validation.epoch(0)
        loss = shared_likelihood(model, batches, self._device, dtype, self._group).loss
        if not math.isfinite(loss):
            raise _diverged(f"the validation loss is {loss}; it must not be infinite or NaN.", progress)
        translator = self._translator(model, dtype)
        sources, references = [source for source, _ in self._groups], [targets for _, targets in self._groups]
        try:
            texts = [text for text, _ in self._translate(translator, sources, translator.search_settings(beam=1))]
        except (MemoryShortage, PeerLost):
            raise
        except TandemError as error:  # the only other error: no output has a probability above zero
            raise _diverged(str(error), progress) from error
        lowercase = self._recipe.search.lowercase_scores
        hypotheses = [normalise(text) for text in texts]
        scores = [
            bleu(hypotheses, references, lowercase=lowercase, tokenize=self._score_tokenizer),
            chrf(hypotheses, references, lowercase=lowercase),
            exact(hypotheses, references, lowercase=lowercase),
        ]
        samples = tuple(
            Sample(source, targets[0], text)
            for (source, targets), text in zip(self._groups[:_SAMPLES], texts, strict=False)
        )
        return Validation(loss, {score.name: score.value for score in in_order(scores, self._leading_scores)}, samples)

    def calibrate(self, model: Seq2Seq, dtype: torch.dtype, progress: LoopProgress) -> Calibration | None:
        """Learn how well the model's probabilities predict that it is right; None where there are too few sources."""
        try:
            return calibrate(self._translator(model, dtype), self._groups, self._translate)
        except (MemoryShortage, PeerLost):
            raise
        except TandemError as error:  # as in `validate`
            raise _diverged(str(error), progress) from error

    def _translate(
        self, translator: Translator, sources: Sequence[str], settings: SearchSettings | None = None
    ) -> list[Scored]:
        """Translate sources, shared out among the processes. How they are divided depends on the shards alone."""
        shards, group = self._recipe.training.shards, self._group
        own = Shards(shards).of_process(group.rank, group.size)
        made = [[_scored(t) for t in translator.translate(sources[shard::shards], settings)] for shard in own]
        parts = [part for parts in group.share(made) for part in parts]
        result: list[Scored] = [("", ())] * len(sources)
        for shard, part in enumerate(parts):
            result[shard::shards] = part
        return result

    def _translator(self, model: Seq2Seq, dtype: torch.dtype) -> Translator:
        tokenizers = self._corpus.source_tokenizer, self._corpus.target_tokenizer
        return translator_from_members([Member(model, self._recipe)], *tokenizers, device=self._device, dtype=dtype)


def _scored(translation: Translation) -> Scored:
    return translation.text, tuple(translation.token_scores)


def translate_alone(translator: Translator, sources: Sequence[str]) -> list[Scored]:
    """Translate sources with the recipe's search settings, in this process."""
    return [_scored(translation) for translation in translator.translate(sources)]


def calibrate(
    translator: Translator,
    groups: Sequence[tuple[str, tuple[str, ...]]],
    translate: Callable[[Translator, Sequence[str]], list[Scored]] = translate_alone,
) -> Calibration | None:
    """Learn a calibration from sources and their references; None where there are fewer than 20.

    Sources are translated with the recipe's search settings. An output counts as right if it equals a reference. Of
    more than 500 sources, evenly spaced ones are used.
    """
    step = -(-len(groups) // MOST_CALIBRATED)
    chosen = groups[::step] if groups else groups
    if len(chosen) < LEAST_OUTPUTS:
        return None
    made = translate(translator, [source for source, _ in chosen])
    lowercase = translator.recipe.search.lowercase_scores
    outputs, right = [], []
    for (output, token_scores), (_, references) in zip(made, chosen, strict=True):
        if token_scores:  # an empty source has none
            outputs.append(token_scores)
            text = cased(normalise(output), lowercase)
            right.append(text in {cased(reference, lowercase) for reference in references})
    return fit_calibration(outputs, right)


def _diverged(fault: str, progress: LoopProgress) -> TrainingError:
    return TrainingError(
        f"step {progress.step} (epoch {progress.epoch + 1}): {fault} The run stands as it was saved before. Lower "
        "training.optimizer.learning_rate, set training.clip_norm, or use --set training.precision=float32, and "
        "go on with --resume or start anew"
    )


def _inexact(validation: Validation) -> float:
    """Return the percentage of wrong outputs. The loss breaks ties: it adds less than a single output does."""
    loss = validation.loss
    return 100.0 - validation.scores["exact"] + TIES * loss / (1 + loss)


CRITERIA: Mapping[str, Criterion] = {
    "loss": lambda validation: validation.loss,
    "bleu": lambda validation: 100.0 - validation.scores["bleu"],
    "chrf": lambda validation: 100.0 - validation.scores["chrf"],
    "exact": _inexact,
}
"""The criterion for each value of `training.keep`."""
