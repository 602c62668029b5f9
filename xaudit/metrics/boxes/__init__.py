"""Metrics of boxes that a detector draws."""
