"""How systems do on a corpus, and what an encoder's contexts are like: figures only, drawn and printed elsewhere."""

from tandem.analysis.alignments import Attention, measure_attention
from tandem.analysis.contexts import ContextReader, context_plane
from tandem.analysis.findings import Analysis, Findings, compare_systems
from tandem.analysis.plane import Phrase, Plane
from tandem.analysis.systems import References, System

__all__ = [
    "Analysis",
    "Attention",
    "ContextReader",
    "Findings",
    "Phrase",
    "Plane",
    "References",
    "System",
    "compare_systems",
    "context_plane",
    "measure_attention",
]
