"""Measurements of Tandem beside the plain loop of the tutorial: `make bench`."""
