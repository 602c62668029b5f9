"""Detectors: architectures, weights, what the outputs mean and where to look."""
