"""Encoded arrays -> batches."""

from tandem.batches.batching import Batch, Batches, pad_sentences

__all__ = ["Batch", "Batches", "pad_sentences"]
