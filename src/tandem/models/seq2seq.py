"""Encoder and decoder as one model: sequence in, sequence out."""

import torch
from torch import Tensor, nn

from tandem.models.attention import Memory
from tandem.models.bridge import Bridge
from tandem.models.coins import draw_coins, expand_coins
from tandem.models.copying import Copies, best_fed_back, fed_back
from tandem.models.decoder import ComparedFeatures, Decoder
from tandem.models.encoder import Encoded, Encoder
from tandem.models.features_encoder import FeaturesEncoder
from tandem.models.prepared_decoder import DecoderMasks
from tandem.models.recurrence import compute_dtype
from tandem.models.state import RecurrentState


class Seq2Seq(nn.Module):
    """An encoder-decoder (Sutskever, Vinyals & Le 2014): the tutorial's class.

    `Seq2Seq(encoder, decoder, device)`. The decoder starts from the encoder's state, so ValueError is raised if the two
    differ in cell type, hidden size or number of layers. With `bridge`, there is a learnt layer between them, and the
    sizes, the numbers of layers and the directions may differ.
    """

    def __init__(
        self, encoder: Encoder, decoder: Decoder, device: torch.device | str | None = None, *, bridge: bool = False
    ) -> None:
        super().__init__()
        if not bridge:
            _check_fit("hidden sizes (hid_dim)", encoder.state_dim, decoder.hid_dim)
            _check_fit("numbers of layers (n_layers)", encoder.n_layers, decoder.n_layers)
        _check_fit("cell types (cell_type)", encoder.cell_type, decoder.cell_type)
        if decoder.attention is not None:
            _check_fit("sizes of outputs and memory (memory_dim)", encoder.output_dim, decoder.attention.memory_size)
        self.encoder = encoder
        self.decoder = decoder
        self.device = device
        shapes = encoder.n_layers, encoder.state_dim, decoder.n_layers, decoder.hid_dim
        self.bridge = Bridge(*shapes, has_cell_state=decoder.cell_type == "lstm") if bridge else None

    def forward(
        self,
        src: Tensor,
        trg: Tensor,
        teacher_forcing_ratio: float = 0.5,
        *,
        src_len: Tensor | None = None,
        coins: Tensor | None = None,
        copies: Tensor | None = None,
    ) -> Tensor:
        """Return the logits `[T, B, V]`, row 0 zero, for `src [S, B]` and `trg [T, B]`, ids: the tutorial's forward.

        After each step, one coin for the whole batch decides whether the next input is the true token, with probability
        `teacher_forcing_ratio`, or the best prediction. `coins`, bool `[T - 1]` or `[T - 1, B]`, decide instead of
        chance; true stands for the true token. `src_len [B]` keeps the encoder from reading padding.

        A decoder that copies needs `copies [S, B]`, a number for each source token: the id of the target token with the
        same text; if there is none, a number from V on, which is equal for equal tokens; and -1 for tokens that are
        never copied. The result is then `[T, B, V + S]`, and `trg` may have extended ids: V + i is the token at
        position i of the source.
        """
        steps, batch = trg.shape
        if coins is None:
            coins = draw_coins(steps - 1, batch, teacher_forcing_ratio, by_token=False)
        if copies is None:
            logits: Tensor = self.decoder.fc_out(self.features(src, trg, coins, src_len))
        else:
            (features, compared), memory = self._compared_features(src, trg, coins, src_len, copies)
            logits = self.decoder.extended_logits(features, compared, memory)
        return torch.cat([logits.new_zeros(1, *logits.shape[1:]), logits])

    def features(self, source: Tensor, target: Tensor, coins: Tensor, source_lengths: Tensor | None) -> Tensor:
        """Return the inputs of the output layer at each step, `[T - 1, B, D]`, for `target [T, B]` under `coins`.

        Training computes the loss from this (`training/loss.py`), without whole logits. The decoder's inputs are
        decided first, by a rollout without a gradient up to the last step that needs a prediction. Then one
        differentiable pass runs over all steps with the same dropout. Its gradient is that of the step-by-step loop,
        because no gradient goes through argmax.
        """
        state, memory = self.encode(source, source_lengths)
        masks = self.decoder.draw_masks(target.shape[0] - 1, target.shape[1])
        inputs = self._decide_inputs(target, coins, state, masks, memory)
        return self.decoder.features(inputs, state, masks, memory)

    def compared_features(
        self, source: Tensor, target: Tensor, coins: Tensor, source_lengths: Tensor | None, copies: Tensor
    ) -> ComparedFeatures:
        """Return the result of `features` for a model that copies, and its attention; `copies` is as for `forward`.

        `target` has extended ids. Training computes the loss from this (`training/mixture.py`).
        """
        return self._compared_features(source, target, coins, source_lengths, copies)[0]

    def _compared_features(
        self, source: Tensor, target: Tensor, coins: Tensor, source_lengths: Tensor | None, copies: Tensor
    ) -> tuple[ComparedFeatures, Memory]:
        vocabulary = self.decoder.output_dim
        state, memory = self.encode(source, source_lengths, Copies.of(copies, vocabulary))
        if memory is None or self.decoder.copy_gate is None:
            raise ValueError("this model does not copy: make its decoder with copying=True, or leave out copies")
        masks = self.decoder.draw_masks(target.shape[0] - 1, target.shape[1])
        inputs = self._decide_inputs(fed_back(target, vocabulary), coins, state, masks, memory)
        return self.decoder.compared_features(inputs, state, masks, memory), memory

    def encode(
        self, source: Tensor, source_lengths: Tensor | None, copies: Copies | None = None
    ) -> tuple[RecurrentState, Memory | None]:
        """Return the decoder's first state and, for a decoder with attention, its memory with `copies`, else None."""
        return self.context(self.encoder.read(source, source_lengths), source_lengths, copies)

    def context(
        self, encoded: Encoded, source_lengths: Tensor | None, copies: Copies | None = None
    ) -> tuple[RecurrentState, Memory | None]:
        """Return the result of `encode`, given the encoder's results for the sources."""
        state = encoded.final if self.bridge is None else self.bridge(encoded.final)
        attention = self.decoder.attention
        return state, None if attention is None else attention.remember(encoded.outputs, source_lengths, copies)

    @torch.no_grad()
    def _decide_inputs(
        self,
        target: Tensor,
        coins: Tensor,
        state: RecurrentState,
        masks: DecoderMasks | None,
        memory: Memory | None,
    ) -> Tensor:
        """Return the decoder's inputs `[T - 1, B]`: true tokens, or predictions where the coins are false."""
        inputs = target[:-1].clone()
        rows = expand_coins(coins, steps=inputs.shape[0], batch=inputs.shape[1])
        forced = rows.all(dim=1).tolist()
        predicted = [t for t in range(len(forced) - 1) if not forced[t]]  # the last coin decides nothing
        if not predicted:
            return inputs
        decoder = self.decoder.prepare(compute_dtype(state.hidden), many_steps=False)
        rows = rows.to(target.device)
        step_state = decoder.start(state, memory)
        for t in range(predicted[-1] + 1):
            features, step_state = decoder.step(inputs[t], step_state, None if masks is None else masks.at(t))
            if not forced[t]:
                if decoder.gate is None:
                    best = decoder.best_tokens(features, state.hidden.dtype)
                else:
                    logits = decoder.extended_logits(decoder.reading(features, step_state))
                    best = best_fed_back(logits, self.decoder.output_dim)
                inputs[t + 1] = torch.where(rows[t], inputs[t + 1], best)
        return inputs


def _check_fit(what: str, of_encoder: object, of_decoder: object) -> None:
    if of_encoder != of_decoder:
        raise ValueError(
            f"the {what} of encoder and decoder differ: {of_encoder} and {of_decoder}. Build both with the same value; "
            "or use bridge=True, which lets the sizes and numbers of layers differ"
        )


def needs_bridge(encoder: Encoder, decoder: Decoder) -> bool:
    """Return whether the states of an encoder fit a decoder only through a bridge."""
    return encoder.bidirectional or encoder.n_layers != decoder.n_layers or isinstance(encoder, FeaturesEncoder)
