"""n-best lists of any system, scored by a model and ranked again."""

from tandem.rescoring.lists import Candidate, NBestList
from tandem.rescoring.quality import Judged, judge, oracle, qualities, tuned
from tandem.rescoring.ranking import ScoredList, rescore, score_lists
from tandem.rescoring.reading import NBestFile, open_nbest, with_sources
from tandem.rescoring.weights import Weights, even_weights, given_weights, read_weights

__all__ = [
    "Candidate",
    "Judged",
    "NBestFile",
    "NBestList",
    "ScoredList",
    "Weights",
    "even_weights",
    "given_weights",
    "judge",
    "open_nbest",
    "oracle",
    "qualities",
    "read_weights",
    "rescore",
    "score_lists",
    "tuned",
    "with_sources",
]
