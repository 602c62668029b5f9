"""Detectors called in batches, and networks rewritten to be called faster."""
