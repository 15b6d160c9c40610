"""The tables of cases.json as engines."""

from typing import Any

import numpy as np

from tandem.engines import FloatArray
from tests.search.tables import LookingTable, TableState


class CasesTable(LookingTable):
    """A table whose attention is written out, too: what a row at a place looks at, before it is divided by its sum."""

    def __init__(self, saved: dict[str, Any]) -> None:
        rows = [[-np.inf if score is None else score for score in row] for row in saved["log_probabilities"]]
        super().__init__(np.array(rows))
        self.weights = np.array(saved["attention"], np.float64)

    def look(self, state: TableState) -> FloatArray | None:
        if not self.looks:
            return None
        columns = np.arange(state.longest)
        weights = np.where(columns < state.lengths[:, None], self.weights[state.places][:, columns], 0)
        attention: FloatArray = weights / weights.sum(axis=1, keepdims=True)
        return attention
