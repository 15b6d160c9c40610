"""PyTorch models as an engine: one, or several as an ensemble.

Letters: `B` sources, `N` rows of a step, `C` candidates, `V` vocabulary, `P` distinct prefixes of targets, `D` inputs
of the output layer.
"""

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from tandem.batches import copied_sources, pad_sentences
from tandem.engines.averaging import average_by_name, log_normaliser
from tandem.engines.engine import Candidates, FloatArray, Ids, IntArray
from tandem.engines.members import Member
from tandem.engines.prepared_model import PreparedModel
from tandem.engines.selection import top_tokens
from tandem.errors import TandemError
from tandem.models.copying import fed_back
from tandem.models.prefixes import PrefixTree, target_tree
from tandem.models.prepared_decoder import DecoderState, Reading
from tandem.names import Averaging
from tandem.text import EOS_ID, SOS_ID
from tandem.text.copying import CopyTable

_BLOCK = 2**20
"""The number of logits in memory at one time while given targets are scored."""


class TorchState(NamedTuple):
    """The states of all members, N rows each."""

    members: tuple[DecoderState, ...]

    @torch.inference_mode()
    def select(self, rows: IntArray) -> "TorchState":
        """Repeat, reorder and drop rows, in the same way for every member."""
        indices = torch.from_numpy(rows).to(self.members[0].layers[0][0].device)
        return TorchState(tuple(state.select(indices) for state in self.members))


class TorchEngine:
    """Ranks next tokens with one model, or with the mean of several. Not changed by use, so threads may share one.

    The weights of each member are prepared once, in the process that searches. A pickled or copied engine contains only
    the models, and prepares them again.
    """

    sos = SOS_ID
    eos = EOS_ID
    has_gradients = True

    def __init__(
        self,
        members: Sequence[Member],
        *,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        averaging: Averaging = "arithmetic",
        copying: CopyTable | None = None,
    ) -> None:
        """Put the models on `device` in eval mode, and run matrix products in `dtype`.

        Sources are given in the order in which the first member reads them; a member that reads the opposite order
        reverses them. With `copying`, which a member that copies needs, sources and targets have extended ids. Raise
        ValueError if there is no member, or if a member that copies gets no `copying`.
        """
        if not members:
            raise ValueError("there is no model to decode with: give at least one member")
        if copying is None and any(member.model.decoder.copy_gate is not None for member in members):
            raise ValueError("a model that copies needs the table of what it may copy: give copying=Copying(...).table")
        self.members = tuple(Member(model.to(device).eval(), recipe) for model, recipe in members)
        self.device = device
        self.dtype = dtype
        self.averaging: Averaging = averaging
        self._average = average_by_name(averaging)
        self._copying = copying
        self._prepare()

    def _prepare(self) -> None:
        reverse = self.members[0].recipe.text.reverse_source
        self._models = tuple(
            PreparedModel(model, self.dtype, turned=recipe.text.reverse_source != reverse)
            for model, recipe in self.members
        )
        self._process = os.getpid()
        self._banned = torch.zeros(0, dtype=torch.int64, device=self.device)
        self._attends = False

    def __getstate__(self) -> dict[str, Any]:
        """Return the part that is pickled or copied: the models, without their prepared weights."""
        return {name: value for name, value in vars(self).items() if name not in {"_models", "_process"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the engine, and prepare the weights in the current process."""
        banned, attends = state["_banned"], state["_attends"]
        vars(self).update(state)
        self._prepare()
        self._banned, self._attends = banned, attends

    def banning(self, ids: Ids) -> "TorchEngine":
        """Return an engine over the same prepared models that bans exactly these ids.

        Raise ValueError if `<eos>` is among them, since no output could ever end.
        """
        if self.eos in ids:
            raise ValueError(f"the banned ids must not contain <eos>, but {self.eos} is in {list(ids)}")
        other = self._copy()
        other._banned = torch.tensor(ids, dtype=torch.int64, device=self.device)
        return other

    def with_attention(self) -> "TorchEngine | None":
        """Return an engine over the same prepared models whose candidates have their attention.

        It is the mean over the members with attention; return None if no member has attention.
        """
        if not any(model.attends for model in self._models):
            return None
        other = self._copy()
        other._attends = True
        return other

    def _copy(self) -> "TorchEngine":
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    @property
    def precision(self) -> str:
        """The type in which matrix products run, such as "float32"."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def vocabulary(self) -> int:
        """The number of tokens, V."""
        return self._models[0].vocabulary

    @property
    def logits(self) -> int:
        """The number of logits that a step computes for one row: V for each member."""
        return len(self._models) * self.vocabulary

    @torch.inference_mode()
    def start(self, sources: Sequence[Ids]) -> TorchState:
        """Encode the sources, each framed by `<sos>` and `<eos>`, into a state of B rows.

        Raise TandemError in a forked process, where torch would wait forever for threads that were not forked.
        """
        self._check_process()
        source, lengths = pad_sentences(sources)
        numbers = None
        if self._copying is not None:
            source, numbers = copied_sources(source, self._copying)
            numbers = numbers.to(self.device)
        source = source.to(self.device)
        return TorchState(tuple(model.start(source, lengths, numbers) for model in self._models))

    @torch.inference_mode()
    def join(self, state: TorchState, other: TorchState) -> TorchState:
        """Return the state of the rows of two states, those of the first before those of the other."""
        members = zip(state.members, other.members, strict=True)
        return TorchState(tuple(first.join(second, self.vocabulary) for first, second in members))

    @torch.inference_mode()
    def step(self, tokens: IntArray, state: TorchState, count: int) -> Candidates[TorchState]:
        """Feed one token to each row, `[N]`, and return the `count` best next tokens."""
        logits, normalisers, eos, state = self._step(tokens, state)
        values, ids = top_tokens(logits, count)
        return Candidates(
            ids.cpu().numpy(), _float64(values) - normalisers[:, None], eos, state, self._attention(state)
        )

    @torch.inference_mode()
    def step_all(self, tokens: IntArray, state: TorchState) -> Candidates[TorchState]:
        """Feed one token to each row, `[N]`, and return all tokens in the order of the ids."""
        logits, normalisers, eos, state = self._step(tokens, state)
        ids = np.broadcast_to(np.arange(logits.shape[1]), tuple(logits.shape))
        return Candidates(ids, _float64(logits) - normalisers[:, None], eos, state, self._attention(state))

    def _step(self, tokens: IntArray, state: TorchState) -> tuple[Tensor, FloatArray, FloatArray, TorchState]:
        """Return logits `[N, V]` without the banned ids, their log-normalisers, `<eos>`'s scores, and the new state."""
        fed = self._fed(torch.from_numpy(tokens).to(self.device))
        steps = [model.step(fed, own) for model, own in zip(self._models, state.members, strict=True)]
        logits, normaliser = self._together([logits for logits, _ in steps])
        normalisers = _float64(normaliser)
        eos = _float64(logits[:, self.eos]) - normalisers
        if len(self._banned):
            logits.index_fill_(1, self._banned, -torch.inf)
        return logits, normalisers, eos, TorchState(tuple(state for _, state in steps))

    def _attention(self, state: TorchState) -> FloatArray | None:
        """Return the attention of the step that led to `state`, `[N, S]`; None unless it was requested."""
        if not self._attends:
            return None
        return _mean([model.attention(own) for model, own in zip(self._models, state.members, strict=True)])

    def _together(self, logits: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the mean prediction of the members: logits `[N, V]` and their log-normalisers `[N]`."""
        if len(logits) == 1:
            return logits[0], log_normaliser(logits[0])
        if self._copying is not None:  # to a member that does not copy, copied tokens are impossible
            widest = max(each.shape[1] for each in logits)
            logits = [pad(each, (0, widest - each.shape[1]), value=-torch.inf) for each in logits]
        return self._average(logits)

    def _fed(self, tokens: Tensor) -> Tensor:
        """Return the ids that the decoders read for these tokens: a copied token outside V is read as `<unk>`."""
        return tokens if self._copying is None else fed_back(tokens, self.vocabulary)

    @torch.inference_mode()
    def score(self, state: TorchState, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray]:
        """Return the log-probability of each token of each target, in nats; target `n` continues `rows[n]` of `state`.

        Prefixes that targets of the same row share are read once.
        """
        tree, places, states = self._target_tree(state, rows, targets)
        readings = [model.read(tree, own) for model, own in zip(self._models, states, strict=True)]
        tokens = torch.tensor([token for ids in targets for token in ids])
        flat = self._token_scores(readings, torch.from_numpy(np.concatenate(places)), tokens)
        return np.split(flat, np.cumsum([len(ids) for ids in targets])[:-1])

    @torch.inference_mode()
    def align(self, state: TorchState, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray] | None:
        """Return the attention of each token of each target to each token of its source, as the mean of the members.

        None if no member has attention.
        """
        tree, places, states = self._target_tree(state, rows, targets)
        mean = _mean([model.alignments(tree, own) for model, own in zip(self._models, states, strict=True)])
        return None if mean is None else [mean[own] for own in places]

    def influence(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[FloatArray]:
        """Return how much each token of each source contributes to the last token of its target: the members' mean."""
        self._check_process()
        source, lengths = pad_sentences(sources)
        inputs, steps = pad_sentences([[self.sos, *ids[:-1]] for ids in targets])
        numbers = None
        if self._copying is not None:
            source, numbers = copied_sources(source, self._copying)
            inputs, numbers = self._fed(inputs), numbers.to(self.device)
        tokens = torch.tensor([ids[-1] for ids in targets])
        source, inputs, places, tokens = (part.to(self.device) for part in (source, inputs, steps - 1, tokens))
        each = [model.influence(source, lengths, inputs, places, tokens, numbers) for model in self._models]
        mean = np.mean([_float64(influence) for influence in each], axis=0)
        return [mean[:length, n] for n, length in enumerate(lengths.tolist())]

    def _target_tree(
        self, state: TorchState, rows: IntArray, targets: Sequence[Ids]
    ) -> tuple[PrefixTree, list[IntArray], list[DecoderState]]:
        """Return the tree of the targets, the prefix before each token of each, and the states that it continues."""
        needed, roots = np.unique(rows, return_inverse=True)
        inputs, lengths = pad_sentences([[self.sos, *ids[:-1]] for ids in targets])
        tree, places = target_tree(inputs, lengths, torch.from_numpy(roots), self.device)
        indices = torch.from_numpy(needed).to(self.device)
        tree = tree._replace(tokens=self._fed(tree.tokens))
        own_places = [places[:length, n] for n, length in enumerate(lengths.tolist())]
        return tree, own_places, [own.select(indices) for own in state.members]

    def _token_scores(self, readings: Sequence[Reading], places: Tensor, tokens: Tensor) -> FloatArray:
        """Return the log-probability of each of `tokens` after the prefix at its place among the P of `readings`.

        The output layer runs on a block of prefixes at a time, so the logits of all prefixes are never in memory at
        once.
        """
        # Sorted by prefix, the tokens of a block of prefixes are the neighbours from `begin` to `end`.
        places, order = places.sort()
        tokens = tokens[order]
        scores = torch.empty(len(tokens), dtype=torch.float64)
        height = max(1, _BLOCK // self.vocabulary)
        prefixes = len(readings[0].features)
        starts = range(0, prefixes, height)
        bounds = torch.searchsorted(places, torch.tensor([*starts, prefixes])).tolist()
        for start, (begin, end) in zip(starts, pairwise(bounds), strict=True):
            block = slice(start, start + height)
            logits, normaliser = self._together(
                [model.logits(own.rows(block)) for model, own in zip(self._models, readings, strict=True)]
            )
            rows, columns = (part.to(logits.device) for part in (places[begin:end] - start, tokens[begin:end]))
            scores[order[begin:end]] = (logits[rows, columns] - normaliser[rows]).double().cpu()
        return scores.numpy()

    def _check_process(self) -> None:
        if os.getpid() != self._process and (torch.get_num_threads() > 1 or self.device.type != "cpu"):
            raise TandemError(
                f"this translator was made in process {self._process} and is used in process {os.getpid()}, which was "
                "forked from it. There, torch would hang with several threads or a GPU. Start the process with "
                'multiprocessing\'s "spawn", or, on a CPU, call torch.set_num_threads(1) in it first'
            )


def _mean(weights: Sequence[Tensor | None]) -> FloatArray | None:
    """Return the mean attention of the members that have attention; None if no member has."""
    each = [_float64(own) for own in weights if own is not None]
    if not each:
        return None
    mean: FloatArray = np.mean(each, axis=0)
    return mean


def _float64(values: Tensor) -> FloatArray:
    """Return a tensor as an array of float64, so that logits which differ in their last bit also differ in a sum."""
    return values.cpu().numpy().astype(np.float64)
