"""Sections about what a detector draws: boxes and masks."""
