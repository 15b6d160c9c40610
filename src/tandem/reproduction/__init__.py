"""The paper's claims, looked at one by one with small models."""

from tandem.reproduction.claims import Check, Claim, Row, Verdict
from tandem.reproduction.plan import Plan, reduced_recipe
from tandem.reproduction.reproduce import Reproduction, reproduce

__all__ = ["Check", "Claim", "Plan", "Reproduction", "Row", "Verdict", "reduced_recipe", "reproduce"]
