"""Findings about maps, and about what changes a score."""
