"""Scores of maps and of detectors: pure functions with a direction, bounds and a question."""
