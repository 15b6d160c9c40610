"""A model's weights prepared for decoding: in the type and the layout of the matrix products, without gradients."""

import torch
from torch import Tensor

from tandem.models import Seq2Seq
from tandem.models.attention import Memory
from tandem.models.copying import Copies
from tandem.models.prefixes import PrefixTree
from tandem.models.prepared_decoder import DecoderState, PreparedDecoder, Reading
from tandem.models.reversing import reversed_sources


class PreparedModel:
    """A model as an engine uses it. It is immutable, so any number of searches can share one."""

    def __init__(self, model: Seq2Seq, dtype: torch.dtype, *, turned: bool = False) -> None:
        """Run matrix products in `dtype`; the state and the logits keep the model's own type.

        With `turned`, the model reads sources in the opposite order to the one in which they are given.
        """
        self._turned = turned
        self._model = model
        self._dtype = dtype
        # Without attention, only final states are needed, so a beginning that several sources share is read once.
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
        """Whether the model copies tokens of the source, so that it ranks extended ids."""
        return self._decoder.gate is not None

    def start(self, source: Tensor, lengths: Tensor, numbers: Tensor | None = None) -> DecoderState:
        """Encode `source [S, B]`, of `lengths [B]`, into a state of B rows.

        A model that copies needs the `numbers [S, B]` of the tokens: see `text/copying.py`.
        """
        copies = Copies.of(numbers, self.vocabulary) if self.copies and numbers is not None else None
        if self._turned:
            source, copies = reversed_sources(source, lengths), copies and copies.turned(lengths)
        if self._encoder is not None:
            return self._decoder.start(self._encoder.read(source, lengths), None)
        with torch.autocast(source.device.type, self._dtype, enabled=self._dtype != torch.float32):
            return self._decoder.start(*self._model.encode(source, lengths, copies))

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Feed `tokens [N]`, and return the logits of the next tokens, as `logits` does, and the new state."""
        features, state = self._decoder.step(tokens, state)
        return self.logits(self._decoder.reading(features, state)), state

    def read(self, tree: PrefixTree, state: DecoderState) -> Reading:
        """Return the decoder's output after each prefix of a tree that continues the rows of `state`."""
        return self._decoder.read(tree, state)

    def alignments(self, tree: PrefixTree, state: DecoderState) -> Tensor | None:
        """Return the attention at each prefix of a tree, `[P, S]`; None for a model without attention.

        The positions are those of the sources as given, even if the model reads them in the opposite order.
        """
        weights = self._decoder.alignments(tree, state)
        if weights is None or state.owners is None:
            return None
        return self._as_given(weights, tree.spread(state.owners.sources), state.owners.memory)

    @property
    def attends(self) -> bool:
        """Whether the model has attention."""
        return self._decoder.attention is not None

    def attention(self, state: DecoderState) -> Tensor | None:
        """Return the attention of the step that led to `state`, `[N, S]`, as `alignments` does."""
        weights = self._decoder.last_alignments(state)
        if weights is None or state.owners is None:
            return None
        return self._as_given(weights, state.owners.sources, state.owners.memory)

    def _as_given(self, weights: Tensor, sources: Tensor, memory: Memory) -> Tensor:
        """Return the attention `weights [N, S]` to these `sources [N]` with the positions of the sources as given."""
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
        """Return how much each token of `source [S, B]` contributes to one token of each target, `[S, B]` in nats.

        It is the gradient of the target token's log-probability with respect to the embedding of the source token,
        times that embedding (Denil et al. 2014, arXiv 1412.6815, section 4). If the model were linear, this would be
        the loss without the source token. `inputs [T, B]` are fed to the decoder; `tokens [B]` are the target tokens,
        after the steps up to `places [B]`. A model that copies needs the `numbers [S, B]`; for one that does not, the
        contributions to a copied token are 0.
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
        """Return the logits of the next tokens, `[N, V]`; for a model that copies, of extended ids, `[N, V + S]`."""
        return self._decoder.extended_logits(reading).to(self._type)
