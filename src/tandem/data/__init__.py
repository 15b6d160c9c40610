"""Files in, batches of ids out."""

from tandem.data.batches import Batch, Batches, pad_sentences
from tandem.data.encoded import EncodedCorpus

__all__ = ["Batch", "Batches", "EncodedCorpus", "pad_sentences"]
