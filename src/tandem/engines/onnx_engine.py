"""Exported models as an engine, without PyTorch: one, or several as an ensemble.

Letters: `B` sources, `N` rows of a step, `C` candidates, `V` vocabulary, `S` source length.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tandem.engines.engine import Candidates, FloatArray, Ids, IntArray
from tandem.engines.numpy_ensemble import best_ids, mean_by_name
from tandem.engines.onnx_model import Float32Array, OnnxModel, OnnxModelState, Owners
from tandem.names import Averaging
from tandem.text import EOS_ID, PAD_ID, SOS_ID
from tandem.text.copying import CopyTable

_VARIANTS = 256
"""The number of sources with a token left out that are read together."""


class OnnxState(NamedTuple):
    """The states of all members, N rows each. The graph of the next step selects the rows."""

    members: tuple[OnnxModelState, ...]
    rows: IntArray
    """`[N]`, the number of each row in the members' states."""
    sources: IntArray
    """`[N]`, the source in the members' memories that each row belongs to."""
    batch: int
    """The number of sources in the memories."""

    def select(self, rows: IntArray) -> "OnnxState":
        """Repeat, reorder and drop rows, in the same way for every member.

        Once at least half of the sources have no row, they are removed from the memories.
        """
        return OnnxState(self.members, self.rows[rows], self.sources[rows], self.batch).shrunk(0.5)

    def shrunk(self, share: float) -> "OnnxState":
        """Return the state without the sources that have no row, if the others are at most this share of all."""
        live, renumbered = np.unique(self.sources, return_inverse=True)
        if len(live) > share * self.batch or len(live) == self.batch:
            return self
        members = tuple(
            OnnxModelState(own.rows, None if own.memory is None else own.memory.select(live)) for own in self.members
        )
        return OnnxState(members, self.rows, renumbered, len(live))


class OnnxEngine:
    """Ranks next tokens with one exported model, or with the mean of several. Not changed by use."""

    sos = SOS_ID
    eos = EOS_ID
    has_gradients = False

    def __init__(
        self,
        models: Sequence[OnnxModel],
        *,
        averaging: Averaging = "arithmetic",
        copying: CopyTable | None = None,
        precision: str = "float32",
    ) -> None:
        """Take the models, whose weights are stored in `precision`.

        With `copying`, which a model that copies needs, sources and targets have extended ids. Raise ValueError if
        there is no model, or if a model that copies gets no `copying`.
        """
        if not models:
            raise ValueError("models is empty: an engine needs at least one model")
        if copying is None and any(model.shape.copies for model in models):
            raise ValueError("a model that copies needs the table of what it may copy: give copying=Copying(...).table")
        self._models = tuple(models)
        self._copying = copying
        self.averaging: Averaging = averaging
        self._mean = mean_by_name(averaging)
        self.precision = precision
        self._bans: tuple[int, ...] = ()
        self._attends = False

    def _copy(self) -> "OnnxEngine":
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def banning(self, ids: Ids) -> "OnnxEngine":
        """Return an engine over the same models that bans exactly these ids.

        Raise ValueError if `<eos>` is among them, since no output could ever end.
        """
        if self.eos in ids:
            raise ValueError(f"the banned ids must not contain <eos>, but {self.eos} is in {list(ids)}")
        other = self._copy()
        other._bans = tuple(ids)
        return other

    def with_attention(self) -> "OnnxEngine | None":
        """Return an engine over the same models whose candidates have their attention.

        It is the mean over the members with attention; return None if no member has attention.
        """
        if not any(model.shape.attends for model in self._models):
            return None
        other = self._copy()
        other._attends = True
        return other

    @property
    def vocabulary(self) -> int:
        """The number of tokens, V."""
        return self._models[0].shape.vocabulary

    @property
    def logits(self) -> int:
        """The number of logits that a step computes for one row: V for each member."""
        return len(self._models) * self.vocabulary

    def start(self, sources: Sequence[Ids]) -> OnnxState:
        """Encode the sources, each framed by `<sos>` and `<eos>`, into a state of B rows."""
        lengths = np.array([len(ids) for ids in sources])
        padded = np.full((int(lengths.max()), len(sources)), PAD_ID)
        for column, ids in enumerate(sources):
            padded[: len(ids), column] = ids
        numbers = None
        if self._copying is not None:
            numbers, padded = self._copying.numbers_of(padded), self._copying.read_by_encoder(padded)
        members = tuple(model.start(padded, lengths, numbers) for model in self._models)
        rows = np.arange(len(sources))
        return OnnxState(members, rows, rows, len(sources))

    def join(self, state: OnnxState, other: OnnxState) -> OnnxState:
        """Return the state of the rows of two states, those of the first before those of the other."""
        state, other = state.shrunk(1), other.shrunk(1)
        before = len(state.members[0].rows)
        members = zip(self._models, state.members, other.members, strict=True)
        return OnnxState(
            tuple(model.join(own, more) for model, own, more in members),
            np.concatenate([state.rows, other.rows + before]),
            np.concatenate([state.sources, other.sources + state.batch]),
            state.batch + other.batch,
        )

    def step(self, tokens: IntArray, state: OnnxState, count: int) -> Candidates[OnnxState]:
        """Feed one token to each row, `[N]`, and return the `count` best next tokens."""
        if len(self._models) > 1:
            scores, eos, after, attention = self._step_all(tokens, state)
            ids = best_ids(scores, min(count, scores.shape[1]))
            return Candidates(ids, np.take_along_axis(scores, ids, axis=1), eos, after, attention)
        names = ["ids", "scores", "eos", *(["weights"] if self._attends else [])]
        outputs, after = self._steps(names, tokens, state, count=count, bans=self._bans)
        ids, scores, eos, *weights = outputs[0]
        return Candidates(
            ids, scores.astype(np.float64), eos.astype(np.float64), after, self._mean_weights([weights], state)
        )

    def step_all(self, tokens: IntArray, state: OnnxState) -> Candidates[OnnxState]:
        """Feed one token to each row, `[N]`, and return all tokens in the order of the ids."""
        scores, eos, after, attention = self._step_all(tokens, state)
        ids = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
        return Candidates(ids, scores, eos, after, attention)

    def _step_all(
        self, tokens: IntArray, state: OnnxState
    ) -> tuple[FloatArray, FloatArray, OnnxState, FloatArray | None]:
        """Return log-probabilities `[N, V]`, minus infinity for banned ids; those of `<eos>`; new state; attention."""
        scores, after, weights = self._log_probabilities(tokens, state, attends=self._attends)
        eos = scores[:, self.eos].copy()
        scores[:, list(self._bans)] = -np.inf
        return scores, eos, after, weights

    def _log_probabilities(
        self, tokens: IntArray, state: OnnxState, *, attends: bool
    ) -> tuple[FloatArray, OnnxState, FloatArray | None]:
        """Return the mean log-probabilities of the members, `[N, V]`, the new state, and the attention, `[N, S]`."""
        names = ["log_probabilities"]
        outputs, after = self._steps(names, tokens, state, attends=attends)
        each = [own[0].astype(np.float64) for own in outputs]
        widest = max(scores.shape[1] for scores in each)
        # To a member that does not copy, copied tokens are impossible.
        each = [np.pad(scores, ((0, 0), (0, widest - scores.shape[1])), constant_values=-np.inf) for scores in each]
        mean = each[0] if len(each) == 1 else self._mean(each)
        return mean, after, self._mean_weights([own[1:] for own in outputs], state) if attends else None

    def _steps(
        self, names: Sequence[str], tokens: IntArray, state: OnnxState, *, attends: bool = False, **options: Any
    ) -> tuple[list[list[Any]], OnnxState]:
        """Take a step with each model, and return the named outputs of each, and the new state."""
        owners = None
        if any(own.memory is not None for own in state.members):
            owners = Owners.of(state.sources, state.batch)
        steps = [
            model.step(
                [*names, *(["weights"] if attends and model.shape.attends else [])],
                tokens,
                state.rows,
                owners,
                own,
                **options,
            )
            for model, own in zip(self._models, state.members, strict=True)
        ]
        members = tuple(OnnxModelState(step.state, own.memory) for step, own in zip(steps, state.members, strict=True))
        after = OnnxState(members, np.arange(len(tokens)), state.sources, state.batch)
        return [step.outputs for step in steps], after

    def _mean_weights(self, weights: Sequence[Sequence[Float32Array]], state: OnnxState) -> FloatArray | None:
        """Return the mean attention `[N, S]` of the members that have attention; None if no member has."""
        owners = Owners.of(state.sources, state.batch)
        each = [
            model.as_given(own[0], owners, member.memory).astype(np.float64)
            for model, own, member in zip(self._models, weights, state.members, strict=True)
            if own and member.memory is not None
        ]
        if not each:
            return None
        mean: FloatArray = np.mean(each, axis=0)
        return mean

    def score(self, state: OnnxState, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray]:
        """Return the log-probability of each token of each target, in nats; target `n` continues `rows[n]` of `state`.

        Prefixes that targets of the same row share are read once.
        """
        return self._walk(state, rows, targets, attends=False)

    def align(self, state: OnnxState, rows: IntArray, targets: Sequence[Ids]) -> list[FloatArray] | None:
        """Return the attention of each token of each target to each token of its source, as the mean of the members.

        None if no member has attention.
        """
        return self._walk(state, rows, targets, attends=True) if self.with_attention() else None

    def _walk(self, state: OnnxState, rows: IntArray, targets: Sequence[Ids], *, attends: bool) -> list[FloatArray]:
        """Feed the targets, and return the score of each token of each target or, with `attends`, its attention."""
        results: list[list[Any]] = [[] for _ in targets]
        going, parents = list(range(len(targets))), rows
        for t in range(max(map(len, targets), default=0)):
            parents = np.array([parent for n, parent in zip(going, parents, strict=True) if len(targets[n]) > t])
            going = [n for n in going if len(targets[n]) > t]
            fed = np.array([targets[n][t - 1] if t else self.sos for n in going])
            # Targets with the same beginning have the same parent and the same token, and share a row.
            prefixes, places = np.unique(np.stack([parents, fed]), axis=1, return_inverse=True)
            parents = places.reshape(-1)
            asked = np.stack([parents, np.array([targets[n][t] for n in going])], axis=1)
            own, state = self._asked(prefixes[1], state.select(prefixes[0]), asked, attends=attends)
            for n, value in zip(going, own, strict=True):
                results[n].append(value)
        return [np.array(own, np.float64) for own in results]

    def _asked(
        self, tokens: IntArray, state: OnnxState, asked: IntArray, *, attends: bool
    ) -> tuple[FloatArray, OnnxState]:
        """Take a step; return the score of each pair (row, id) of `asked [A, 2]`, or its row's attention, `[A, S]`."""
        if attends:
            outputs, after = self._steps([], tokens, state, attends=True)
            weights = self._mean_weights(outputs, state)
            assert weights is not None
            return weights[asked[:, 0]], after
        if len(self._models) == 1:
            outputs, after = self._steps(["asked_scores"], tokens, state, asked=asked)
            return outputs[0][0], after
        scores, after, _ = self._log_probabilities(tokens, state, attends=False)
        return scores[asked[:, 0], asked[:, 1]], after

    def influence(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> list[FloatArray]:
        """Return how much each token of each source contributes to the last token of its target, in nats.

        There are no gradients here. So each token is left out in turn, and the result is how much the log-probability
        of the last target token falls.
        """
        variants: list[Ids] = []
        own: list[Ids] = []
        for source, target in zip(sources, targets, strict=True):
            shorter = [[*source[:place], *source[place + 1 :]] for place in range(1, len(source) - 1)]
            variants += [source, *shorter]
            own += [target] * (1 + len(shorter))
        scores = np.concatenate(
            [
                self._last_scores(variants[start : start + _VARIANTS], own[start : start + _VARIANTS])
                for start in range(0, len(variants), _VARIANTS)
            ]
        )
        results, at = [], 0
        for source in sources:
            count = len(source) - 1
            lost = scores[at] - scores[at + 1 : at + count]
            results.append(np.pad(lost, (1, 1)))  # <sos> and <eos> are never left out
            at += count
        return results

    def _last_scores(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> FloatArray:
        """Return the log-probability of the last token of each target, `[N]`."""
        scores = self.score(self.start(sources), np.arange(len(sources)), targets)
        return np.array([each[-1] for each in scores])
