"""The closed sets of words that settings, options and code share. This module imports nothing heavy."""

from typing import Literal, TypeAlias

CellType: TypeAlias = Literal["lstm", "gru", "rnn"]
"""The kinds of recurrent layer."""
