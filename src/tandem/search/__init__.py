"""Searches over an engine: each is an object, one file each, and its steps can be watched and stopped. numpy only."""

from tandem.search.beam_search import BeamSearch
from tandem.search.greedy_search import GreedySearch
from tandem.search.hypothesis import Hypothesis
from tandem.search.sampling import Sampling
from tandem.search.steps import Inputs, Search, SearchStep, Steps, run_search

__all__ = [
    "BeamSearch",
    "GreedySearch",
    "Hypothesis",
    "Inputs",
    "Sampling",
    "Search",
    "SearchStep",
    "Steps",
    "run_search",
]
