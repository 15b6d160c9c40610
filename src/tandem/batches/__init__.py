"""Encoded arrays -> batches."""

from tandem.batches.batching import Batch, Batches, copied_sources, pad_sentences

__all__ = ["Batch", "Batches", "copied_sources", "pad_sentences"]
