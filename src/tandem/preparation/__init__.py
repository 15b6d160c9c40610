"""Corpora -> encoded arrays in the cache, over all cores."""
