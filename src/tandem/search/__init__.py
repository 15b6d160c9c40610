"""Searches over an engine, one file each. A search can be watched and stopped, and sources can join it. numpy only."""

from tandem.search.beam_search import BeamSearch
from tandem.search.greedy_search import GreedySearch
from tandem.search.hypothesis import Hypothesis
from tandem.search.sampling import Sampling
from tandem.search.steps import Finished, Inputs, Running, Search, SearchStep, Steps, run_search, search_steps

__all__ = [
    "BeamSearch",
    "Finished",
    "GreedySearch",
    "Hypothesis",
    "Inputs",
    "Running",
    "Sampling",
    "Search",
    "SearchStep",
    "Steps",
    "run_search",
    "search_steps",
]
