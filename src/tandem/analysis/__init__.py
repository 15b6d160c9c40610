"""How systems do on a corpus, and what an encoder's contexts are like: figures only, drawn and printed elsewhere."""

from tandem.analysis.contexts import ContextReader, context_plane
from tandem.analysis.findings import Analysis, Findings, compare_systems
from tandem.analysis.plane import Phrase, Plane
from tandem.analysis.systems import References, System

__all__ = [
    "Analysis",
    "ContextReader",
    "Findings",
    "Phrase",
    "Plane",
    "References",
    "System",
    "compare_systems",
    "context_plane",
]
