"""Text in, translations out. Importing it loads no torch."""

from tandem.translation.loading import load
from tandem.translation.messages import TargetScore, Translation
from tandem.translation.saliency import Saliency
from tandem.translation.settings import SearchOptions, SearchSettings
from tandem.translation.translator import Translator

__all__ = ["Saliency", "SearchOptions", "SearchSettings", "TargetScore", "Translation", "Translator", "load"]
