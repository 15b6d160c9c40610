"""The likelihood of the true targets of a whole corpus."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

import torch

from tandem.batches import Batch, Batches
from tandem.corpora.pairs import Pair
from tandem.models import Seq2Seq
from tandem.models.coins import draw_coins
from tandem.runs.corpora import copy_table, encode_pairs
from tandem.runs.progress import progress_counter
from tandem.terminal import OnProgress
from tandem.training.group import TrainingGroup
from tandem.training.loss import real_tokens, token_scores
from tandem.training.mixture import copying_scores
from tandem.translation import Translator


@dataclass(frozen=True)
class Likelihood:
    """Sums over all target tokens, `<eos>` included."""

    tokens: int  # the number of target tokens
    nll: float  # negative log-likelihood in nats
    correct: int  # the number of tokens that were the model's first choice

    @property
    def loss(self) -> float:
        """Negative log-likelihood in nats per token."""
        return self.nll / self.tokens

    @property
    def accuracy(self) -> float:
        """Percentage of tokens that were the first choice."""
        return 100 * self.correct / self.tokens


@torch.no_grad()
def measure_likelihood(
    model: Seq2Seq, batches: Iterable[Batch], device: torch.device, dtype: torch.dtype, *, teacher_forcing: float
) -> Likelihood:
    """Measure the likelihood of all targets under a model in eval mode.

    With `teacher_forcing` 1 the decoder reads the true tokens, which gives the true likelihood. With 0 it reads its own
    predictions, as in the tutorial's evaluation loop.
    """
    tokens, correct, nll = 0, 0, 0.0
    generator = torch.Generator()
    output = model.decoder.fc_out
    for batch in batches:
        batch = batch.to(device)
        steps, columns = batch.target.shape
        coins = draw_coins(steps - 1, columns, teacher_forcing, by_token=False, generator=generator)
        ids = batch.source, batch.target, coins, batch.source_lengths
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            if batch.copies is None:
                features = model.features(*ids)
            else:
                read = model.compared_features(*ids, batch.copies)
        if batch.copies is None:
            real = real_tokens(batch.target, batch.target_lengths)
            targets = batch.target[1:].flatten().index_select(0, real)
            own = features.flatten(0, 1).index_select(0, real)
            scores, best = token_scores(own, output.weight, output.bias, targets)
        else:
            scores, best = copying_scores(model, batch, read)
        tokens, correct, nll = tokens + len(scores), correct + int(best.sum()), nll - float(scores.sum())
    return Likelihood(tokens, nll, correct)


def shared_likelihood(
    model: Seq2Seq, batches: Iterable[Batch], device: torch.device, dtype: torch.dtype, group: TrainingGroup
) -> Likelihood:
    """Measure the true likelihood of all targets, shared out among processes batch by batch, as if one had done it."""
    own = islice(batches, group.rank, None, group.size)
    measured = [measure_likelihood(model, [batch], device, dtype, teacher_forcing=1.0) for batch in own]
    rounds = zip_longest(*group.share(measured))  # the n-th batches of all processes
    in_order = [one for ones in rounds for one in ones if one is not None]
    return Likelihood(
        sum(one.tokens for one in in_order),
        sum((one.nll for one in in_order), 0.0),
        sum(one.correct for one in in_order),
    )


def corpus_likelihoods(
    translator: Translator, pairs: Sequence[Pair], on_progress: OnProgress
) -> tuple[Likelihood, Likelihood]:
    """Return the likelihoods of the targets of pairs under a single model: teacher-forced, and free-running."""
    tokenizers = translator.source_tokenizer, translator.target_tokenizer
    corpus = encode_pairs(translator.recipe, pairs, *tokenizers)
    batches = Batches(corpus, 128, seed=0, shuffle=False, copying=copy_table(translator.recipe, *tokenizers))
    counter = progress_counter("likelihoods of the targets", 2 * len(pairs), on_progress)
    model, device, dtype = translator.model, translator.device, translator.dtype
    forced, free = (
        measure_likelihood(model, _counted(batches.epoch(0), counter), device, dtype, teacher_forcing=ratio)
        for ratio in (1.0, 0.0)
    )
    return forced, free


def _counted(batches: Iterable[Batch], counter: Callable[[int], object]) -> Iterator[Batch]:
    """Yield the batches, and count the sentences of each one that has been worked on."""
    for batch in batches:
        yield batch
        counter(len(batch.source_lengths))
