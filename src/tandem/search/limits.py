"""The largest values that a search's settings may have."""

LARGEST_BEAM = 10_000
LARGEST_LENGTH_PENALTY = 5.0
"""Beyond it a hypothesis of some ten thousand tokens has a length ** penalty that float32 cannot hold."""
