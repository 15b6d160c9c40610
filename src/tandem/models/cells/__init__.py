"""The kinds of recurrent layer, one file each. A new kind adds one line to the table below."""

from collections.abc import Mapping

from tandem.models.cells.cell import Cell, LayerState, LayerWeights, PreparedLayer
from tandem.models.cells.gru import Gru
from tandem.models.cells.lstm import Lstm
from tandem.models.cells.rnn import Rnn
from tandem.names import CellType

CELLS: Mapping[CellType, Cell] = {
    "lstm": Lstm(),
    "gru": Gru(),
    "rnn": Rnn(),
}


def find_cell(cell_type: CellType) -> Cell:
    """Return the cell of this name. Raises ValueError for an unknown name."""
    if cell_type not in CELLS:
        raise ValueError(f"cell_type is {cell_type!r}; it must be one of {', '.join(CELLS)}")
    return CELLS[cell_type]


__all__ = ["CELLS", "Cell", "LayerState", "LayerWeights", "PreparedLayer", "find_cell"]
