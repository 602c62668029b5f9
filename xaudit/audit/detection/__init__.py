"""Findings about boxes that a detector draws."""
