"""Doubts about a study or the outputs of a detector, by name."""
