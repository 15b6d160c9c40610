"""The claims of "Sequence to Sequence Learning with Neural Networks" (2014), checked one by one with small models."""

from tandem_reproduction.claims import Check, Claim, Row, Verdict
from tandem_reproduction.experiment import Reproduction, reproduce
from tandem_reproduction.plan import Plan, reduced_recipe

__all__ = ["Check", "Claim", "Plan", "Reproduction", "Row", "Verdict", "reduced_recipe", "reproduce"]
