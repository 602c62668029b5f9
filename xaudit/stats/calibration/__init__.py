"""Recalibration, and how it differs between groups."""
