"""The built-in corpus `captions`: German-English picture captions that a grammar of ours writes; nothing to fetch."""

from tandem.data.captions.corpus import Captions, captions

__all__ = ["Captions", "captions"]
