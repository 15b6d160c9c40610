"""Engines rank the next tokens of hypotheses: the `Engine` protocol, and the engines that implement it.

Importing this package loads no torch; `tandem.engines.torch_engine` does.
"""

from tandem.engines.engine import Candidates, Engine, FloatArray, Ids, IntArray, State

__all__ = ["Candidates", "Engine", "FloatArray", "Ids", "IntArray", "State"]
