"""Metrics of masks that a network segments."""
