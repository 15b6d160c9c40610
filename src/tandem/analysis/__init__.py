"""How systems do on a corpus, and what a model is like inside: figures only, drawn and printed elsewhere."""

from typing import TYPE_CHECKING

from tandem.lazy import names_of

if TYPE_CHECKING:
    from tandem.analysis.alignments import Attention, measure_attention
    from tandem.analysis.contexts import ContextReader, context_plane
    from tandem.analysis.findings import Analysis, Findings, compare_systems
    from tandem.analysis.inside import Inside, changed_units, watch_decoder, watch_encoder
    from tandem.analysis.plane import Phrase, Plane
    from tandem.analysis.systems import References, System

__all__ = [
    "Analysis",
    "Attention",
    "ContextReader",
    "Findings",
    "Inside",
    "Phrase",
    "Plane",
    "References",
    "System",
    "changed_units",
    "compare_systems",
    "context_plane",
    "measure_attention",
    "watch_decoder",
    "watch_encoder",
]

# Imported when they are asked for: systems are compared without PyTorch.
__getattr__ = names_of(
    __name__,
    {
        "alignments": ("Attention", "measure_attention"),
        "contexts": ("ContextReader", "context_plane"),
        "findings": ("Analysis", "Findings", "compare_systems"),
        "inside": ("Inside", "changed_units", "watch_decoder", "watch_encoder"),
        "plane": ("Phrase", "Plane"),
        "systems": ("References", "System"),
    },
)
