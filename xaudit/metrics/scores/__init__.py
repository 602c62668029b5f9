"""Metrics of scores: discrimination, calibration, benefit."""
