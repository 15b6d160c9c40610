"""A stepper -> hypotheses: greedy and beam search over anything that can score next tokens."""

from tandem.search.beam import beam
from tandem.search.greedy import greedy
from tandem.search.hypothesis import Hypothesis
from tandem.search.stepper import SelectableState, Step, Stepper

__all__ = ["Hypothesis", "SelectableState", "Step", "Stepper", "beam", "greedy"]
