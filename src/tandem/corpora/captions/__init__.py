"""The built-in corpus `captions`: German-English picture captions, written by a grammar of ours."""

from tandem.corpora.captions.corpus import Captions, captions

__all__ = ["Captions", "captions"]
