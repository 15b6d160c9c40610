"""The tutorial's model written down plainly, from what it is said to compute: the oracle of the parity tests.

An embedding, dropout and one of torch's own recurrent layers on each side, a linear layer at the end, and a loop that
feeds the decoder token by token. No lengths, no masks, nothing prepared.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tandem.models import CellType

State = tuple[Tensor, Tensor | None]


def torch_rnn(cell_type: CellType, input_size: int, hidden: int, layers: int, dropout: float) -> nn.RNNBase:
    between = dropout if layers > 1 else 0.0
    if cell_type == "lstm":
        return nn.LSTM(input_size, hidden, layers, dropout=between)
    if cell_type == "gru":
        return nn.GRU(input_size, hidden, layers, dropout=between)
    return nn.RNN(input_size, hidden, layers, dropout=between)


class TutorialEncoder(nn.Module):
    def __init__(self, vocabulary: int, emb: int, hid: int, layers: int, dropout: float, cell_type: CellType) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = torch_rnn(cell_type, emb, hid, layers, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src: Tensor) -> State:
        _, state = self.rnn(self.dropout(self.embedding(src)))
        return state if isinstance(state, tuple) else (state, None)


class TutorialDecoder(nn.Module):
    def __init__(self, vocabulary: int, emb: int, hid: int, layers: int, dropout: float, cell_type: CellType) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(vocabulary, emb)
        self.rnn = torch_rnn(cell_type, emb, hid, layers, dropout)
        self.fc_out = nn.Linear(hid, vocabulary)
        self.dropout = nn.Dropout(dropout)

    def forward(self, token: Tensor, hidden: Tensor, cell: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        embedded = self.dropout(self.embedding(token.unsqueeze(0)))
        output, state = self.rnn(embedded, hidden if cell is None else (hidden, cell))
        new_hidden, new_cell = state if isinstance(state, tuple) else (state, None)
        return self.fc_out(output.squeeze(0)), new_hidden, new_cell


class TutorialSeq2Seq(nn.Module):
    def __init__(self, encoder: TutorialEncoder, decoder: TutorialDecoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src: Tensor, trg: Tensor, coins: Sequence[bool]) -> Tensor:
        """Coin t tells whether the token after step t is the true one; all columns share it."""
        rows = [torch.zeros(trg.shape[1], self.decoder.vocabulary, dtype=self.decoder.fc_out.weight.dtype)]
        hidden, cell = self.encoder(src)
        token = trg[0]
        for t in range(1, len(trg)):
            prediction, hidden, cell = self.decoder(token, hidden, cell)
            rows.append(prediction)
            token = trg[t] if coins[t - 1] else prediction.argmax(dim=1)
        return torch.stack(rows)


def tutorial(
    source: int, target: int, emb: int, hid: int, layers: int, dropout: float, cell_type: CellType
) -> TutorialSeq2Seq:
    return TutorialSeq2Seq(
        TutorialEncoder(source, emb, hid, layers, dropout, cell_type),
        TutorialDecoder(target, emb, hid, layers, dropout, cell_type),
    )
