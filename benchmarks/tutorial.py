"""The tutorial's model and loops, written plainly: the side that Tandem is measured against."""

import random
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence


class Encoder(nn.Module):
    """Embedding, dropout, LSTM."""

    def __init__(self, input_dim: int, emb_dim: int, hid_dim: int, n_layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(input_dim, emb_dim)
        self.rnn = nn.LSTM(emb_dim, hid_dim, n_layers, dropout=dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src: Tensor) -> tuple[Tensor, Tensor]:
        """`src [S, B]` -> `hidden, cell`, each [L, B, H]."""
        _, (hidden, cell) = self.rnn(self.dropout(self.embedding(src)))
        return hidden, cell


class Decoder(nn.Module):
    """One token at a time."""

    def __init__(self, output_dim: int, emb_dim: int, hid_dim: int, n_layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(output_dim, emb_dim)
        self.rnn = nn.LSTM(emb_dim, hid_dim, n_layers, dropout=dropout)
        self.fc_out = nn.Linear(hid_dim, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, token: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`token [B]` -> `prediction [B, V], hidden, cell`."""
        output, (hidden, cell) = self.rnn(self.dropout(self.embedding(token.unsqueeze(0))), (hidden, cell))
        return self.fc_out(output.squeeze(0)), hidden, cell


class Seq2Seq(nn.Module):
    """A loop over the target, a coin at each step."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src: Tensor, trg: Tensor, ratio: float) -> Tensor:
        """`src [S, B]`, `trg [T, B]` -> logits [T, B, V], row 0 zero."""
        outputs = torch.zeros(*trg.shape, self.decoder.fc_out.out_features)
        hidden, cell = self.encoder(src)
        token = trg[0]
        for t in range(1, len(trg)):
            outputs[t], hidden, cell = self.decoder(token, hidden, cell)
            token = trg[t] if random.random() < ratio else outputs[t].argmax(1)
        return outputs


def collate(pairs: list[tuple[Tensor, Tensor]], pad: int) -> tuple[Tensor, Tensor]:
    """Sentences of ids as columns, padded to the longest: `src [S, B]`, `trg [T, B]`."""
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    return pad_sequence(sources, padding_value=pad), pad_sequence(targets, padding_value=pad)


def train_epoch(
    model: Seq2Seq,
    loader: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    ratio: float,
    pad: int,
) -> float:
    """The tutorial's training loop over all batches; the mean of their losses."""
    model.train()
    losses = [train_step(model, optimizer, src, trg, ratio, pad) for src, trg in loader]
    return sum(losses) / len(losses)


def train_step(
    model: Seq2Seq, optimizer: torch.optim.Optimizer, src: Tensor, trg: Tensor, ratio: float, pad: int
) -> float:
    """One step of the tutorial's training loop; its loss."""
    optimizer.zero_grad()
    output = model(src, trg, ratio)
    loss = nn.functional.cross_entropy(output[1:].flatten(0, 1), trg[1:].flatten(), ignore_index=pad)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


@torch.no_grad()
def translate(model: Seq2Seq, source: Tensor, *, sos: int, eos: int, longest: int) -> list[int]:
    """The tutorial's greedy loop over one sentence, `source [S, 1]`."""
    hidden, cell = model.encoder(source)
    token, put_out = torch.tensor([sos]), []
    for _ in range(longest):
        prediction, hidden, cell = model.decoder(token, hidden, cell)
        token = prediction.argmax(1)
        if int(token) == eos:
            break
        put_out.append(int(token))
    return put_out
