"""A model's weights prepared for decoding: converted, laid out, and without a graph."""

import torch
from torch import Tensor

from tandem.models import Seq2Seq
from tandem.models.attention import Memory
from tandem.models.copying import Copies
from tandem.models.prefixes import PrefixTree
from tandem.models.prepared_decoder import DecoderState, PreparedDecoder, Reading
from tandem.models.reversing import reversed_sources


class PreparedModel:
    """A model as an engine uses it. Immutable, so that any number of searches may share one."""

    def __init__(self, model: Seq2Seq, dtype: torch.dtype, *, turned: bool = False) -> None:
        """Run matrix products in `dtype`; the state and the logits keep the model's own type.

        With `turned` the model reads sources from the other end than they are given.
        """
        self._turned = turned
        self._model = model
        self._dtype = dtype
        # Without attention only final states are needed, so sources that begin alike are read together.
        only_final = model.decoder.attention is None and model.bridge is None
        self._encoder = model.encoder.prepare(dtype) if only_final else None
        self._decoder: PreparedDecoder = model.decoder.prepare(dtype, many_steps=True)
        self._type = model.decoder.fc_out.bias.dtype

    @property
    def vocabulary(self) -> int:
        """The number of tokens to choose from."""
        return self._decoder.output.rows

    @property
    def copies(self) -> bool:
        """Whether it copies tokens of the source, so that it ranks extended ids."""
        return self._decoder.gate is not None

    def start(self, source: Tensor, lengths: Tensor, numbers: Tensor | None = None) -> DecoderState:
        """Encode `source [S, B]`, of `lengths [B]`, into a state of B rows.

        A model that copies needs the `numbers [S, B]` of the tokens (`text/copying.py`).
        """
        copies = Copies.of(numbers, self.vocabulary) if self.copies and numbers is not None else None
        if self._turned:
            source, copies = reversed_sources(source, lengths), copies and copies.turned(lengths)
        if self._encoder is not None:
            return self._decoder.start(self._encoder.read(source, lengths), None)
        with torch.autocast(source.device.type, self._dtype, enabled=self._dtype != torch.float32):
            return self._decoder.start(*self._model.encode(source, lengths, copies))

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Feed `tokens [N]`, and return the logits of what follows, as `logits` does, and the new state."""
        features, state = self._decoder.step(tokens, state)
        return self.logits(self._decoder.reading(features, state)), state

    def read(self, tree: PrefixTree, state: DecoderState) -> Reading:
        """Return what follows from all prefixes of a tree that continues the rows of `state`."""
        return self._decoder.read(tree, state)

    def alignments(self, tree: PrefixTree, state: DecoderState) -> Tensor | None:
        """Return the weights of the source's positions at all prefixes of a tree, `[P, S]`; None without attention.

        Positions are counted as sources are given, whichever end the model reads them from.
        """
        weights = self._decoder.alignments(tree, state)
        if weights is None or state.owners is None:
            return None
        return self._as_given(weights, tree.spread(state.owners.sources), state.owners.memory)

    @property
    def attends(self) -> bool:
        """Whether there is attention."""
        return self._decoder.attention is not None

    def attention(self, state: DecoderState) -> Tensor | None:
        """Return the weights with which the step before `state` looked, `[N, S]`, as `alignments` does."""
        weights = self._decoder.last_alignments(state)
        if weights is None or state.owners is None:
            return None
        return self._as_given(weights, state.owners.sources, state.owners.memory)

    def _as_given(self, weights: Tensor, sources: Tensor, memory: Memory) -> Tensor:
        """Return `weights [N, S]`, rows of these sources of a memory, at the positions of the sources as given."""
        if not self._turned:
            return weights
        lengths = (memory.bias[:, 0] == 0).sum(dim=1)[sources]  # (N,)
        return reversed_sources(weights.T, lengths).T

    def influence(
        self,
        source: Tensor,
        lengths: Tensor,
        inputs: Tensor,
        places: Tensor,
        tokens: Tensor,
        numbers: Tensor | None = None,
    ) -> Tensor:
        """Return how much each token of `source [S, B]` speaks for one token of each target, `[S, B]` in nats.

        It is the gradient of that token's log-probability by the embedding of the source's token, times the embedding
        (Denil et al. 2014, arXiv 1412.6815, section 4): what would be lost without it, if the model were linear.
        `inputs [T, B]` are fed to the decoder; the token is `tokens [B]`, after the steps up to `places [B]`. A model
        that copies needs the `numbers [S, B]`; one that does not gives nothing to a token that was copied.
        """
        model = self._model
        copies = Copies.of(numbers, self.vocabulary) if self.copies and numbers is not None else None
        read = reversed_sources(source, lengths) if self._turned else source
        if self._turned and copies is not None:
            copies = copies.turned(lengths)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autocast(source.device.type, self._dtype, enabled=self._dtype != torch.float32),
        ):
            embedded = model.encoder.embed(read).detach().requires_grad_()
            state, memory = model.context(model.encoder.read_embedded(read, embedded, lengths), lengths, copies)
            rows = torch.arange(len(tokens), device=source.device)
            compared = None
            if copies is not None and memory is not None:
                features, compared = model.decoder.compared_features(inputs, state, None, memory)
                compared = compared[places, rows][None]  # (1, B, S)
            else:
                features = model.decoder.features(inputs, state, None, memory)  # (T, B, D)
            logits = model.decoder.extended_logits(features[places, rows][None], compared, memory)[0].float()
            known = tokens < logits.shape[1]
            scores = logits.log_softmax(dim=1)[rows, tokens.where(known, 0)]
            (gradient,) = torch.autograd.grad(scores.where(known, 0).sum(), embedded)
        influence = (gradient * embedded.detach()).float().sum(dim=2)
        return reversed_sources(influence, lengths) if self._turned else influence

    def logits(self, reading: Reading) -> Tensor:
        """Return the logits of what follows, `[N, V]`; of a model that copies, those of extended ids, `[N, V + S]`."""
        return self._decoder.extended_logits(reading).to(self._type)
